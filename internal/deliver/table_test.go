package deliver

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
	"leadrelay/internal/rule"
)

var now = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

// walker asks every destination, one after the other, as the settings read: what the table is held against.
type walker map[string]*rules // by filter

func (w walker) walk(s *registry.Snapshot, e *rule.Event) (targets []ledger.Target, passed []ledger.Decision) {
	for i := range s.All {
		to := &s.All[i]
		if to.Wanted == registry.Removed {
			continue
		}
		if why := Passes(to, e); why != "" {
			passed = append(passed, ledger.Decision{Destination: to.ID, Why: why})
			continue
		}
		if w[to.Config.Filter] == nil {
			w[to.Config.Filter] = compile(to.Config)
		}
		yes, err := w[to.Config.Filter].match(e)
		if !yes && err == nil {
			passed = append(passed, ledger.Decision{Destination: to.ID, Why: ledger.WhyFilter})
			continue
		}
		t := ledger.Target{ID: to.ID, Name: to.Name, Shadow: to.Wanted == registry.Shadow}
		if err != nil {
			t.Wait = "the filter failed: " + err.Error()
		}
		if e.Event.Lead.FraudScore != "" {
			t.Tags = []string{TagFraud}
		}
		targets = append(targets, t)
	}
	return targets, passed
}

// maker makes destinations and events of few words, so that they meet.
type maker struct{ *rand.Rand }

func (m maker) of(list ...string) string { return list[m.IntN(len(list))] }

func (m maker) destination(i int) registry.Destination {
	d := registry.Destination{ID: fmt.Sprintf("%016x", m.Uint64()), Name: fmt.Sprintf("d%03d", i), Version: fmt.Sprint(m.Uint64()), Changed: now, Created: now,
		Wanted: []registry.State{registry.Active, registry.Active, registry.Paused, registry.Shadow, registry.Removed}[m.IntN(5)]}
	d.Config = registry.Config{Duplicates: "deliver", Updates: m.of("all", "all", "initial")}
	for range m.IntN(3) {
		d.Config.Partners = append(d.Config.Partners, m.of("crf", "credzu", "referral"))
	}
	for range m.IntN(2) {
		d.Config.Events = append(d.Config.Events, m.of("crf.*", "crf.lead", "*", "credzu.?ortgage", "[", ""))
	}
	var parts []string
	for range m.IntN(4) {
		parts = append(parts, m.of(`lead.address.state == "CA"`, `lead.address.state in ["NY", "TX"]`, `lead.amount >= 50000`, `data.score > 600`, `data.score == 700`,
			`"gold" in data.tags`, `data.owner.name == "Ann"`, `event.type == "crf.lead"`, `not event.initial`, `lead.fraudScore < 0.5 || lead.state == "x"`, `lead.nonsense == 1`))
	}
	d.Config.Filter = strings.Join(parts, " && ")
	return d
}

func (m maker) event() *rule.Event {
	e := rule.NewEvent(lead.Event{Type: m.of("crf.lead", "crf.update", "credzu.mortgage", ""), About: lead.About(m.IntN(3)), Lead: lead.Lead{Partner: m.of("crf", "credzu", "other"),
		Amount: lead.Decimal(m.of("", "10", "50000")), FraudScore: lead.Decimal(m.of("", "0.4")), Address: lead.PostalAddress{State: m.of("CA", "NY", "")}}},
		[]byte(m.of(`{"score":700,"tags":["gold"]}`, `{"score":"high","tags":"gold"}`, `{"owner":"Ann"}`, `{"owner":{"name":"Ann"},"tags":[]}`, `null`, `[]`, `{`)))
	e.Initial = m.IntN(2) == 0
	return e
}

// TestTableSaysWhatAskingEveryDestinationSays keeps one table going while destinations come, go and change.
func TestTableSaysWhatAskingEveryDestinationSays(t *testing.T) {
	matched, failed, w := 0, 0, walker{}
	for seed := range uint64(40) {
		m := maker{rand.New(rand.NewPCG(seed, 2))}
		var all []registry.Destination
		for i := range []int{8, 25, 60}[seed%3] {
			all = append(all, m.destination(i))
		}
		d := &Deliverer{}
		for step := range 8 {
			s := registry.NewSnapshot(append([]registry.Destination(nil), all...), now.Add(time.Duration(step)*time.Second))
			for range 25 {
				e := m.event()
				want, reasons := w.walk(s, e)
				tab := d.tables.of(s)
				got, dropped, err := d.match(t.Context(), tab, nil, e)
				if err != nil || !reflect.DeepEqual(got, want) || dropped != nil {
					t.Fatalf("seed %d: for %+v it is meant for %+v, want %+v (%v)", seed, e.Event, got, want, err)
				}
				passed := tab.passed(e, got, nil)
				if len(reasons) > ledger.MostKept {
					reasons = reasons[:0:0]
				}
				if passed.At != s.Read || passed.Count+len(got) != tab.present || len(passed.Kept) != len(reasons) || len(reasons) > 0 && !reflect.DeepEqual(passed.Kept, reasons) {
					t.Fatalf("seed %d: it passes %+v, want %+v", seed, passed, reasons)
				}
				matched += len(got)
				for _, g := range got {
					if g.Wait != "" {
						failed++
					}
				}
			}
			for range step % 3 { // someone decides something
				i := m.IntN(len(all))
				changed := m.destination(i)
				changed.ID = all[i].ID
				all[i] = changed
			}
		}
	}
	if matched < 1000 || failed < 100 {
		t.Errorf("%d matched, %d filters failed: the test tries nothing", matched, failed)
	}
}

func TestRulesAreCompiledOnceForARevision(t *testing.T) {
	m := maker{rand.New(rand.NewPCG(1, 1))}
	all := []registry.Destination{m.destination(0), m.destination(1)}
	var k tables
	at := func(step int) *table {
		return k.of(registry.NewSnapshot(append([]registry.Destination(nil), all...), now.Add(time.Duration(step)*time.Second)))
	}
	first := at(0)
	all[0].Health.Failures = 3 // nobody decided that
	second := at(1)
	if second == first || second.compiled != first.compiled || second.of.All[0].Health.Failures != 3 {
		t.Error("a snapshot in which nothing was decided is compiled anew, or is the old one")
	}
	all[0].Version = "another"
	third := at(2)
	if third.compiled == second.compiled || third.rules[0] == second.rules[0] || third.rules[1] != second.rules[1] {
		t.Error("not just what was changed is compiled anew")
	}
	if k.of(second.of) == second || k.latest.Load() != third {
		t.Error("an event that came before puts an older table in the place of the latest")
	}
	if first.rulesOf(&all[1]) != third.rules[1] || third.rulesOf(&registry.Destination{ID: all[1].ID}) != nil || third.rulesOf(&registry.Destination{ID: "x"}) != nil {
		t.Error("rules are found for what they were not compiled from")
	}
}

func TestPartnerThatMakesUpTypesFillsNothing(t *testing.T) {
	var k tables
	tab := k.of(registry.NewSnapshot([]registry.Destination{{ID: "a", Version: "1", Wanted: registry.Active}}, now))
	for i := range 3 * mostLanes {
		if l := tab.lane(origin{"crf", fmt.Sprint(i)}); len(l.to) != 1 {
			t.Fatal("a lane is empty")
		}
	}
	if n := len(*tab.lanes.Load()); n > mostLanes+1 {
		t.Errorf("%d lanes are kept", n)
	}
}

// crowd is n destinations for one of which an event is.
func crowd(n int) []registry.Destination {
	states := []string{"AL", "AK", "AZ", "AR", "CO", "CT", "DE", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY", "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT"}
	var all []registry.Destination
	for i := range n {
		d := registry.Destination{ID: fmt.Sprintf("%016x", i), Name: fmt.Sprintf("lender-%d", i), Version: "1", Wanted: registry.Active}
		d.Config.Filter = fmt.Sprintf(`lead.address.state == %q && lead.amount >= %d`, states[i%len(states)], 50_000+i)
		d.Config.Partners, d.Config.Updates, d.Config.Duplicates = []string{"crf", "credzu"}[i%2:], "all", "deliver"
		all = append(all, d)
	}
	all[3].Config.Filter, all[3].Config.Partners = `lead.address.state == "CA" && lead.amount >= 50000`, nil
	return all
}

func BenchmarkRoute(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d, s := &Deliverer{}, registry.NewSnapshot(crowd(n), now)
			b.ReportAllocs()
			for b.Loop() {
				e := rule.NewEvent(lead.Event{Type: "crf.lead", Lead: lead.Lead{Partner: "crf", Amount: "60000.00", Address: lead.PostalAddress{State: "CA"}}}, []byte(`{}`))
				t := d.tables.of(s)
				targets, dropped, err := d.match(b.Context(), t, nil, e)
				if err != nil || len(targets) != 1 {
					b.Fatal(len(targets), err)
				}
				if text := t.passed(e, targets, dropped).String(); text == "" {
					b.Fatal("nothing passed")
				}
			}
		})
	}
}

// BenchmarkTable is what the first event of a process pays for a thousand destinations, and the first after a change.
func BenchmarkTable(b *testing.B) {
	all := crowd(1000)
	s := registry.NewSnapshot(all, now)
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			(&tables{}).of(s).lane(origin{"crf", "crf.lead"})
		}
	})
	b.Run("changed", func(b *testing.B) {
		var k tables
		k.of(s)
		for n := 0; b.Loop(); n++ {
			next := append([]registry.Destination(nil), all...)
			next[5].Version = fmt.Sprint(n)
			k.of(registry.NewSnapshot(next, now.Add(time.Duration(n)))).lane(origin{"crf", "crf.lead"})
		}
	})
}
