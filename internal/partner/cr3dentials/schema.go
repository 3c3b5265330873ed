package cr3dentials

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
	"leadrelay/internal/schema"
)

// payload is the document's "Default Webhook Payload" (seeds 002 and 004). Its shortest documented form, the body of
// "Manual Testing", has neither stepId nor proofData, formattedData and metadata, so these are optional; what lies in
// proofData and formattedData varies by source and is left open.
type payload struct {
	Type   string       `json:"type" validate:"required"`
	Status *string      `json:"status" validate:"expected,omitnil,lookup=status"`
	Data   *result      `json:"data" validate:"required"`
	Extra  schema.Extra `json:",embed" validate:"extra"`
}

type result struct {
	VerificationID string         `json:"verificationId" validate:"required"`
	SessionID      *id            `json:"sessionId" validate:"expected"`
	StepID         *id            `json:"stepId"`
	Status         *string        `json:"status" validate:"expected"`
	ProofData      jsontext.Value `json:"proofData"`
	FormattedData  jsontext.Value `json:"formattedData"`
	Metadata       *metadata      `json:"metadata"`
	Raw            schema.Raw     `json:"-"`
	Extra          schema.Extra   `json:",embed" validate:"extra"`
}

type metadata struct {
	DataSource       *string      `json:"dataSource"`
	ProcessingTimeMs lead.Decimal `json:"processingTimeMs"`
	VerifiedAt       *string      `json:"verifiedAt" validate:"omitnil,timestamp"`
	Extra            schema.Extra `json:",embed" validate:"extra"`
}

// lookups: "status: Overall result: success or failed". data.status has no list; only VERIFIED is shown.
func lookups() map[string][]string { return map[string][]string{"status": {"success", "failed"}} }

// id is an identifier that may be a number or a string, kept as its text.
type id string

// JSONType says what is wanted.
func (id) JSONType() string { return "string or number" }

// UnmarshalJSON takes a string or a number.
func (i *id) UnmarshalJSON(b []byte) error {
	switch jsontext.Value(b).Kind() {
	case '"':
		text, err := jsontext.AppendUnquote(nil, b)
		*i = id(text)
		return err
	case '0':
		*i = id(b)
		return nil
	default:
		return errors.New("want a string or a number")
	}
}

// outcome says what the document's four notifications ("When Webhooks Are Triggered") mean in our words, and false
// for a type that is none of them. Only the name verification.completed is documented, so the words in it decide.
// A verification is no decision about the loan: the stage never goes beyond engaged.
func outcome(kind, status string) (lead.Priority, lead.Stage, bool) {
	kind = strings.ToLower(kind)
	has := func(word string) bool { return strings.Contains(kind, word) }
	switch {
	case has("fail"), has("expire"), has("review"), status == "failed":
		return lead.High, lead.Unknown, has("fail") || has("expire") || has("review") || has("complete")
	case has("complete"):
		return lead.Medium, lead.Engaged, true
	default:
		return lead.Medium, lead.Unknown, false
	}
}
