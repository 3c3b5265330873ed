package console_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/console"
	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
	"leadrelay/local/azuresim"
)

func receipts(list []console.Event) []string {
	var out []string
	for _, e := range list {
		out = append(out, e.Receipt)
	}
	return out
}

func TestEventsAreFoundByPartnerLeadSubmissionDestinationStateAndTime(t *testing.T) {
	w := newWorld(t)
	w.lender("acme", "queue")
	w.lender("best", "queue", func(s *registry.Spec) { s.Filter = `lead.amount >= 1000000`; s.Partners = []string{"crf"} })
	first := w.accept("crf", lead(t, uuid(1), map[string]any{"submissionId": uuid(99)}))
	w.pass(time.Hour)
	second := w.accept("crf", lead(t, uuid(2), map[string]any{"submissionId": uuid(99), "requestedAmount": 2000000}))
	again := w.accept("crf", lead(t, uuid(2), map[string]any{"submissionId": uuid(99), "requestedAmount": 2000000}))
	w.pass(24 * time.Hour)
	update := w.accept("crf", lead(t, uuid(1), map[string]any{"status": "Funded"}))
	event := w.accept("credzu", []byte(`{"event":"mortgage_ready","timestamp":"2026-11-22T09:00:00Z","lead_id":4711,"partner_lead_id":"x","details":{}}`))
	for _, c := range []struct {
		name string
		f    console.Filter
		want []string
	}{
		{"all, the newest first", console.Filter{}, []string{event, update, second, first}},
		{"a partner", console.Filter{Partner: "credzu"}, []string{event}},
		{"a lead with its versions", console.Filter{Lead: strings.ToUpper(uuid(1))}, []string{update, first}},
		{"a lead of events that are no versions", console.Filter{Lead: "4711", Partner: "credzu"}, []string{event}},
		{"a submission", console.Filter{Submission: uuid(99)}, []string{second, first}},
		{"a destination", console.Filter{Destination: "best"}, []string{second}},
		{"a state", console.Filter{State: "delivered"}, []string{event, update, second, first}},
		{"another state", console.Filter{State: "dead"}, nil},
		{"duplicates", console.Filter{State: "duplicate"}, []string{again}},
		{"a type", console.Filter{Type: "credzu.mortgage_ready"}, []string{event}},
		{"from a time on", console.Filter{Since: w.clock().Add(-time.Hour)}, []string{event, update}},
		{"before a time", console.Filter{Until: w.clock().Add(-time.Hour)}, []string{second, first}},
	} {
		if got := receipts(w.list(c.f)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if e := w.list(console.Filter{Destination: "best"})[0]; e.Destinations["acme"] != "delivered" || e.Destinations["best"] != "delivered" || e.Lead != uuid(2) {
		t.Errorf("the line is %+v", e)
	}
	for _, f := range []console.Filter{{State: "odd"}, {Destination: "nobody"}, {Lead: "a", Submission: "b"}, {State: "retrying"}} {
		if _, err := w.desk.List(w.ctx, f, 10, ""); err == nil {
			t.Errorf("%+v passes", f)
		}
	}
}

func TestPagesGiveEveryEventOnceInOrder(t *testing.T) {
	w := newWorld(t)
	var want []string
	for i := range 90 {
		body := lead(t, uuid(i), nil)
		name := "crf"
		if i%3 == 0 {
			name, body = "credzu", []byte(`{"event":"note","timestamp":"2026-11-22T09:00:00Z","lead_id":`+strings.TrimLeft(uuid(i + 1)[24:], "0")+`,"details":{}}`)
		}
		want = append(want, w.accept(name, body))
		if i%10 == 9 {
			w.pass(time.Duration(i) * 25 * time.Minute)
		}
	}
	slices.Reverse(want)
	var got []string
	next := ""
	for pages := 0; ; pages++ {
		page, err := w.desk.List(w.ctx, console.Filter{}, 7, next)
		if err != nil || pages > 100 {
			t.Fatal(err, pages)
		}
		got = append(got, receipts(page.Events)...)
		if next = page.Next; next == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %d events, want %d in the order of their coming, the newest first", len(got), len(want))
	}
	if _, err := w.desk.List(w.ctx, console.Filter{}, 7, "nonsense'"); err == nil {
		t.Error("nonsense is taken for a place")
	}
}

func TestOpenDeliveriesAreListedByDestination(t *testing.T) {
	w := newWorld(t)
	w.lender("acme", "queue", func(s *registry.Spec) { s.FraudLimit = 0.5 })
	fault := w.sim.Inject(azuresim.Fault{Resource: "lender-acme", Effect: azuresim.Busy(0)})
	waits := w.accept("crf", lead(t, uuid(1), map[string]any{"fraudScore": 0.9}))
	retried := w.accept("crf", lead(t, uuid(2), nil))
	fault.Remove()
	w.sim.Inject(azuresim.Fault{Resource: "lender-acme", Effect: azuresim.Answer(http.StatusForbidden, "AuthenticationFailed")})
	held := w.accept("crf", lead(t, uuid(3), nil))
	for state, want := range map[string]string{console.Waiting: waits, console.Retrying: retried, "held": held} {
		list := w.list(console.Filter{Destination: "acme", State: state})
		if len(list) != 1 || list[0].Receipt != want || list[0].Reason == "" {
			t.Errorf("%s: %+v, want %s", state, list, want)
		}
	}
	if list := w.list(console.Filter{State: console.Waiting}); len(list) != 1 || list[0].Receipt != waits {
		t.Errorf("waiting anywhere: %+v", list)
	}
}

// TestCustodyTellsTheWholeChain follows an event that was tried twice, with a duplicate, a note and a destination that it was not for.
func TestCustodyTellsTheWholeChain(t *testing.T) {
	w := newWorld(t)
	w.lender("acme", "queue")
	w.lender("other", "queue", func(s *registry.Spec) { s.Events = []string{"credzu.*"} })
	fault := w.sim.Inject(azuresim.Fault{Resource: "lender-acme", Effect: azuresim.Busy(0)})
	body := lead(t, uuid(1), map[string]any{"surprise": "x"})
	receipt := w.accept("crf", body)
	fault.Remove()
	w.pass(10 * time.Second)
	w.handle()
	copied := w.accept("crf", body)
	e := w.show(receipt)
	if e.State != "delivered" || e.Partner != "crf" || e.Verified != "header X-Api-Key" || e.Lead != uuid(1) || !e.Received.Equal(time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)) {
		t.Errorf("the head is %+v", e)
	}
	if len(e.Notes) != 1 || e.Notes[0].Field != "surprise" || len(e.Passed) != 1 || e.Passed[0].Name != "other" || e.Passed[0].Why == "" {
		t.Errorf("notes %+v, passed %+v", e.Notes, e.Passed)
	}
	if len(e.Duplicates) != 1 || e.Duplicates[0].Receipt != copied || !strings.Contains(e.Duplicates[0].Again, "replay "+receipt) {
		t.Errorf("duplicates %+v", e.Duplicates)
	}
	d := e.Deliveries[0]
	if len(e.Deliveries) != 1 || d.Destination != "acme" || d.State != "delivered" || d.Tries != 2 || d.Code != "201" || d.FarID == "" || len(d.Log) != 2 {
		t.Fatalf("deliveries %+v", e.Deliveries)
	}
	if one, two := d.Log[0], d.Log[1]; one.N != 1 || one.State != ledger.InFlight || one.Reason == "" || !strings.Contains(one.Code, "503") || two.N != 2 || two.ID != d.FarID || two.State != ledger.Delivered {
		t.Errorf("the log is %+v", d.Log)
	}
	if other := w.show(copied); other.DuplicateOf != receipt || other.Receipt != copied || other.Key != e.Key {
		t.Errorf("the duplicate shows %+v", other)
	}
	for _, bad := range []string{"01KAJ3D4T0XQ2Z8J5V9W7M6N1B", "nonsense", ""} {
		if _, err := w.desk.Show(w.ctx, bad, false, who()); err == nil {
			t.Errorf("receipt %q is known", bad)
		}
	}
}

func TestPayloadIsMaskedUnlessRevealedAndThatIsWrittenDown(t *testing.T) {
	w := newWorld(t)
	body := lead(t, uuid(1), map[string]any{"unknownField": "Zebra Crossing"})
	receipt := w.accept("crf", body)
	e := w.show(receipt)
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(body, &all); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"firstName", "lastName", "email", "phone", "ipAddress", "nameOfBusiness", "unknownField", "ficoScore"} {
		value, _ := all[name].(string)
		if value == "" || bytes.Contains(text, []byte(value)) {
			t.Errorf("%s (%q) is shown, or the sample has none", name, value)
		}
	}
	for _, shown := range []string{uuid(1), "Matched", "firstName", "requestedAmount"} {
		if !bytes.Contains(text, []byte(shown)) {
			t.Errorf("%s is not shown", shown)
		}
	}
	if !e.Masked || e.PayloadBytes != len(body) || len(e.Deeds) != 0 {
		t.Errorf("masked %v, %d bytes, deeds %v", e.Masked, e.PayloadBytes, e.Deeds)
	}
	open, err := w.desk.Show(w.ctx, receipt, true, who())
	if err != nil || !bytes.Equal(open.Payload, body) || open.Masked {
		t.Errorf("revealed it is %s %v", open.Payload, err)
	}
	if e = w.show(receipt); len(e.Deeds) != 1 || e.Deeds[0].What != ledger.DeedRevealed || e.Deeds[0].By != "ann" || e.Deeds[0].Why != "a test" {
		t.Errorf("the deeds are %+v", e.Deeds)
	}
	w.quiet("Zebra")
}

func TestMaskHidesEveryValueThatIsNotKnownToBeHarmless(t *testing.T) {
	in := `{"id":"x","contact":{"id":"y","first_name":"Ann"},"proofData":[{"status":"ssn"}],"tags":["a"],"n":12,"b":true,"nil":null,
		"matchedProduct":{"name":"Loan","tags":["t"]},"leadOwner":"Bob","ID":7,"statistics":{"latitude":1.5,"craEligibleTract":true}}`
	got, err := console.Mask([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	var flat bytes.Buffer
	if err := json.Compact(&flat, got); err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(`{"id":"x","contact":{"id":?,"first_name":?},"proofData":[{"status":?}],"tags":[?],"n":?,"b":?,"nil":null,`+
		`"matchedProduct":{"name":"Loan","tags":["t"]},"leadOwner":?,"ID":7,"statistics":{"latitude":?,"craEligibleTract":true}}`, "?", `"[hidden]"`)
	if flat.String() != want {
		t.Errorf("got  %s\nwant %s", flat.String(), want)
	}
	if _, err := console.Mask([]byte(`{"firstName":"Ann`)); err == nil || strings.Contains(err.Error(), "Ann") {
		t.Errorf("broken JSON gives %v", err)
	}
}
