package rule

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/lead"
)

func TestLeavesAreTheTermsThatFiltersAreCheckedAgainst(t *testing.T) {
	want := map[string]kind{}
	var walk func(prefix string, s reflect.Type)
	walk = func(prefix string, s reflect.Type) {
		for f := range s.Fields() {
			name := prefix + f.Tag.Get("expr")
			switch f.Type.Kind() {
			case reflect.Struct:
				walk(name+".", f.Type)
			case reflect.String:
				want[name] = text
			case reflect.Bool:
				want[name] = truth
			default:
				want[name] = number
			}
		}
	}
	walk("event.", reflect.TypeFor[eventTerms]())
	walk("lead.", reflect.TypeFor[leadTerms]())
	have := map[string]kind{}
	for _, l := range leaves {
		have[l.name] = l.kind
	}
	if !reflect.DeepEqual(have, want) {
		t.Errorf("the leaves are %v, want %v", have, want)
	}
}

// without is a filter that asks its programs only, one condition after the other.
func (f *Filter) without() *Filter {
	out := &Filter{data: f.data}
	for i := range f.conjuncts {
		c := f.conjuncts[i]
		c.simple = nil
		out.conjuncts = append(out.conjuncts, c)
	}
	return out
}

// disagree asks the filters about an event one by one, by their programs, and says where the index or a filter's answer differs.
// excluded counts the filters that the index did not name.
func disagree(filters []*Filter, e *Event) (what string, excluded int) {
	candidates := NewIndex(filters).Candidates(e, nil)
	if !slices.IsSorted(candidates) || len(slices.Compact(slices.Clone(candidates))) != len(candidates) {
		return fmt.Sprintf("the candidates are out of order: %v", candidates), 0
	}
	for i, f := range filters {
		want, wantErr := f.without().Match(e)
		got, gotErr := f.Match(e)
		if got != want || fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
			return fmt.Sprintf("%s: says %t, %v; its programs %t, %v", f.source(), got, gotErr, want, wantErr), 0
		}
		if _, named := slices.BinarySearch(candidates, i); !named {
			excluded++
			if want || wantErr != nil {
				return fmt.Sprintf("%s: the index leaves it out, its programs say %t, %v", f.source(), want, wantErr), 0
			}
		}
	}
	return "", excluded
}

func (f *Filter) source() string {
	var parts []string
	for _, c := range f.conjuncts {
		parts = append(parts, c.text)
	}
	return strings.Join(parts, " && ")
}

// maker makes filters and events of few words, so that they meet.
type maker struct{ *rand.Rand }

func (m maker) of(list ...string) string { return list[m.IntN(len(list))] }

func (m maker) place() string {
	return m.of("lead.address.state", "lead.amount", "lead.fraudScore", "event.type", "event.partner", "lead.created", "event.initial", "event.revision",
		"data.a", "data.a.b", "data.a.b.c", "data.list", `data["a b"]`, "data", "data.n", "data.list[0]")
}

func (m maker) constant() string {
	return m.of(`"CA"`, `"NY"`, `"x"`, `""`, "1", "-1", "0", "2.5", "50000", "9007199254740993", "9007199254740992.0", "true", "false", "nil")
}

func (m maker) list() string {
	all := make([]string, m.IntN(4))
	for i := range all {
		all[i] = m.constant()
	}
	return "[" + strings.Join(all, ", ") + "]"
}

func (m maker) condition(deep int) string {
	switch m.IntN(14) {
	case 0, 1, 2:
		return m.place() + " == " + m.constant()
	case 3:
		return m.constant() + " == " + m.place()
	case 4:
		return m.place() + m.of(" in ", " not in ") + m.list()
	case 5:
		return m.constant() + m.of(" in ", " not in ") + m.of(m.place(), "("+m.place()+" ?? [])")
	case 6, 7:
		return m.place() + m.of(" < ", " <= ", " > ", " >= ", " != ") + m.constant()
	case 8:
		return m.constant() + m.of(" < ", " >= ", " != ") + m.place()
	case 9:
		return m.of("", "not ", "!") + m.place()
	case 10:
		return m.place() + m.of(" contains ", " startsWith ", " endsWith ", " matches ") + `"C"`
	case 11:
		return "(" + m.place() + m.of(" + ", " - ", " * ", " / ", " ?? ") + m.of(m.place(), m.constant()) + ")" + m.of(" == ", " > ") + m.constant()
	case 12:
		return m.of("len", "lower", "number") + "(" + m.place() + ") == " + m.constant()
	}
	if deep == 0 {
		return m.of("true", "any(data.list, # == 1)")
	}
	return m.of("", "not ") + "(" + m.condition(deep-1) + m.of(" || ", " && ", " == ") + "(" + m.condition(deep-1) + "))"
}

// filter is one that compiles.
func (m maker) filter() *Filter {
	for {
		parts := make([]string, 1+m.IntN(4))
		for i := range parts {
			parts[i] = m.condition(2)
		}
		if f, err := Compile(strings.Join(parts, " && ")); err == nil {
			return f
		}
	}
}

func (m maker) value(deep int) string {
	switch n := m.IntN(8); {
	case n == 0 && deep > 0:
		return "[" + m.value(deep-1) + "," + m.value(deep-1) + "]"
	case n <= 2 && deep > 0:
		return `{"b":` + m.value(deep-1) + `,"c":` + m.value(deep-1) + `}`
	}
	return m.of(`"CA"`, `"NY"`, `"x"`, `""`, "1", "-1", "0", "-0.0", "2.5", "50000", "9007199254740993", "9007199254740992", "1e999", "true", "false", "null")
}

func (m maker) event() *Event {
	payload := fmt.Sprintf(`{"a":%s,"list":%s,"a b":%s}`, m.value(3), m.value(2), m.value(0))
	if m.IntN(6) == 0 {
		payload = m.of("", "null", " null", "5", `"x"`, "[1]", " {}", "{", `{"a":1,"a":2}`, "nul")
	}
	e := NewEvent(lead.Event{Type: m.of("crf.lead", "CA", "x", ""), About: lead.About(m.IntN(3)), Lead: lead.Lead{Partner: m.of("crf", "CA", "x"),
		Amount: lead.Decimal(m.of("", "0", "1", "50000", "50000.00")), FraudScore: lead.Decimal(m.of("", "0.5", "1")), Address: lead.PostalAddress{State: m.of("CA", "NY", "x", "")}}}, []byte(payload))
	if m.IntN(2) == 0 {
		e.Event.Lead.Created = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	e.Initial, e.Revision = m.IntN(2) == 0, m.IntN(3)
	return e
}

func TestIndexLeavesOutOnlyFiltersThatSayNo(t *testing.T) {
	excluded, asked := 0, 0
	for seed := range uint64(25) {
		m := maker{rand.New(rand.NewPCG(seed, 1))}
		filters := []*Filter{{}}
		for range 40 {
			filters = append(filters, m.filter())
		}
		for range 50 {
			e := m.event()
			what, n := disagree(filters, e)
			if what != "" {
				t.Fatalf("seed %d, %+v, payload %s: %s", seed, e.Event, e.Payload, what)
			}
			excluded, asked = excluded+n, asked+len(filters)
		}
	}
	if excluded < asked/5 {
		t.Errorf("only %d of %d are left out: the test tries nothing", excluded, asked)
	}
}

func TestIndexAsksFewOfManyFilters(t *testing.T) {
	var filters []*Filter
	for i := range 1000 {
		source := fmt.Sprintf(`event.type == "crf.lead" && lead.address.state in ["S%d", "T%d"] && lead.amount >= %d`, i, i, i)
		if i%2 == 0 {
			source = fmt.Sprintf(`lead.amount >= 10 && "Team %d" in (data.tags ?? [])`, i)
		}
		f, err := Compile(source)
		if err != nil {
			t.Fatal(err)
		}
		filters = append(filters, f)
	}
	x := NewIndex(filters)
	e := NewEvent(lead.Event{Type: "crf.lead", Lead: lead.Lead{Address: lead.PostalAddress{State: "T7"}}}, []byte(`{"tags":["Team 8","Team 8"]}`))
	if got := x.Candidates(e, nil); !slices.Equal(got, []int{7, 8}) {
		t.Errorf("asked are %v", got)
	}
	broken := NewEvent(e.Event, []byte(`{"tags":`))
	if got := x.Candidates(broken, nil); len(got) != 501 { // no filter that asks for data can say no
		t.Errorf("of a payload that is no JSON %d are asked", len(got))
	}
}

func FuzzIndex(f *testing.F) {
	f.Add(`lead.address.state == "CA" && data.a.b in [1, "x"]`, `"x" in data.a && event.initial`, `{"a":{"b":1}}`, "CA", "50000")
	f.Add(`(data.a ?? 1) == 2 && data.b == -1`, `lead.amount > 5 && lead.amount == 6 && data == nil`, `null`, "", "6.0")
	f.Fuzz(func(t *testing.T, one, two, payload, state, amount string) {
		var filters []*Filter
		for _, source := range []string{one, two, two + " && " + one} {
			if f, err := Compile(source); err == nil {
				filters = append(filters, f)
			}
		}
		e := NewEvent(lead.Event{Lead: lead.Lead{Amount: lead.Decimal(amount), Address: lead.PostalAddress{State: state}}}, []byte(payload))
		if what, _ := disagree(filters, e); what != "" {
			t.Error(what)
		}
	})
}

func BenchmarkIndex(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		var filters []*Filter
		for i := range n {
			f, err := Compile(fmt.Sprintf(`lead.address.state == "S%d" && lead.amount >= %d`, i%50, 50_000+i))
			if err != nil {
				b.Fatal(err)
			}
			filters = append(filters, f)
		}
		x := NewIndex(filters)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var found []int
			b.ReportAllocs()
			for b.Loop() {
				e := NewEvent(lead.Event{Lead: lead.Lead{Address: lead.PostalAddress{State: "S1"}, Amount: "50002.00"}}, nil)
				found = x.Candidates(e, found[:0])
				yes := 0
				for _, i := range found {
					if ok, err := filters[i].Match(e); err != nil {
						b.Fatal(err)
					} else if ok {
						yes++
					}
				}
				if yes != 1 {
					b.Fatal(yes)
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		if _, err := Compile(`lead.address.state == "CA" && lead.amount >= 50000`); err != nil {
			b.Fatal(err)
		}
	}
}
