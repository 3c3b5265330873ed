package report

import (
	"fmt"
	"slices"
	"strings"
)

// Target is what a measure must reach.
type Target struct {
	ID      string
	Name    string  // "receive, CPU per accepted lead, c=16"
	Against string  // what it is held against; "–" when it stands for itself
	Bound   float64 // the median must be at most this
	Least   bool    // at least this
	Unit    string  // "x", "ms", "MB", "allocs"
	Fail    float64 // above it the benchmark fails; zero: a miss is told, no more
}

// Targets are all there are, in the order of the table.
func Targets() []Target {
	list := []Target{
		{ID: "receive-16-cej", Name: "receive, CPU per accepted lead, c=16", Against: "cej", Bound: 1.0, Unit: "x"},
		{ID: "receive-16-c2", Name: "receive, CPU per accepted lead, c=16", Against: "c2", Bound: 0.72, Unit: "x", Fail: 1.0},
		{ID: "receive-64-cej", Name: "receive, CPU per accepted lead, c=64", Against: "cej", Bound: 1.0, Unit: "x"},
		{ID: "receive-64-c2", Name: "receive, CPU per accepted lead, c=64", Against: "c2", Bound: 0.72, Unit: "x", Fail: 1.0},
		{ID: "receive-allocs", Name: "receive, allocations per lead", Against: "–", Bound: 120, Unit: "allocs"},
		{ID: "receive-p99", Name: "receive, p99 at c=64, storage answering in 10 ms", Against: "the delay", Bound: 4, Unit: "ms more"},
	}
	for _, partner := range []string{"crf", "credzu", "cr3dentials", "referral"} {
		list = append(list, Target{ID: "decode-" + partner, Name: "decode and validate, " + partner, Against: "a bare jsontext token scan", Bound: 3, Unit: "x"})
	}
	for _, partner := range []string{"cr3dentials", "referral"} {
		list = append(list, Target{ID: "proof-" + partner, Name: "proof, " + partner, Against: "bare crypto/hmac", Bound: 1.3, Unit: "x"})
	}
	return append(list, []Target{
		{ID: "deliver-1", Name: "deliver, CPU per event, 1 destination, ledger and log rows included", Against: "bare", Bound: 1.25, Unit: "x"},
		{ID: "deliver-8", Name: "deliver, CPU per event, 8 destinations, ledger and log rows included", Against: "bare", Bound: 1.25, Unit: "x"},
		{ID: "deliver-wall", Name: "deliver, wall with 8 destinations at 10 ms each", Against: "slowest destination and the ledger's round trips", Bound: 5, Unit: "ms more"},
		{ID: "drain-8", Name: "drain, CPU per message, c=8", Against: "bare", Bound: 1.25, Unit: "x"},
		{ID: "drain-32", Name: "drain, CPU per message, c=32", Against: "bare", Bound: 1.25, Unit: "x"},
		{ID: "drain-rate", Name: "drain, throughput with 10 ms storage + 10 ms CRM, 32 in flight", Against: "ideal", Bound: 93, Least: true, Unit: "%"},
		{ID: "connections", Name: "connections opened for 64 parallel writers", Against: "–", Bound: 64, Unit: ""},
		{ID: "cold-start", Name: "cold start, exec to first answered webhook, page cache warm", Against: "cej", Bound: 1.3, Unit: "x"},
		{ID: "cold-calls", Name: "storage calls before the first request", Against: "–", Bound: 0, Unit: ""},
		{ID: "rss", Name: "peak RSS at c=64", Against: "–", Bound: 30, Unit: "MB"},
		{ID: "rss-flat", Name: "peak RSS after 1,000,000 leads", Against: "after the first tenth", Bound: 1.1, Unit: "x"},
		{ID: "size", Name: "handler, stripped", Against: "–", Bound: 14, Unit: "MB"},
		{ID: "growth-destinations-100", Name: "growth: cost per event with 100 destinations, 1 matching", Against: "10", Bound: 1.2, Unit: "x"},
		{ID: "growth-destinations-1000", Name: "growth: cost per event with 1,000 destinations, 1 matching", Against: "10", Bound: 1.2, Unit: "x"},
		{ID: "growth-ledger-1000", Name: "growth: cost per event with 1,000 events in the ledger", Against: "10", Bound: 1.2, Unit: "x"},
		{ID: "growth-ledger-100000", Name: "growth: cost per event with 100,000 events in the ledger", Against: "10", Bound: 1.2, Unit: "x"},
	}...)
}

// place is where a target stands in the table.
func place(id string) int {
	return slices.IndexFunc(Targets(), func(t Target) bool { return t.ID == id })
}

// target panics for one that is not in the table: a mistake of the program.
func target(id string) Target {
	i := place(id)
	if i < 0 {
		panic("report: no target " + id)
	}
	return Targets()[i]
}

func (t Target) verdict(value float64) Verdict {
	if t.Least && value < t.Bound || !t.Least && value > t.Bound {
		return Missed
	}
	return OK
}

// bound is the target in a table.
func (t Target) bound() string {
	sign := "≤"
	if t.Least {
		sign = "≥"
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", sign, figure(t.Bound), t.unit()))
}

func (t Target) unit() string {
	if t.Unit == "x" {
		return "×"
	}
	return t.Unit
}

// figure writes a number with as many digits as it deserves.
func figure(v float64) string {
	switch {
	case v == float64(int64(v)):
		return fmt.Sprintf("%d", int64(v))
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// groupPlace is where a group of candidates stands: receive, deliver, drain, others.
func groupPlace(group string) int {
	for i, flow := range []string{"receive", "deliver", "drain"} {
		if strings.HasPrefix(group, flow) {
			return i
		}
	}
	return 3
}
