package credzu

import (
	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
	"leadrelay/internal/schema"
)

// payload is the document's "Webhook Payload Structure" (seed 000). Its own handler refuses a body without event or
// lead_id; timestamp is promised, partner_lead_id comes only if we gave one, details vary by event.
type payload struct {
	Event         string       `json:"event" validate:"required"`
	Timestamp     *string      `json:"timestamp" validate:"expected,omitnil,datetimeoffset"`
	LeadID        *int64       `json:"lead_id" validate:"required,gt=0"`
	PartnerLeadID *string      `json:"partner_lead_id"`
	Details       details      `json:"details"`
	Extra         schema.Extra `json:",embed" validate:"extra"`
}

// details is an object of any members. PHP writes an empty one as [], so that is taken for it.
type details jsontext.Value

// JSONType says what is wanted.
func (details) JSONType() string { return "object" }

// UnmarshalJSON keeps an object, an empty array or null as it came: a part of the body, which outlives the payload.
func (d *details) UnmarshalJSON(b []byte) error {
	v := jsontext.Value(b)
	empty := v.Kind() == '[' && len(v) >= 2 && isBlank(v[1:len(v)-1])
	if v.Kind() != '{' && v.Kind() != 'n' && !empty {
		return errNotObject{}
	}
	*d = details(v)
	return nil
}

// errNotObject never reaches anybody: the fault is told by JSONType.
type errNotObject struct{}

func (errNotObject) Error() string { return "want an object" }

func isBlank(b []byte) bool {
	for _, c := range b {
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return true
}

// known is a documented event: its type, how urgent the document says it is, and where the lead stands by it.
type known struct {
	kind     string
	priority lead.Priority
	stage    lead.Stage
}

// events is the document's "Available Events" table. The stages are ours: credit repair goes on until mortgage_ready,
// "Borrower is ready to return", is what a lender calls qualified; a new score alone says nothing about the stage.
func events() map[string]known {
	return map[string]known{
		"lead_received":          {"credzu.lead_received", lead.Low, lead.Open},
		"client_account_created": {"credzu.client_account_created", lead.Medium, lead.Engaged},
		"credit_scan_completed":  {"credzu.credit_scan_completed", lead.Medium, lead.Engaged},
		"client_engaged_in_chat": {"credzu.client_engaged_in_chat", lead.Low, lead.Engaged},
		"contract_signed":        {"credzu.contract_signed", lead.High, lead.Engaged},
		"escrow_funded":          {"credzu.escrow_funded", lead.High, lead.Engaged},
		"score_update":           {"credzu.score_update", lead.High, lead.Unknown},
		"mortgage_ready":         {"credzu.mortgage_ready", lead.Critical, lead.Qualified},
	}
}
