package play

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// referralBody is what the document's two examples show (seeds/003), in their order; customer_type is named in
// "Payload Processing Errors" only.
type referralBody struct {
	PartnerID      string          `json:"partner_id"`
	Details        referralDetails `json:"additional_details"`
	Contact        referralContact `json:"contact"`
	ReferralDate   string          `json:"referral_date"`
	ReferralID     string          `json:"referral_id"`
	CustomerType   *string         `json:"customer_type,omitempty"`
	Company        referralCompany `json:"company"`
	EventName      string          `json:"event_name"`
	FailureMessage string          `json:"failure_message,omitempty"`
	Status         string          `json:"status"`
}

type referralDetails struct {
	ClientReferenceID string  `json:"client_reference_id"`
	CountryMovingTo   *string `json:"country_moving_to"`
	CcyPair           *string `json:"ccy_pair"`
	ETV               *string `json:"etv"`
	ServiceRequired   *string `json:"service_required"`
}

type referralContact struct {
	LastName    string          `json:"last_name"`
	Phone       *string         `json:"phone_number"`
	Mobile      *string         `json:"mobile_number"`
	FirstName   string          `json:"first_name"`
	Email       string          `json:"email"`
	DateOfBirth *string         `json:"date_of_birth"`
	Address     referralAddress `json:"address"`
}

type referralAddress struct {
	Street   string `json:"street"`
	City     string `json:"city"`
	PostCode string `json:"post_code"`
	Country  string `json:"country"`
	State    string `json:"state"`
}

type referralCompany struct {
	Name               *string `json:"name"`
	RegistrationNumber *string `json:"registration_number"`
}

func referral() Partner {
	return Partner{
		Kind: "referral", Title: "The referral partner", Unit: "referral", Schedule: referralSchedule(),
		Events: []string{"created", "failed", "disabled"},
		checkID: func(id string) error {
			if len(id) > 100 {
				return errors.New("a referral_id has at most 100 characters here")
			}
			return nil
		},
		make: func(d dice, o Options) Notification {
			event := o.Event
			if event == "" { // a notice of the endpoint itself comes only when asked for
				event = pick(d, []string{"created", "created", "created", "failed"})
			}
			if event == "disabled" {
				return disabled(d)
			}
			id := o.UpdateOf
			if id == "" {
				id = d.uuid()
			}
			return Notification{Lead: id, Event: event, Body: encode(refer(d, id, event))}
		},
	}
}

// refer makes a referral: who it is about hangs on its id, what became of it on the dice.
func refer(d dice, id, event string) referralBody {
	who := rollFor("referral " + id)
	p, at := somebody(who), who.when()
	home := pick(who, [][3]string{{"London", "SW1A 1AA", "UK"}, {"Münster", "48143", "DE"}, {"Málaga", "29001", "ES"}, {"Kraków", "30-001", "PL"}, {"東京", "100-0001", "JP"}})
	b := referralBody{
		PartnerID: "0201110000749410", ReferralID: id, EventName: "REFERRAL_CREATED", Status: "CREATED",
		Details: referralDetails{
			ClientReferenceID: fmt.Sprintf("REF%06d", who.IntN(1_000_000)),
			CountryMovingTo:   oneOf(who, []string{"USA", "Canada", "Australia", "Côte d'Ivoire", "España"}),
			CcyPair:           oneOf(who, []string{"GBPUSD", "EURUSD", "GBPEUR", "AUDJPY"}),
			ETV:               oneOf(who, []string{"0 - 10,000", "10,000 - 50,000", "50,000 - 100,000", "100,000 - 500,000", "500,000+"}),
			ServiceRequired:   oneOf(who, []string{"Other", "Property purchase", "Emigration", "Regular payments", "Business payments"}),
		},
		Contact: referralContact{FirstName: p.first, LastName: p.last, Email: p.email,
			Phone: optional(who, fmt.Sprintf("+442079460%03d", who.IntN(1000))), Mobile: optional(who, fmt.Sprintf("+447700900%03d", who.IntN(1000))),
			DateOfBirth: optional(who, time.Date(who.between(1945, 2004), time.Month(who.between(1, 12)), who.between(1, 28), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)),
			Address:     referralAddress{Street: fmt.Sprintf("%d High Street", who.between(1, 300)), City: home[0], PostCode: home[1], Country: home[2]}},
		Company:      referralCompany{Name: optional(who, company(who, p)), RegistrationNumber: optional(who, fmt.Sprintf("%07d", who.IntN(10_000_000)))},
		ReferralDate: at.Add(time.Duration(d.Int64N(int64(time.Hour)))).Format("2006-01-02T15:04:05.000"),
	}
	if who.chance(40) {
		kind := pick(who, []string{"INDIVIDUAL", "CORPORATE"})
		b.CustomerType = &kind
	}
	if event == "failed" {
		b.Status = "FAILED"
		b.FailureMessage = pick(d, []string{
			"DUPLICATE_VALUE - duplicate value found- client_reference_id duplicates value on record with id- 00QUD00000" + strings.ToUpper(fmt.Sprintf("%08x", d.Uint32())),
			"REQUIRED_FIELD_MISSING - Required fields are missing- [LastName]",
			"SYSTEM_ERROR - the referral could not be created"})
	}
	return b
}

// disabled is Svix's own endpoint.disabled, which the document calls EndpointDisabledEvent and does not show.
func disabled(d dice) Notification {
	endpoint := "ep_" + strings.TrimPrefix(MessageID([]byte(d.uuid())), "msg_")
	return Notification{Lead: endpoint, Event: "disabled", Body: encode(map[string]any{"type": "endpoint.disabled", "data": map[string]any{
		"appId": "app_" + strings.TrimPrefix(MessageID([]byte("app")), "msg_"), "appUid": "leadrelay-play", "endpointId": endpoint, "endpointUid": nil,
		"failSince": d.when().Format(time.RFC3339Nano), "trigger": "automatic"}})}
}
