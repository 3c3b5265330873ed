package table

import (
	"strconv"
	"time"

	"leadrelay/internal/azure"
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

// says are what a change says about its lead, told column by column. What it does not say is not told.
type says func(to listener)

// listener hears the columns of a row: one that writes them down, or one that compares them with a row.
type listener interface {
	text(name, v string)
	moment(name string, t time.Time)
	number(name string, d lead.Decimal) // for queries; the digits are a text beside it
	bytes(name string, v []byte)
}

// leadSays is what a lead event says.
func leadSays(ch *crm.Change) says {
	return func(to listener) {
		l := &ch.Event.Lead
		for _, c := range [...]struct{ name, text string }{
			{"id", l.ID}, {"ref", l.Ref}, {"submissionId", l.SubmissionID}, {"duplicateId", l.DuplicateID},
			{"status", l.Status}, {"state", l.State}, {"purpose", l.Purpose},
			{"firstName", l.Contact.First}, {"lastName", l.Contact.Last}, {"email", l.Contact.Email}, {"phone", l.Contact.Phone},
			{"businessName", l.Business.Name}, {"industry", l.Business.Industry}, {"businessType", l.Business.Type},
			{"addressLine1", l.Address.Line1}, {"addressLine2", l.Address.Line2}, {"city", l.Address.City},
			{"addressState", l.Address.State}, {"zip", l.Address.Zip}, {"county", l.Address.County},
			{colAmountText, string(l.Amount)}, {colFraudText, string(l.FraudScore)}, {"eventType", ch.Event.Type},
		} {
			if c.text != "" {
				to.text(c.name, plainText(c.text))
			}
		}
		if l.Stage != lead.Unknown {
			to.text(colStage, l.Stage.String())
		}
		if !l.Created.IsZero() {
			to.moment("created", edmTime(l.Created))
		}
		to.number(colAmount, l.Amount)
		to.number(colFraud, l.FraudScore)
		to.text(colHash, ch.ContentHash())
		sayPayload(to, ch.Payload)
	}
}

// leadMarks say when and by which event the row was written; alone they are no change.
func (c *CRM) leadMarks(ch *crm.Change, to listener) {
	to.moment(colUpdatedAt, edmTime(c.now()))
	to.moment("receivedAt", edmTime(ch.Version.Time))
	if ch.Version.Receipt != "" {
		to.text("receipt", ch.Version.Receipt)
	}
}

// activitySays is what an activity says about its lead.
func activitySays(ch *crm.Change) says {
	return func(to listener) {
		to.text(colLastEvent, plainText(ch.Event.Type))
		to.moment(colLastEventAt, edmTime(activityTime(ch)))
		to.text(colPriority, ch.Event.Priority.String())
	}
}

// activityTime is when it happened by the partner's clock, or else when it was received.
func activityTime(ch *crm.Change) time.Time {
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

// sayPayload tells the payload whole, and once more as text for people when it is short enough.
func sayPayload(to listener, p []byte) {
	for i := 0; i*partSize < len(p); i++ {
		to.bytes(part(i), p[i*partSize:min(len(p), (i+1)*partSize)])
	}
	text := ""
	if readable(p) {
		text = string(p)
	}
	to.text(colPayload, text)
}

// emptyParts empties the parts of a longer payload that was there before: a merge cannot remove them.
func emptyParts(to listener, old azure.Row, payload []byte) {
	for i := (len(payload) + partSize - 1) / partSize; len(old.Bytes(part(i))) > 0; i++ {
		to.bytes(part(i), nil)
	}
}

func part(i int) string { return colPayloadPart + strconv.Itoa(i) }
