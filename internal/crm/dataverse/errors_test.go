package dataverse_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/crm/dataverse"
	"leadrelay/internal/lead"
	sim "leadrelay/local/crmsim/dataverse"
)

// clean checks that an error holds no secret and no person's data.
func clean(t *testing.T, err error) {
	t.Helper()
	for _, private := range []string{bearer, "Lastnameson", "bob@", "123-456", "Options Ave", "scripted"} {
		if err != nil && strings.Contains(err.Error(), private) {
			t.Errorf("an error holds %q: %v", private, err)
		}
	}
}

func TestCodesMeanWhatTheTableSays(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   lead.Kind
	}{
		{400, "0x80048d19", lead.Refused}, {400, "0x80060888", lead.Address}, {400, "0x80044331", lead.Refused}, {400, "0x8004432f", lead.Refused},
		{400, "0x80044330", lead.Refused}, {400, "0x8004431a", lead.Refused}, {400, "0x80048408", lead.Refused}, {400, "0x80040265", lead.Refused},
		{400, "0x80040265", lead.Refused}, {400, "", lead.Refused}, {400, "0x80048D19", lead.Refused}, {400, "SELECT * FROM", lead.Refused},
		{401, "", lead.Address}, {403, "0x80040220", lead.Address}, {403, "0x80072560", lead.Address}, {403, "", lead.Address},
		{404, "0x80060888", lead.Address}, {404, "", lead.Address}, {404, "0x80060891", lead.Unavailable}, {405, "", lead.Address},
		{412, "0x80060882", lead.Unavailable}, {412, "0x80040333", lead.Refused}, {500, "0x80040333", lead.Refused}, {412, "0x80040237", lead.Refused},
		{413, "", lead.Refused}, {429, "0x80072322", lead.Unavailable}, {429, "0x80072321", lead.Unavailable}, {429, "0x80072326", lead.Unavailable},
		{500, "", lead.Unavailable}, {500, "0x80044150", lead.Unavailable}, {400, "0x80044151", lead.Unavailable}, {501, "", lead.Address},
		{502, "", lead.Unavailable}, {503, "", lead.Unavailable}, {504, "", lead.Unavailable}, {302, "", lead.Address}, {408, "", lead.Unavailable},
	} {
		t.Run(fmt.Sprintf("%d %s", c.status, c.code), func(t *testing.T) {
			w := newWorld(t, nil)
			w.org.Script(sim.Fault{Method: "PATCH", Status: c.status, Code: c.code, Times: 9})
			out := w.one(t, crfLead(t))
			if lead.KindOf(out.Err) != c.want || out.Err == nil || out.ID != "" {
				t.Errorf("want %s, got %v", c.want, out.Err)
			}
			clean(t, out.Err)
		})
	}
}

func TestEveryStatusHasAKindOfTheContract(t *testing.T) {
	w := newWorld(t, nil)
	for status := 200; status < 600; status++ {
		w.org.Script(sim.Fault{Method: "PATCH", Status: status, Text: "<html>bob@somecompany.com</html>", Times: 2})
		out := w.one(t, crfLead(t))
		switch kind := lead.KindOf(out.Err); {
		case status == 204 && out.Err == nil: // says nothing, but yes
		case out.Err == nil:
			t.Errorf("%d with a page of HTML is taken for success", status)
		case kind != lead.Unavailable && kind != lead.Refused && kind != lead.Address:
			t.Errorf("%d is %s, which the contract does not know", status, kind)
		}
		clean(t, out.Err)
		w.org.Calm()
		w.pass(time.Hour) // a 429 pauses
	}
}

func TestRefusalNamesTheColumnAndNeverTheValue(t *testing.T) {
	w := newWorld(t, nil)
	w.org.Customise("leads", "lastname", &sim.Column{Type: "String", Length: 5})
	out := w.one(t, crfLead(t))
	if lead.KindOf(out.Err) != lead.Refused || !strings.Contains(out.Err.Error(), "lastname") {
		t.Errorf("want a refusal that names lastname, got %v", out.Err)
	}
	clean(t, out.Err)
}

func TestPauseHoldsTheWholeOrganisationAndCostsNoCall(t *testing.T) {
	w := newWorld(t, func(_ *sim.Options, c *dataverse.Config) { c.Concurrency = 1 })
	w.org.Script(sim.Fault{Status: 429, Code: "0x80072322", RetryAfter: "120"})
	changes := []crm.Change{crfLead(t), crfLead(t, "4626a582", "5626a582"), crfLead(t, "4626a582", "6626a582")}
	for i, o := range w.crm.Upsert(t.Context(), changes) {
		if lead.KindOf(o.Err) != lead.Unavailable || lead.RetryAfter(o.Err) != 2*time.Minute {
			t.Errorf("%d: want unavailable for two minutes, got %v for %s", i, o.Err, lead.RetryAfter(o.Err))
		}
	}
	if got := w.calls(); len(got) != 1 {
		t.Errorf("want one call, got %v", got)
	}
	w.pass(119 * time.Second)
	if err := w.crm.Check(t.Context()); lead.KindOf(err) != lead.Unavailable || lead.RetryAfter(err) != time.Second {
		t.Errorf("want Check to refuse for one second more, got %v", err)
	}
	w.pass(time.Second)
	if err := w.crm.Check(t.Context()); err != nil {
		t.Errorf("the pause is over: %v", err)
	}
	w.must(t, changes[0])
}

func TestNoPauseIsBelievedForLongerThanFiveMinutes(t *testing.T) {
	w := newWorld(t, nil)
	w.org.Script(sim.Fault{Status: 429, RetryAfter: "86400"})
	w.one(t, crfLead(t))
	w.pass(5 * time.Minute)
	w.must(t, crfLead(t))
}

func TestRealLimitPausesToo(t *testing.T) {
	w := newWorld(t, func(o *sim.Options, _ *dataverse.Config) { o.Burst = 1 })
	w.must(t, crfLead(t))
	if out := w.one(t, crfLead(t)); lead.RetryAfter(out.Err) != 30*time.Second {
		t.Errorf("want a pause of 30 s, got %v", out.Err)
	}
}
