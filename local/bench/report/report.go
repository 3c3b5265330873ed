// Package report holds what the benchmark found against what was aimed at, and prints it: to people, to results.json and
// into the README.
package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"leadrelay/local/bench/cost"
	"leadrelay/local/bench/measure"
)

// Report is what one or several runs of the benchmark found. A run writes down what it measured, and leaves the rest as
// an earlier one found it.
type Report struct {
	Measures   []Measure   `json:"measures"`   // in the order of Targets
	Candidates []Candidate `json:"candidates"` // of the rounds
	Facts      []Fact      `json:"facts"`      // what has no target

	Cost *cost.Report `json:"cost,omitempty"` // of a lead, counted and priced

	fresh map[string]bool // what was written down since Load
}

// Run says when, on what and how something was measured.
type Run struct {
	Date    string `json:"date"`    // of the day, UTC
	Machine string `json:"machine"` // the processor and how many cores
	System  string `json:"system"`  // kernel
	Go      string `json:"go"`
	Rounds  int    `json:"rounds,omitempty"`
	Span    string `json:"span,omitempty"` // of each run
	Seed    uint64 `json:"seed,omitempty"`
}

// Measure is one thing that was measured against its target.
type Measure struct {
	ID     string         `json:"id"` // a Target's
	Run    Run            `json:"run"`
	Value  measure.Spread `json:"value"`
	Target float64        `json:"target"`
	// Disturbed is how many of the rounds others disturbed three times over, so that they count as they are.
	Disturbed int     `json:"disturbed,omitempty"`
	Verdict   Verdict `json:"verdict"`
	Note      string  `json:"note,omitempty"`
}

// Verdict is how a measure stands to its target.
type Verdict string

// The verdicts.
const (
	OK      Verdict = "ok"
	Missed  Verdict = "MISSED"
	Invalid Verdict = "INVALID" // something else than the program was measured
)

// Candidate is how one program did in one kind of round.
type Candidate struct {
	Group   string         `json:"group"` // "receive, c=16"
	Name    string         `json:"name"`
	Run     Run            `json:"run"`
	CPU     measure.Spread `json:"cpu_us"`           // for each one
	Ratio   measure.Spread `json:"ratio"`            // of CPU, to the group's base, by round
	Base    string         `json:"base"`             // the group's base
	Rate    measure.Spread `json:"rate"`             // each second, on one core
	P50     measure.Spread `json:"p50_us"`           // closed loop
	P99     measure.Spread `json:"p99_us"`           // closed loop
	Wire    float64        `json:"wire_b,omitempty"` // body bytes of a put
	Opened  float64        `json:"opened"`           // connections to storage for 1,000
	Peak    int64          `json:"peak_b"`           // memory
	Foreign float64        `json:"foreign"`          // cores that others used, at the worst
	Calm    int            `json:"calm_rounds"`      // rounds that nobody disturbed
	Rounds  int            `json:"rounds"`
}

// Fact is a figure that has no target: {"decode crf", "7.1 µs"}.
type Fact struct {
	Group string         `json:"group"`
	Name  string         `json:"name"`
	Run   Run            `json:"run"`
	Value measure.Spread `json:"value"`
	Unit  string         `json:"unit"`
	Note  string         `json:"note,omitempty"`
}

// Load reads a report; one that is not there is empty.
func Load(path string) (*Report, error) {
	r := &Report{}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("%s is not what the benchmark wrote: %w", path, err)
	}
	return r, nil
}

// JSON is the report as results.json holds it.
func (r *Report) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(r, "", "  ")
	return append(b, '\n'), err
}

// Write writes results.json.
func (r *Report) Write(path string) error {
	b, err := r.JSON()
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o644)
}

// Measured writes down what was measured for a target, in place of what an earlier run found.
func (r *Report) Measured(id string, run Run, value measure.Spread, note string) *Measure {
	t := target(id)
	r.touch("measure", id)
	m := Measure{ID: id, Run: run, Value: value, Target: t.Bound, Verdict: t.verdict(value.Median), Note: note}
	at := func() int { return slices.IndexFunc(r.Measures, func(m Measure) bool { return m.ID == id }) }
	if i := at(); i >= 0 {
		r.Measures[i] = m
		return &r.Measures[i]
	}
	r.Measures = append(r.Measures, m)
	slices.SortStableFunc(r.Measures, func(a, b Measure) int { return place(a.ID) - place(b.ID) })
	return &r.Measures[at()]
}

// Ran writes down how the candidates of a group did, in place of what an earlier run found of the group.
func (r *Report) Ran(group string, candidates []Candidate) {
	r.touch("group", group)
	r.Candidates = slices.DeleteFunc(r.Candidates, func(c Candidate) bool { return c.Group == group })
	r.Candidates = append(r.Candidates, candidates...)
	slices.SortStableFunc(r.Candidates, func(a, b Candidate) int { return groupPlace(a.Group) - groupPlace(b.Group) })
}

// Note writes down a fact, in place of what an earlier run found.
func (r *Report) Note(f Fact) {
	r.touch("fact", f.Group+"/"+f.Name)
	i := slices.IndexFunc(r.Facts, func(o Fact) bool { return o.Group == f.Group && o.Name == f.Name })
	if i >= 0 {
		r.Facts[i] = f
		return
	}
	r.Facts = append(r.Facts, f)
}

func (r *Report) touch(kind, name string) {
	if r.fresh == nil {
		r.fresh = map[string]bool{}
	}
	r.fresh[kind+" "+name] = true
}

// Fresh is what was written down since Load: what one run found.
func (r *Report) Fresh() *Report {
	out := &Report{}
	for _, m := range r.Measures {
		if r.fresh["measure "+m.ID] {
			out.Measures = append(out.Measures, m)
		}
	}
	for _, c := range r.Candidates {
		if r.fresh["group "+c.Group] {
			out.Candidates = append(out.Candidates, c)
		}
	}
	for _, f := range r.Facts {
		if r.fresh["fact "+f.Group+"/"+f.Name] {
			out.Facts = append(out.Facts, f)
		}
	}
	return out
}

// Faults are the measures that make the benchmark fail, in words. A missed aim is none.
func (r *Report) Faults() []string {
	var out []string
	for _, m := range r.Measures {
		switch t := target(m.ID); {
		case m.Verdict == Invalid:
			out = append(out, fmt.Sprintf("%s: %s", t.Name, m.Note))
		case t.Fail != 0 && m.Value.Median > t.Fail:
			out = append(out, fmt.Sprintf("%s: %.2f x %s, the bench fails above %.2f", t.Name, m.Value.Median, t.Against, t.Fail))
		}
	}
	return out
}
