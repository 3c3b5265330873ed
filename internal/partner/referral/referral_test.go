package referral_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
	"leadrelay/internal/partner"
	"leadrelay/internal/partner/partnertest"
	"leadrelay/internal/partner/referral"
)

const (
	secret    = "whsec_Q3VycmVudC1zdml4LXNlY3JldC0wMTIzNDU2Nzg5"
	oldSecret = "whsec_Rm9ybWVyLXN2aXgtc2VjcmV0LTAxMjM0NTY3ODk="
	wrong     = "whsec_U29tZWJvZHktZWxzZXMtc2VjcmV0LTAxMjM0NTY3"
	id        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
)

// prove signs with the library of Standard Webhooks and sends under the names that prefix begins.
func prove(prefix string) func(*partner.Request, []byte, time.Time, partnertest.Key) {
	return func(r *partner.Request, body []byte, at time.Time, k partnertest.Key) {
		hook, err := standardwebhooks.NewWebhook(partnertest.Pick(k, secret, oldSecret, wrong))
		if err != nil {
			panic(err)
		}
		signature, err := hook.Sign(id, at, body)
		if err != nil {
			panic(err)
		}
		set(r, prefix, at, signature)
	}
}

func set(r *partner.Request, prefix string, at time.Time, signature string) {
	r.Header.Set(prefix+"-id", id)
	r.Header.Set(prefix+"-timestamp", strconv.FormatInt(at.Unix(), 10))
	r.Header.Set(prefix+"-signature", signature)
}

func harness() partnertest.Harness {
	settings := map[string]string{"SVIX_SECRET": secret, "SVIX_SECRET_OLD": oldSecret}
	fault := func(name, old, new, field, rule string) partnertest.Invalid {
		return partnertest.Invalid{Name: name, Old: old, New: new, Fault: lead.Fault{Field: field, Rule: rule}}
	}
	return partnertest.Harness{
		Name: "referral",
		Open: referral.Open,
		Setups: []partnertest.Setup{
			{Name: "svix", Settings: settings, Prove: prove("svix"), Body: true, Timed: true},
			{Name: "standard webhooks", Settings: settings, Prove: prove("webhook"), Body: true, Timed: true},
		},
		Refused: []partnertest.Refused{
			{Name: "nothing", Says: "PARTNER_REFERRAL_SVIX_SECRET: set it"},
			{Name: "no base64", Settings: map[string]string{"SVIX_SECRET": "whsec_not!base64!at!all!0123456789"}, Says: "PARTNER_REFERRAL_SVIX_SECRET: must be"},
			{Name: "short", Settings: map[string]string{"SVIX_SECRET": "whsec_c2hvcnQ="}, Says: "PARTNER_REFERRAL_SVIX_SECRET: must be"},
			{Name: "bad old", Settings: map[string]string{"SVIX_SECRET": secret, "SVIX_SECRET_OLD": "whsec_c2hvcnQ="}, Says: "PARTNER_REFERRAL_SVIX_SECRET_OLD: must be"},
			{Name: "old alone", Settings: map[string]string{"SVIX_SECRET_OLD": oldSecret}, Says: "PARTNER_REFERRAL_SVIX_SECRET_OLD: is set without"},
		},
		Sample:   "created.json",
		Required: []string{"event_name", "referral_id"},
		Invalid: []partnertest.Invalid{
			fault("empty name", `"REFERRAL_CREATED"`, `""`, "event_name", "required"),
			fault("empty id", `"2cd722f4-c42a-4238-86fb-541575371ef8"`, `""`, "referral_id", "required"),
			fault("number id", `"2cd722f4-c42a-4238-86fb-541575371ef8"`, `7`, "referral_id", "type: string"),
			fault("date", `2025-05-20T19:14:05.878`, `20 May 2025`, "referral_date", "timestamp"),
			fault("phone number", `"+614455666544"`, `614455666544`, "contact.phone_number", "type: string"),
			{Name: "failed without id", From: "failed.json", Old: `"referral_id"`, New: `"id"`, Fault: lead.Fault{Field: "referral_id", Rule: "required"}},
		},
	}
}

func TestSuite(t *testing.T) { partnertest.Run(t, harness()) }

func FuzzReferral(f *testing.F) { partnertest.Fuzz(f, harness()) }

func BenchmarkCost(b *testing.B) { partnertest.Cost(b, harness()) }

func TestAllocates(t *testing.T) { partnertest.Allocates(t, harness(), 0, 4) }

func open(t *testing.T) partner.Partner {
	t.Helper()
	env := config.New([]string{"PARTNER_REFERRAL_SVIX_SECRET=" + secret})
	p := referral.Open(env.Instance("PARTNER", "referral"), partnertest.Now)
	if err := env.Err("PARTNER_"); err != nil {
		t.Fatal(err)
	}
	return p
}

func judge(p partner.Partner, r partner.Request, body []byte) error {
	if err := p.Admit(r); err != nil {
		return err
	}
	return p.Verify(r, body)
}

func TestOneRightSignatureAmongSeveralOpens(t *testing.T) {
	var r, other partner.Request
	r.Header, other.Header = http.Header{}, http.Header{}
	prove("svix")(&r, referral.Sample(), partnertest.Now(), partnertest.Current)
	prove("svix")(&other, referral.Sample(), partnertest.Now(), partnertest.Wrong)
	good, bad := r.Header.Get("svix-signature"), other.Header.Get("svix-signature")
	for text, want := range map[string]bool{
		bad + " " + good: true, good + " " + bad: true, "v1a,abc " + good: true, "v2," + good[3:] + " " + good: true,
		bad + " " + bad: false, "v2," + good[3:]: false, "v1a," + good[3:]: false, good[3:]: false, "v1": false, "v1,": false, " ": false,
		good + "," + good: false, strings.Replace(good, "v1,", "v1, ", 1): false, good + "=": false,
	} {
		r.Header.Set("svix-signature", text)
		if err := judge(open(t), r, referral.Sample()); (err == nil) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestTimestampIsPlainSeconds(t *testing.T) {
	now := strconv.FormatInt(partnertest.Now().Unix(), 10)
	for _, text := range []string{"+" + now, "-" + now, " " + now, now + ".0", "0x" + now, now + "000", "9223372036854775808", "99999999999999999999", "now"} {
		r := partner.Request{Header: http.Header{}}
		prove("svix")(&r, referral.Sample(), partnertest.Now(), partnertest.Current)
		r.Header.Set("svix-timestamp", text)
		if err := judge(open(t), r, referral.Sample()); lead.KindOf(err) != lead.Unauthorized {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestSecretWithoutPrefixIsTheSame(t *testing.T) {
	env := config.New([]string{"PARTNER_REFERRAL_SVIX_SECRET=" + strings.TrimPrefix(secret, "whsec_")})
	p := referral.Open(env.Instance("PARTNER", "referral"), partnertest.Now)
	r := partner.Request{Header: http.Header{}}
	prove("webhook")(&r, referral.Sample(), partnertest.Now(), partnertest.Current)
	if err := judge(p, r, referral.Sample()); err != nil || env.Err("PARTNER_") != nil {
		t.Error(err, env.Err("PARTNER_"))
	}
}

func decode(t *testing.T, r partner.Request, body string) lead.Event {
	t.Helper()
	e, err := open(t).Decode(r, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestSvixIDIsTheKey(t *testing.T) {
	for _, prefix := range []string{"svix", "webhook"} {
		r := partner.Request{Header: http.Header{}}
		prove(prefix)(&r, referral.Sample(), partnertest.Now(), partnertest.Current)
		if e := decode(t, r, string(referral.Sample())); !slices.Equal(e.Key, []string{id}) {
			t.Errorf("key %v", e.Key)
		}
	}
}

func TestWithoutHeadersReferralStatusAndContentAreTheKey(t *testing.T) {
	created := decode(t, partner.Request{}, string(referral.Sample()))
	failed := decode(t, partner.Request{}, strings.Replace(string(referral.Sample()), `"CREATED"`, `"FAILED"`, 1))
	other := decode(t, partner.Request{}, strings.Replace(string(referral.Sample()), "London", "Leeds", 1))
	if created.Key[0] != "2cd722f4-c42a-4238-86fb-541575371ef8" || slices.Equal(created.Key, failed.Key) || slices.Equal(created.Key, other.Key) {
		t.Errorf("keys %v %v %v", created.Key, failed.Key, other.Key)
	}
}

func TestFailureMessageStaysInThePayload(t *testing.T) {
	body := strings.Replace(string(referral.Sample()), `"CREATED"`, `"FAILED", "failure_message": "duplicate of bob@example.com"`, 1)
	e := decode(t, partner.Request{}, body)
	if e.Type != "referral.failed" || e.About != lead.Notice || len(e.Notes) != 0 || e.Alarm != "" {
		t.Errorf("type %s, about %v, notes %v, alarm %q", e.Type, e.About, e.Notes, e.Alarm)
	}
}

func TestSwitchedOffEndpointAlarms(t *testing.T) {
	for _, body := range []string{`{"event_name":"EndpointDisabledEvent"}`, `{"type":"endpoint.disabled","data":{"appId":"a","endpointId":"e"}}`,
		`{"type":"EndpointDisabledEvent","data":null}`, `{"event_name":"ENDPOINT_DISABLED"}`} {
		e := decode(t, partner.Request{}, body)
		if e.About != lead.Notice || e.Alarm == "" || e.Priority != lead.Critical || e.Type != "referral.endpoint_disabled" || len(e.Notes) != 0 {
			t.Errorf("%s: %+v", body, e)
		}
	}
}

func TestUnknownEventAndStatusAreAcceptedAndNoted(t *testing.T) {
	for body, want := range map[string]lead.Note{
		`{"event_name":"REFERRAL_UPDATED","referral_id":"r","status":"CREATED"}`: {Code: lead.NoteUnknownEvent, Field: "event_name"},
		`{"type":"message.attempt.failing","data":{}}`:                           {Code: lead.NoteUnknownEvent, Field: "type"},
		`{"event_name":"REFERRAL_CREATED","referral_id":"r","status":"ON_HOLD"}`: {Code: lead.NoteUnknownValue, Field: "status"},
		`{"event_name":"REFERRAL_CREATED","referral_id":"r"}`:                    {Code: lead.NoteAbsentField, Field: "status"},
	} {
		if e := decode(t, partner.Request{}, body); !slices.Contains(e.Notes, want) {
			t.Errorf("%s: notes %v", body, e.Notes)
		}
	}
}

func TestDateWithoutZoneIsUTCAndCustomerTypeIsKnown(t *testing.T) {
	e := decode(t, partner.Request{}, strings.Replace(string(referral.Sample()), `"status"`, `"customer_type": "BUSINESS", "status"`, 1))
	if want := time.Date(2025, 5, 20, 19, 14, 5, 878e6, time.UTC); !e.Lead.Created.Equal(want) || len(e.Notes) != 0 {
		t.Errorf("created %v, notes %v", e.Lead.Created, e.Notes)
	}
	e = decode(t, partner.Request{}, strings.Replace(string(referral.Sample()), "19:14:05.878", "19:14:05.878+02:00", 1))
	if want := time.Date(2025, 5, 20, 17, 14, 5, 878e6, time.UTC); !e.Lead.Created.Equal(want) {
		t.Errorf("created %v", e.Lead.Created)
	}
}
