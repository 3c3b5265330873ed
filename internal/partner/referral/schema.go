package referral

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/schema"
)

// payload is what the two examples of "Referral Created Event" show (seed 003); the document has no schema beside them.
// customer_type is named in "Payload Processing Errors" only, failure_message comes with FAILED only, and in the
// contact and the company a referrer may leave out what it does not know. Either event_name or, for Svix's own
// operational webhooks, type must say what it is; Decode sees to that and to referral_id.
type payload struct {
	EventName      *string        `json:"event_name"`
	Status         *string        `json:"status" validate:"omitnil,lookup=status"`
	PartnerID      *string        `json:"partner_id"`
	ReferralID     *string        `json:"referral_id"`
	ReferralDate   *string        `json:"referral_date" validate:"omitnil,timestamp"`
	CustomerType   *string        `json:"customer_type"`
	FailureMessage *string        `json:"failure_message"`
	Details        *details       `json:"additional_details"`
	Contact        *contact       `json:"contact"`
	Company        *company       `json:"company"`
	Type           *string        `json:"type"` // of Svix's operational webhooks, "endpoint.disabled"
	Data           jsontext.Value `json:"data"` // the same; Svix documents it, not the partner, so it is left open
	Extra          schema.Extra   `json:",embed" validate:"extra"`
}

type details struct {
	ClientReferenceID *string      `json:"client_reference_id"`
	CountryMovingTo   *string      `json:"country_moving_to"`
	CcyPair           *string      `json:"ccy_pair"`
	ETV               *string      `json:"etv"` // a range in words, "50,000 - 100,000"
	ServiceRequired   *string      `json:"service_required"`
	Extra             schema.Extra `json:",embed" validate:"extra"`
}

type contact struct {
	FirstName    *string      `json:"first_name"`
	LastName     *string      `json:"last_name"`
	Email        *string      `json:"email"`
	PhoneNumber  *string      `json:"phone_number"`
	MobileNumber *string      `json:"mobile_number"`
	DateOfBirth  *string      `json:"date_of_birth"`
	Address      *address     `json:"address"`
	Extra        schema.Extra `json:",embed" validate:"extra"`
}

type address struct {
	Street   *string      `json:"street"`
	City     *string      `json:"city"`
	PostCode *string      `json:"post_code"`
	Country  *string      `json:"country"`
	State    *string      `json:"state"`
	Extra    schema.Extra `json:",embed" validate:"extra"`
}

type company struct {
	Name               *string      `json:"name"`
	RegistrationNumber *string      `json:"registration_number"`
	Extra              schema.Extra `json:",embed" validate:"extra"`
}

// lookups are the document's "Response Status".
func lookups() map[string][]string { return map[string][]string{"status": {"CREATED", "FAILED"}} }

// disabled says whether a name is that of the notice that our endpoint was switched off: the document's
// EndpointDisabledEvent, Svix's own endpoint.disabled, or the same words written otherwise.
func disabled(name string) bool {
	letters := strings.Map(func(c rune) rune {
		if c == '.' || c == '_' || c == '-' {
			return -1
		}
		return c
	}, strings.ToLower(name))
	return letters == "endpointdisabled" || letters == "endpointdisabledevent"
}
