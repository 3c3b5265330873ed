package table

import (
	"context"
	"fmt"
	"iter"
	"time"

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
	r, err := azure.ParseRow(body)
	if err != nil {
		return Lead{}, errNotOurs
	}
	partner, err := ID(r.Partition)
	if err != nil {
		return Lead{}, err
	}
	id, err := ID(r.Key)
	if err != nil {
		return Lead{}, err
	}
	return Lead{
		Partner: partner, ID: id, Ref: r.Text("ref"), SubmissionID: r.Text("submissionId"), DuplicateID: r.Text("duplicateId"),
		Status: r.Text("status"), State: r.Text("state"), Stage: r.Text(colStage), Created: r.Time("created"),
		RequestedAmount: lead.Decimal(r.Text(colAmountText)), Purpose: r.Text("purpose"),
		FirstName: r.Text("firstName"), LastName: r.Text("lastName"), Email: r.Text("email"), Phone: r.Text("phone"),
		BusinessName: r.Text("businessName"), Industry: r.Text("industry"), BusinessType: r.Text("businessType"),
		AddressLine1: r.Text("addressLine1"), AddressLine2: r.Text("addressLine2"), City: r.Text("city"),
		AddressState: r.Text("addressState"), Zip: r.Text("zip"), County: r.Text("county"),
		FraudScore: lead.Decimal(r.Text(colFraudText)), EventType: r.Text("eventType"),
		LastEvent: r.Text(colLastEvent), LastEventAt: r.Time(colLastEventAt), Priority: r.Text(colPriority),
		Receipt: r.Text("receipt"), ReceivedAt: r.Time("receivedAt"), UpdatedAt: r.Time(colUpdatedAt),
		Payload: wholePayload(r),
	}, nil
}

// wholePayload puts the parts together.
func wholePayload(r azure.Row) (p []byte) {
	for i := 0; ; i++ {
		b := r.Bytes(part(i))
		if len(b) == 0 {
			return p
		}
		p = append(p, b...)
	}
}
