package credzu_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
	"leadrelay/internal/partner"
	"leadrelay/internal/partner/credzu"
	"leadrelay/internal/partner/partnertest"
)

const token, oldToken, wrong = "Current-credzu-token", "Former-credzu-token", "Somebody-elses-token"

func harness() partnertest.Harness {
	fault := func(name, old, new, field, rule string) partnertest.Invalid {
		return partnertest.Invalid{Name: name, Old: old, New: new, Fault: lead.Fault{Field: field, Rule: rule}}
	}
	return partnertest.Harness{
		Name: "credzu",
		Open: credzu.Open,
		Setups: []partnertest.Setup{{
			Name:     "token",
			Settings: map[string]string{"TOKEN": token, "TOKEN_OLD": oldToken},
			Prove: func(r *partner.Request, _ []byte, _ time.Time, k partnertest.Key) {
				r.Token = partnertest.Pick(k, token, oldToken, wrong)
			},
		}},
		Refused: []partnertest.Refused{
			{Name: "nothing", Says: "PARTNER_CREDZU_TOKEN: set it"},
			{Name: "short", Settings: map[string]string{"TOKEN": "guessable"}, Says: "PARTNER_CREDZU_TOKEN: must be at least 16"},
		},
		Sample:   "mortgage_ready.json",
		Required: []string{"event", "lead_id"},
		Free:     []string{"details.*"},
		Invalid: []partnertest.Invalid{
			fault("empty event", `"mortgage_ready"`, `""`, "event", "required"),
			fault("lead zero", `44921`, `0`, "lead_id", "gt=0"),
			fault("lead negative", `44921`, `-1`, "lead_id", "gt=0"),
			fault("lead as text", `44921`, `"44921"`, "lead_id", "type: integer"),
			fault("lead fraction", `44921`, `44921.5`, "lead_id", "type: integer"),
			fault("lead too long", `44921`, `99999999999999999999`, "lead_id", "type: integer"),
			fault("no time", `2025-01-22T17:38:12Z`, `yesterday`, "timestamp", "datetimeoffset"),
			fault("no zone", `2025-01-22T17:38:12Z`, `2025-01-22T17:38:12`, "timestamp", "datetimeoffset"),
			fault("details text", `{}`, `"x"`, "details", "type: object"),
			fault("details list", `{}`, `[1]`, "details", "type: object"),
		},
	}
}

func TestSuite(t *testing.T) { partnertest.Run(t, harness()) }

func FuzzCredzu(f *testing.F) { partnertest.Fuzz(f, harness()) }

func BenchmarkCost(b *testing.B) { partnertest.Cost(b, harness()) }

func TestAllocates(t *testing.T) { partnertest.Allocates(t, harness(), 0, 3) }

func decode(t *testing.T, body string) lead.Event {
	t.Helper()
	env := config.New([]string{"PARTNER_CREDZU_TOKEN=" + token})
	e, err := credzu.Open(env.Instance("PARTNER", "credzu"), partnertest.Now).Decode(partner.Request{}, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEventsHaveTheDocumentsPriorities(t *testing.T) {
	for name, want := range map[string]lead.Priority{
		"lead_received": lead.Low, "client_account_created": lead.Medium, "credit_scan_completed": lead.Medium,
		"client_engaged_in_chat": lead.Low, "contract_signed": lead.High, "escrow_funded": lead.High,
		"score_update": lead.High, "mortgage_ready": lead.Critical,
	} {
		e := decode(t, fmt.Sprintf(`{"event":%q,"lead_id":1,"timestamp":"2025-01-22T17:38:12+01:00"}`, name))
		if e.Priority != want || e.Type != "credzu."+name || len(e.Notes) != 0 {
			t.Errorf("%s: priority %v, want %v; type %s, notes %v", name, e.Priority, want, e.Type, e.Notes)
		}
		if at := time.Date(2025, 1, 22, 16, 38, 12, 0, time.UTC); !e.Occurred.Equal(at) {
			t.Errorf("%s occurred %v", name, e.Occurred)
		}
	}
}

func TestUnknownEventIsAcceptedAndNoted(t *testing.T) {
	e := decode(t, `{"event":"Brand New/Évent","lead_id":1,"timestamp":"2025-01-22T17:38:12Z"}`)
	if want := []lead.Note{{Code: lead.NoteUnknownEvent, Field: "event"}}; !slices.Equal(e.Notes, want) {
		t.Errorf("notes %v", e.Notes)
	}
	if e.Type != "credzu.brand_new___vent" {
		t.Errorf("type %s", e.Type)
	}
}

func TestTwoChatsInOneSecondAreTwoEvents(t *testing.T) {
	const chat = `{"event":"client_engaged_in_chat","lead_id":1,"timestamp":"2025-01-22T17:38:12Z","details":%s}`
	one := decode(t, fmt.Sprintf(chat, `{"message":1}`))
	for _, other := range []string{`{"message":2}`, `{}`, `null`, `[]`} {
		if two := decode(t, fmt.Sprintf(chat, other)); slices.Equal(one.Key, two.Key) {
			t.Errorf("details %s make the same event", other)
		}
	}
	if again := decode(t, fmt.Sprintf(chat, "{ \"message\" :\n1 }")); !slices.Equal(one.Key, again.Key) {
		t.Error("the same details make another event")
	}
}

func TestAbsentTimestampIsNoted(t *testing.T) {
	e := decode(t, `{"event":"lead_received","lead_id":1}`)
	if want := []lead.Note{{Code: lead.NoteAbsentField, Field: "timestamp"}}; !slices.Equal(e.Notes, want) || !e.Occurred.IsZero() {
		t.Errorf("notes %v, occurred %v", e.Notes, e.Occurred)
	}
}

func TestPartnerLeadIDIsTheRef(t *testing.T) {
	if e := decode(t, string(credzu.Sample())); e.Lead.Ref != "FBHL-55672" || e.Lead.ID != "44921" {
		t.Errorf("ref %q id %q", e.Lead.Ref, e.Lead.ID)
	}
}

func TestEmptyDetailsOfPHPPass(t *testing.T) {
	decode(t, `{"event":"lead_received","lead_id":1,"timestamp":"2025-01-22T17:38:12+0000","details":[ ]}`)
}
