package table

import (
	"bytes"
	"encoding/hex"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
)

// The columns that the code below speaks of; the others are named once, in leadColumns.
const (
	colAmount      = "requestedAmount"     // Edm.Double, for queries
	colAmountText  = "requestedAmountText" // the exact digits
	colFraud       = "fraudScore"
	colFraudText   = "fraudScoreText"
	colStage       = "stage"
	colHash        = "contentHash"
	colPayload     = "payload"     // as text, when it is short enough
	colPayloadPart = "payloadPart" // payloadPart0, payloadPart1, … Edm.Binary: the payload whole
	colLastEvent   = "lastEvent"
	colLastEventAt = "lastEventAt"
	colPriority    = "priority"
	colUpdatedAt   = "updatedAt"
)

// Limits of the service: a row 1 MiB, a binary property 64 KiB, a text 32 Ki UTF-16 units (facts/azure-storage.md §8).
// Azurite 3.35 counts the row as JSON, base64 included, so a payload has three quarters of it beside the other columns.
const (
	partSize   = 64 << 10
	maxText    = 32<<10 - 64 // Azurite doubles a character here and there in requests beyond 64 KiB (§2)
	maxPayload = 640 << 10
	maxColumn  = 2 << 10 // bytes of any other text: longer ones are cut, the payload has them whole
)

// leadColumns are what a lead event says about its lead. What it does not say is not among them.
func leadColumns(ch crm.Change) columns {
	l := ch.Event.Lead
	said := columns{}
	for name, v := range map[string]string{
		"id": l.ID, "ref": l.Ref, "submissionId": l.SubmissionID, "duplicateId": l.DuplicateID,
		"status": l.Status, "state": l.State, "purpose": l.Purpose,
		"firstName": l.Contact.First, "lastName": l.Contact.Last, "email": l.Contact.Email, "phone": l.Contact.Phone,
		"businessName": l.Business.Name, "industry": l.Business.Industry, "businessType": l.Business.Type,
		"addressLine1": l.Address.Line1, "addressLine2": l.Address.Line2, "city": l.Address.City,
		"addressState": l.Address.State, "zip": l.Address.Zip, "county": l.Address.County,
		colAmountText: string(l.Amount), colFraudText: string(l.FraudScore), "eventType": ch.Event.Type,
	} {
		if v != "" {
			said[name] = plainText(v)
		}
	}
	if l.Stage != lead.Unknown {
		said[colStage] = l.Stage.String()
	}
	if !l.Created.IsZero() {
		said["created"] = edmTime(l.Created)
	}
	said.number(colAmount, l.Amount)
	said.number(colFraud, l.FraudScore)
	hash := lead.ContentHash(ch.Payload)
	said[colHash] = hex.EncodeToString(hash[:])
	said.payload(ch.Payload)
	return said
}

// leadMarks say when and by which event the row was written; alone they are no change.
func (c *CRM) leadMarks(ch crm.Change) columns {
	marks := columns{colUpdatedAt: edmTime(c.now()), "receivedAt": edmTime(ch.Version.Time)}
	if ch.Version.Receipt != "" {
		marks["receipt"] = ch.Version.Receipt
	}
	return marks
}

// activityColumns are what an activity says about its lead.
func activityColumns(ch crm.Change) columns {
	return columns{
		colLastEvent: plainText(ch.Event.Type), colLastEventAt: edmTime(activityTime(ch)), colPriority: ch.Event.Priority.String(),
	}
}

// activityTime is when it happened by the partner's clock, or else when it was received.
func activityTime(ch crm.Change) time.Time {
	if t := ch.Event.Occurred; !t.IsZero() {
		return edmTime(t)
	}
	return edmTime(ch.Version.Time)
}

// edmTime is a time as Edm.DateTime can hold it: from 1601 on.
func edmTime(t time.Time) time.Time {
	first := time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC)
	last := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	switch t = t.UTC().Truncate(tick); {
	case t.Before(first):
		return first
	case t.After(last):
		return last
	}
	return t
}

// number adds a decimal for queries; one beyond float64 has its text only.
func (c columns) number(name string, d lead.Decimal) {
	if f := d.Float(); d != "" && !math.IsInf(f, 0) {
		c[name] = f
	}
}

// payload adds the payload whole, and once more as text for people when it is short enough.
func (c columns) payload(p []byte) {
	for i := 0; i*partSize < len(p); i++ {
		c[part(i)] = p[i*partSize : min(len(p), (i+1)*partSize)]
	}
	c[colPayload] = ""
	if utf16Len(p) <= maxText && utf8.Valid(p) && !bytes.ContainsFunc(p, forbidden) {
		c[colPayload] = string(p)
	}
}

// leftovers empties the parts of a longer payload that was there before: a merge cannot remove them.
func leftovers(old columns, payload []byte) columns {
	empty := columns{}
	for i := (len(payload) + partSize - 1) / partSize; len(old.bytes(part(i))) > 0; i++ {
		empty[part(i)] = []byte{}
	}
	return empty
}

func part(i int) string { return colPayloadPart + strconv.Itoa(i) }
