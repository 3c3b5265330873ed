package table

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
	"leadrelay/internal/lead"
)

// Lead is a row as it is read. Times are UTC; what was never said is empty. Its names are the columns' names.
type Lead struct {
	Partner         string       `json:"partner"`
	ID              string       `json:"id"`
	Ref             string       `json:"ref,omitempty"`
	SubmissionID    string       `json:"submissionId,omitempty"`
	DuplicateID     string       `json:"duplicateId,omitempty"`
	Status          string       `json:"status,omitempty"`
	State           string       `json:"state,omitempty"`
	Stage           string       `json:"stage,omitempty"`
	Created         time.Time    `json:"created,omitzero"`
	RequestedAmount lead.Decimal `json:"requestedAmount,omitempty"` // the exact digits; so is FraudScore
	Purpose         string       `json:"purpose,omitempty"`
	FirstName       string       `json:"firstName,omitempty"`
	LastName        string       `json:"lastName,omitempty"`
	Email           string       `json:"email,omitempty"`
	Phone           string       `json:"phone,omitempty"`
	BusinessName    string       `json:"businessName,omitempty"`
	Industry        string       `json:"industry,omitempty"`
	BusinessType    string       `json:"businessType,omitempty"`
	AddressLine1    string       `json:"addressLine1,omitempty"`
	AddressLine2    string       `json:"addressLine2,omitempty"`
	City            string       `json:"city,omitempty"`
	AddressState    string       `json:"addressState,omitempty"`
	Zip             string       `json:"zip,omitempty"`
	County          string       `json:"county,omitempty"`
	FraudScore      lead.Decimal `json:"fraudScore,omitempty"`
	EventType       string       `json:"eventType,omitempty"`
	LastEvent       string       `json:"lastEvent,omitempty"` // of the latest activity; so are the next two
	LastEventAt     time.Time    `json:"lastEventAt,omitzero"`
	Priority        string       `json:"priority,omitempty"`
	Receipt         string       `json:"receipt,omitempty"`
	ReceivedAt      time.Time    `json:"receivedAt,omitzero"`
	UpdatedAt       time.Time    `json:"updatedAt,omitzero"`
	Payload         []byte       `json:"-"` // the partner's JSON of the latest lead event
}

// List reads every lead, partner by partner, in the order of the keys, a page at a time. It ends with the first error.
func (c *CRM) List(ctx context.Context) iter.Seq2[Lead, error] {
	return func(yield func(Lead, error) bool) {
		pager := c.table.NewListEntitiesPager(nil)
		for pager.More() {
			page, err := pager.NextPage(ctx)
			if azure.NotFound(err) {
				return
			}
			if err != nil {
				yield(Lead{}, fmt.Errorf("leads table: %w", azure.Classify(err)))
				return
			}
			for _, body := range page.Entities {
				l, err := parseLead(body)
				if !yield(l, err) || err != nil {
					return
				}
			}
		}
	}
}

func parseLead(body []byte) (Lead, error) {
	var e aztables.EDMEntity
	if err := json.Unmarshal(body, &e); err != nil {
		return Lead{}, errNotOurs
	}
	partner, err := ID(e.PartitionKey)
	if err != nil {
		return Lead{}, err
	}
	id, err := ID(e.RowKey)
	if err != nil {
		return Lead{}, err
	}
	c := columns(e.Properties)
	return Lead{
		Partner: partner, ID: id, Ref: c.text("ref"), SubmissionID: c.text("submissionId"), DuplicateID: c.text("duplicateId"),
		Status: c.text("status"), State: c.text("state"), Stage: c.text(colStage), Created: c.time("created"),
		RequestedAmount: lead.Decimal(c.text(colAmountText)), Purpose: c.text("purpose"),
		FirstName: c.text("firstName"), LastName: c.text("lastName"), Email: c.text("email"), Phone: c.text("phone"),
		BusinessName: c.text("businessName"), Industry: c.text("industry"), BusinessType: c.text("businessType"),
		AddressLine1: c.text("addressLine1"), AddressLine2: c.text("addressLine2"), City: c.text("city"),
		AddressState: c.text("addressState"), Zip: c.text("zip"), County: c.text("county"),
		FraudScore: lead.Decimal(c.text(colFraudText)), EventType: c.text("eventType"),
		LastEvent: c.text(colLastEvent), LastEventAt: c.time(colLastEventAt), Priority: c.text(colPriority),
		Receipt: c.text("receipt"), ReceivedAt: c.time("receivedAt"), UpdatedAt: c.time(colUpdatedAt),
		Payload: c.wholePayload(),
	}, nil
}

// wholePayload puts the parts together.
func (c columns) wholePayload() (p []byte) {
	for i := 0; ; i++ {
		b := c.bytes(part(i))
		if len(b) == 0 {
			return p
		}
		p = append(p, b...)
	}
}
