package salesforce_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
	sim "leadrelay/local/crmsim/salesforce"
)

// codes is the table of facts/crm.md §2.6, once more and by hand.
func codes() map[string]lead.Kind {
	return map[string]lead.Kind{
		"REQUIRED_FIELD_MISSING": lead.Refused, "STRING_TOO_LONG": lead.Refused, "INVALID_EMAIL_ADDRESS": lead.Refused,
		"INVALID_TYPE_ON_FIELD_IN_RECORD": lead.Refused, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": lead.Refused,
		"FIELD_CUSTOM_VALIDATION_EXCEPTION": lead.Refused, "FIELD_INTEGRITY_EXCEPTION": lead.Refused, "MALFORMED_ID": lead.Refused,
		"DUPLICATES_DETECTED": lead.Refused, "DUPLICATE_VALUE": lead.Refused, "CANNOT_UPDATE_CONVERTED_LEAD": lead.Refused,
		"ENTITY_IS_DELETED": lead.Refused, "A_CODE_OF_TOMORROW": lead.Refused,
		"INVALID_FIELD": lead.Address, "INVALID_FIELD_FOR_INSERT_UPDATE": lead.Address, "NOT_FOUND": lead.Address,
		"INSUFFICIENT_ACCESS_OR_READONLY": lead.Address,
		"UNABLE_TO_LOCK_ROW":              lead.Unavailable, "SERVER_UNAVAILABLE": lead.Unavailable, "REQUEST_RUNNING_TOO_LONG": lead.Unavailable,
	}
}

func TestEveryCodeOfAnItemHasItsKindAndSparesTheOthers(t *testing.T) {
	for code, kind := range codes() {
		w := newWorld(t, sim.Options{})
		w.org.Script(sim.Fault{Item: leadID, ItemCode: code})
		outs := w.crm.Upsert(t.Context(), []crm.Change{leadOf(leadID, ""), leadOf("other", "")})
		if lead.KindOf(outs[0].Err) != kind || lead.CodeOf(outs[0].Err) != code || outs[0].ID != "" {
			t.Errorf("%s: want %s, got %+v", code, kind, outs[0])
		}
		if outs[1].Err != nil {
			t.Errorf("%s: the other: %v", code, outs[1].Err)
		}
	}
}

func TestEveryCodeOfACallHasItsKind(t *testing.T) {
	for code, kind := range codes() {
		w := newWorld(t, sim.Options{})
		w.org.Script(sim.Fault{Path: "composite", Status: 400, Code: code})
		w.refuse(leadOf(leadID, ""), kind)
	}
}

func TestEveryStatusHasItsKind(t *testing.T) {
	w := newWorld(t, sim.Options{})
	for status := 300; status < 600; status++ {
		want, times := lead.Address, 1 // what the table does not name is our configuration or our own logic
		switch {
		case status == 401:
			times = 2
		case status == 300 || status == 400:
			want = lead.Refused
		case status == 408 || status == 425 || status == 429 || status >= 500:
			want = lead.Unavailable
		case status == 413:
			want = lead.TooLarge
		}
		for _, code := range []string{"", "SOMETHING_ELSE"} {
			if status == 304 || code != "" && status == 300 {
				continue
			}
			w.org.Script(sim.Fault{Path: "composite", Status: status, Code: code, Body: `["/services/data/x"]`, Times: times})
			err := w.crm.Upsert(t.Context(), []crm.Change{leadOf(leadID, "")})[0].Err
			if lead.KindOf(err) != want || err == nil {
				t.Errorf("%d %s: want %s, got %v", status, code, want, err)
			}
		}
	}
}

func TestTwoHundredsThatMakeNoSenseAreTriedAgain(t *testing.T) {
	for _, body := range []string{"", "<html>", "{}", "[]", `[{"success":true},{"success":true}]`, `[{"success":false,"errors":[]}]`} {
		w := newWorld(t, sim.Options{})
		w.org.Script(sim.Fault{Path: "composite", Status: 200, Body: body})
		w.refuse(leadOf(leadID, ""), lead.Unavailable)
		w.upsert(leadOf(leadID, ""))
	}
}

func TestSessionIsRenewedOnce(t *testing.T) {
	w := newWorld(t, sim.Options{SessionCalls: 1})
	for i := range 5 {
		w.upsert(leadOf(fmt.Sprint(i), ""))
	}
	tokens := 0
	for _, c := range w.org.Calls() {
		if strings.HasSuffix(c.Path, "/token") {
			tokens++
		}
	}
	if tokens != 5 {
		t.Errorf("want a token for each call, got %d", tokens)
	}
	w = newWorld(t, sim.Options{})
	w.org.Script(sim.Fault{Path: "composite", Status: 401, Code: "INVALID_SESSION_ID", Times: 2})
	w.refuse(leadOf(leadID, ""), lead.Address)
}

func TestManyCallsAtOnceShareOneRenewal(t *testing.T) {
	w := newWorld(t, sim.Options{})
	w.upsert(leadOf("first", ""))
	w.org.EndSessions()
	done := make(chan error)
	for i := range 8 {
		go func() { done <- w.crm.Upsert(t.Context(), []crm.Change{leadOf(fmt.Sprint(i), "")})[0].Err }()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	tokens := 0
	for _, c := range w.org.Calls() {
		if strings.HasSuffix(c.Path, "/token") {
			tokens++
		}
	}
	if tokens != 2 {
		t.Errorf("want two tokens, got %d", tokens)
	}
}

func TestUsedUpAllocationPausesTheCRMLongerAndLonger(t *testing.T) {
	w := newWorld(t, sim.Options{DailyLimit: 10}, "USAGE_LIMIT=100")
	w.upsert(leadOf("before", ""))
	w.org.Use(10)
	for _, want := range []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 4 * time.Hour} {
		err := w.refuse(leadOf(leadID, ""), lead.Unavailable)
		if lead.RetryAfter(err) != want || !errors.Is(err, crm.ErrPaused) {
			t.Errorf("want a pause of %s, got %v", want, err)
		}
		calls := len(w.org.Calls())
		if err := w.crm.Check(t.Context()); !errors.Is(err, crm.ErrPaused) || lead.RetryAfter(err) != want {
			t.Errorf("Check: want a pause of %s, got %v", want, err)
		}
		w.refuse(leadOf(leadID, ""), lead.Unavailable)
		if len(w.org.Calls()) != calls {
			t.Error("a paused CRM was called")
		}
		w.pass(want)
	}
	w.org.Use(0)
	if err := w.crm.Check(t.Context()); err != nil {
		t.Error(err)
	}
	w.upsert(leadOf(leadID, ""))
	w.org.Use(10)
	if err := w.refuse(leadOf(leadID, ""), lead.Unavailable); lead.RetryAfter(err) != 15*time.Minute {
		t.Errorf("want a short pause after a good time, got %v", err)
	}
}

func TestConfiguredShareOfTheAllocationIsLeftToOthers(t *testing.T) {
	w := newWorld(t, sim.Options{DailyLimit: 100}, "USAGE_LIMIT=50")
	w.org.Use(48)
	w.upsert(leadOf("a", "")) // the 49th
	w.upsert(leadOf("b", "")) // the 50th: what was asked is done
	err := w.refuse(leadOf("c", ""), lead.Unavailable)
	if !errors.Is(err, crm.ErrPaused) || !strings.Contains(err.Error(), "50 of its 100") || !strings.Contains(err.Error(), "CRM_MAIN_USAGE_LIMIT") {
		t.Errorf("got %v", err)
	}
	if err := w.crm.Check(t.Context()); !errors.Is(err, crm.ErrPaused) {
		t.Errorf("got %v", err)
	}
	w.pass(15 * time.Minute)
	w.org.Use(0)
	if err := w.crm.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRetiredVersionIsSaidSo(t *testing.T) {
	w := newWorld(t, sim.Options{}, "API_VERSION=v30.0")
	err := w.crm.Check(t.Context())
	if lead.KindOf(err) != lead.Address || !strings.Contains(err.Error(), "CRM_MAIN_API_VERSION") {
		t.Errorf("got %v", err)
	}
}

func TestCheckAsksOnceAMinute(t *testing.T) {
	w := newWorld(t, sim.Options{})
	for range 3 {
		if err := w.crm.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(w.api()); n != 1 {
		t.Errorf("want one call, got %d", n)
	}
	w.pass(time.Minute)
	w.org.EndSessions()
	if err := w.crm.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestFieldThatIsMissingStopsTheLaneWithAHint(t *testing.T) {
	objects := sim.Schema()
	objects[0].Field("CRF_Status__c").Name = "Somebody_Renamed__c"
	w := newWorld(t, sim.Options{Objects: objects})
	err := w.refuse(leadOf(leadID, ""), lead.Address)
	if !strings.Contains(err.Error(), "CRF_Status__c") || !strings.Contains(err.Error(), "doctor") {
		t.Errorf("got %v", err)
	}
}

func TestTokenOfAnotherHostIsNotUsed(t *testing.T) {
	called := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		called++
		fmt.Fprint(w, `{"access_token":"t","instance_url":"https://evil.example.com"}`)
	}))
	defer server.Close()
	w := newWorld(t, sim.Options{})
	w.url = server.URL
	err := w.open().Check(t.Context())
	if lead.KindOf(err) != lead.Address || called != 1 || strings.Contains(err.Error(), "evil") {
		t.Errorf("got %v after %d calls", err, called)
	}
}

func TestNoErrorHoldsWhatTheOrgQuotes(t *testing.T) {
	secret := "bob@example.com"
	for _, body := range []string{
		`[{"errorCode":"STRING_TOO_LONG","message":"` + secret + `","fields":["` + secret + `","Email"]}]`, `[{"errorCode":"` + secret + `"}]`,
		`{"error":"` + secret + `","error_description":"` + secret + `"}`, `["/x/` + secret + `"]`, secret,
	} {
		for _, path := range []string{"composite", "token"} {
			w := newWorld(t, sim.Options{})
			w.org.Script(sim.Fault{Path: path, Status: 400, Body: body, Times: 2})
			err := w.crm.Upsert(t.Context(), []crm.Change{leadOf(leadID, "")})[0].Err
			if err == nil || strings.Contains(err.Error(), "bob") || strings.Contains(err.Error(), "127.0.0.1/") {
				t.Errorf("%s %s: got %v", path, body, err)
			}
		}
	}
}

func TestWhatOnlyTheMomentRefusesIsTriedAgain(t *testing.T) {
	item := func(code, message string) sim.Fault {
		return sim.Fault{Path: "composite", Status: 200, Body: fmt.Sprintf(`[{"success":false,"errors":[{"statusCode":%q,"message":%q,"fields":[]}]}]`, code, message)}
	}
	w := newWorld(t, sim.Options{})
	w.org.Script(item("DUPLICATE_VALUE", "duplicate value found: CRF_Lead_Id__c duplicates value on record with id: 00Q000000000001"))
	w.refuse(leadOf(leadID, ""), lead.Unavailable) // two made it at once: the next try is an update
	w.org.Script(item("DUPLICATE_VALUE", "duplicate value found: Passport__c duplicates value on record with id: 00Q000000000001"))
	w.refuse(leadOf(leadID, ""), lead.Refused)
	w.upsert(leadOf(leadID, ""))
	w.org.Script(sim.Fault{Path: "CRF_Event__c", Status: 200, Body: item("INVALID_FIELD", "Foreign key external ID: x not found for field CRF_Lead_Id__c in entity Lead").Body})
	if err := w.refuse(eventOf(leadID, "contract_signed", noon()), lead.Unavailable); !errors.Is(err, crm.ErrNoLead) {
		t.Errorf("got %v", err)
	}
}
