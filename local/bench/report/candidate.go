package report

import (
	"leadrelay/local/bench/measure"
)

// Of says how a candidate did in the rounds of a group.
func Of(group, name, base string, got measure.Results, run Run) Candidate {
	micro := func(share float64) func(measure.Sample) float64 {
		return func(s measure.Sample) float64 { return float64(s.Load.Times.Quantile(share)) / 1e3 }
	}
	c := Candidate{Group: group, Name: name, Run: run, Base: base, Rounds: len(got[name]),
		CPU: got.Of(name, measure.CPU), Ratio: got.Ratio(name, base, measure.CPU), Rate: got.Of(name, measure.Sample.Rate),
		P50: got.Of(name, micro(0.50)), P99: got.Of(name, micro(0.99))}
	for _, s := range got[name] {
		c.Peak, c.Foreign = max(c.Peak, s.Peak), max(c.Foreign, s.Foreign)
		if !s.Disturbed() {
			c.Calm++
		}
		if n := s.Storage.Requests["PutMessage"]; n > 0 {
			c.Wire = float64(s.Storage.Bodies["PutMessage"]) / float64(n)
		}
		if s.N > 0 {
			c.Opened = max(c.Opened, 1000*float64(s.Storage.Opened)/float64(s.N))
		}
	}
	return c
}
