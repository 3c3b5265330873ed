package report_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leadrelay/local/bench/load"
	"leadrelay/local/bench/measure"
	"leadrelay/local/bench/report"
)

func spread(median float64) measure.Spread {
	return measure.Spread{Median: median, Min: median - 0.1, Max: median + 0.1}
}

// TestAMissedAimIsToldAndOnlyABrokenFloorFails wants what the issue says: the benchmark fails above 1.0 x c2, and where
// something else was measured.
func TestAMissedAimIsToldAndOnlyABrokenFloorFails(t *testing.T) {
	for name, c := range map[string]struct {
		id      string
		value   float64
		verdict report.Verdict
		fails   bool
	}{
		"within":                 {"receive-16-c2", 0.72, report.OK, false},
		"missed":                 {"receive-16-c2", 0.73, report.Missed, false},
		"beyond the floor":       {"receive-16-c2", 1.01, report.Missed, true},
		"missed, no floor":       {"receive-16-cej", 5, report.Missed, false},
		"at least":               {"drain-rate", 93, report.OK, false},
		"less than it":           {"drain-rate", 92.9, report.Missed, false},
		"a count that must be 0": {"cold-calls", 1, report.Missed, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := &report.Report{}
			if m := r.Measured(c.id, report.Run{}, spread(c.value), ""); m.Verdict != c.verdict {
				t.Errorf("verdict %s", m.Verdict)
			}
			if faults := r.Faults(); (len(faults) > 0) != c.fails {
				t.Errorf("faults %q", faults)
			}
		})
	}
	r := &report.Report{}
	r.Measured("receive-16-cej", report.Run{}, spread(0.5), "").Verdict = report.Invalid
	if len(r.Faults()) != 1 {
		t.Error("an invalid measure does not fail")
	}
}

// TestARunKeepsWhatItDidNotMeasure writes two runs of different sections into one file.
func TestARunKeepsWhatItDidNotMeasure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.json")
	r, err := report.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	r.Measured("size", report.Run{Date: "2026-01-01"}, spread(12), "")
	r.Measured("receive-16-c2", report.Run{Date: "2026-01-01"}, spread(0.7), "")
	got := measure.Results{"a": {{N: 1000, Wall: time.Second, CPU: time.Millisecond, Load: load.Result{Times: load.Times{0, 1000}}}}}
	r.Ran("drain, c=8", []report.Candidate{report.Of("drain, c=8", "a", "a", got, report.Run{})})
	r.Ran("receive, c=16", []report.Candidate{report.Of("receive, c=16", "a", "a", got, report.Run{})})
	r.Note(report.Fact{Group: "g", Name: "f", Value: spread(1)})
	if err := r.Write(path); err != nil {
		t.Fatal(err)
	}
	if r, err = report.Load(path); err != nil {
		t.Fatal(err)
	}
	r.Measured("size", report.Run{Date: "2026-01-02"}, spread(13), "")
	if len(r.Measures) != 2 || r.Measures[0].ID != "receive-16-c2" || r.Measures[1].Run.Date != "2026-01-02" || len(r.Candidates) != 2 ||
		r.Candidates[0].Group != "receive, c=16" || r.Candidates[0].CPU.Median != 1 || len(r.Facts) != 1 {
		t.Errorf("after the second run: %+v", r)
	}
	if fresh := r.Fresh(); len(fresh.Measures) != 1 || len(fresh.Candidates) != 0 || len(fresh.Facts) != 0 {
		t.Errorf("the second run found %+v", fresh)
	}
	var text strings.Builder
	r.Text(&text)
	if !strings.Contains(text.String(), "handler, stripped") || !strings.Contains(text.String(), "drain, c=8") {
		t.Errorf("printed:\n%s", text.String())
	}
}

func TestTheREADMEKeepsWhatStandsAroundTheTables(t *testing.T) {
	r := &report.Report{}
	r.Measured("size", report.Run{Date: "2026-01-01"}, spread(12), "")
	const marks = "<!-- bench: written by `make bench ARGS=--readme` from local/bench/results.json -->\nold\n<!-- bench ends -->"
	once, err := r.InREADME("before\n" + marks + "\nafter")
	if err != nil {
		t.Fatal(err)
	}
	twice, err := r.InREADME(once)
	if err != nil {
		t.Fatal(err)
	}
	if once != twice || !strings.HasPrefix(once, "before\n<!--") || !strings.HasSuffix(once, "-->\nafter") || strings.Contains(once, "old") || !strings.Contains(once, "| handler, stripped | – |") {
		t.Errorf("the README is\n%s", once)
	}
	if _, err := r.InREADME("no marks"); err == nil {
		t.Error("a README without marks was written")
	}
}
