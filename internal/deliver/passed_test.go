package deliver_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
)

// passed tells why the event of a message was not for destinations, by name.
func (w *world) passed(m ledger.Message) map[string]string {
	w.Helper()
	e, ok, err := w.Ledger.Event(w.ctx, m.Key)
	if err != nil || !ok {
		w.Fatal(ok, err)
	}
	all, err := w.Destinations.List(w.ctx)
	if err != nil {
		w.Fatal(err)
	}
	list, err := w.Passed(w.ctx, e, all)
	if err != nil {
		w.Fatal(err)
	}
	out := map[string]string{}
	for _, p := range list {
		out[p.Name] = p.Why
		if p.Derived {
			out[p.Name] += " (derived)"
		}
	}
	verdicts, err := w.Explain(w.ctx, e)
	if err != nil && e.Erased.IsZero() {
		w.Fatal(err)
	}
	for _, v := range verdicts { // it tells the same
		if why, ok := strings.CutPrefix(v.Then, "not for it: "); ok && why != strings.TrimSuffix(out[v.Destination], " (derived)") {
			w.Errorf("%s: explained is %q, shown %q", v.Destination, why, out[v.Destination])
		}
	}
	return out
}

// many are specs of destinations that want another state than the sample lead's.
func many(n int) []registry.Spec {
	var out []registry.Spec
	for i := range n {
		out = append(out, spec(fmt.Sprintf("many-%d", i), func(s *registry.Spec) { s.Filter = fmt.Sprintf(`lead.address.state == "S%d"`, i) }))
	}
	return out
}

func TestFewReasonsAreKeptWithTheEvent(t *testing.T) {
	w := newWorld(t, spec("to"), spec("credzu", func(s *registry.Spec) { s.Partners = []string{"credzu"} }), spec("typed", func(s *registry.Spec) { s.Events = []string{"credzu.*"} }),
		spec("initial", func(s *registry.Spec) { s.Updates = "initial" }), spec("rich", func(s *registry.Spec) { s.Filter = "lead.amount > 1000000" }))
	w.deliver(w.lead(uuid(1), nil))
	w.pass(time.Minute)
	m := w.lead(uuid(1), map[string]any{"status": "Funded"})
	w.deliver(m)
	want := map[string]string{"credzu": ledger.WhyPartner, "typed": ledger.WhyType, "initial": ledger.WhyUpdate, "rich": ledger.WhyFilter}
	if got := w.passed(m); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v", got)
	}
	w.apply(spec("credzu", func(s *registry.Spec) { s.Partners = nil })) // what is kept outlives every change
	if got := w.passed(m); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("after a change: %v", got)
	}
}

func TestReasonsOfManyAreFoundAgainWhereSettingsAreThoseOfThen(t *testing.T) {
	w := newWorld(t, append(many(30), spec("to"), spec("credzu", func(s *registry.Spec) { s.Partners = []string{"credzu"} }),
		spec("drop", func(s *registry.Spec) { s.Duplicates = "drop" }), spec("removed", func(s *registry.Spec) { s.Filter = "lead.amount < 0" }))...)
	w.pass(2 * time.Minute)
	w.deliver(w.lead(uuid(1), map[string]any{"duplicateId": "a-person"}))
	w.pass(time.Minute)
	m := w.lead(uuid(2), map[string]any{"duplicateId": "a-person"})
	w.deliver(m)
	e, _, err := w.Ledger.Event(w.ctx, m.Key)
	if err != nil || e.Passed.Count != 33 || len(e.Passed.Kept) != 1 || e.Passed.Kept[0].Why != ledger.WhyApplicant {
		t.Fatalf("kept is %+v, %v", e.Passed, err)
	}
	w.pass(time.Hour)
	w.apply(spec("many-7", func(s *registry.Spec) { s.Filter = "lead.amount > 2" }), spec("new", func(s *registry.Spec) { s.Filter = "false" }))
	w.decide("many-8", registry.Paused)
	w.decide("removed", registry.Removed)
	got := w.passed(m)
	if len(got) != 32 || got["to"] != "" || got["new"] != "" || got["removed"] != "" {
		t.Errorf("%d reasons: %v", len(got), got)
	}
	for name, want := range map[string]string{"many-6": ledger.WhyFilter + " (derived)", "many-8": ledger.WhyFilter + " (derived)", "credzu": ledger.WhyPartner + " (derived)",
		"drop": ledger.WhyApplicant, "many-7": "its settings have changed since, and the event does not say (derived)"} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
}

// TestReasonsOfManyAreNotGuessed has settings that changed shortly before the event, by a clock that may be another, and a payload that
// is gone.
func TestReasonsOfManyAreNotGuessed(t *testing.T) {
	w := newWorld(t, append(many(30), spec("credzu", func(s *registry.Spec) { s.Partners = []string{"credzu"} }))...)
	w.pass(2 * time.Minute)
	w.apply(spec("many-1", func(s *registry.Spec) { s.Filter = "false" }))
	w.pass(30 * time.Second)
	m := w.lead(uuid(1), nil)
	w.deliver(m)
	if got := w.passed(m); !strings.HasPrefix(got["many-1"], "its settings have changed since") || !strings.HasPrefix(got["many-2"], ledger.WhyFilter) {
		t.Errorf("%v", got)
	}
	if err := w.Ledger.Erase(w.ctx, m.Key); err != nil {
		t.Fatal(err)
	}
	if got := w.passed(m); !strings.Contains(got["many-2"], "the payload is gone") || !strings.HasPrefix(got["credzu"], ledger.WhyPartner) {
		t.Errorf("of an erased event: %v", got)
	}
}

func (w *world) decide(name string, s registry.State) {
	w.Helper()
	d, err := w.Destinations.Find(w.ctx, name)
	if err != nil {
		w.Fatal(err)
	}
	if err := w.Destinations.Want(w.ctx, d, s); err != nil {
		w.Fatal(err)
	}
}
