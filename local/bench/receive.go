package main

import (
	"context"
	"fmt"
	"slices"

	"leadrelay/local/bench/measure"
	"leadrelay/local/bench/report"
	"leadrelay/local/bench/sink"
)

// base is the floor to which the ratios of CPU are printed.
const base = "c2"

// receive measures CPU per accepted lead: one queue destination, storage that answers at once.
func receive(ctx context.Context, b *bench) error {
	if err := gate(ctx, b); err != nil {
		return err
	}
	for _, connections := range []int{16, 64} {
		got, err := b.rounds(ctx, b.candidates(), connections)
		if err != nil {
			return err
		}
		b.ran(fmt.Sprintf("receive, c=%d", connections), base, names(b.candidates()), got)
		for _, floor := range floors()[1:] {
			b.ratio(fmt.Sprintf("receive-%d-%s", connections, floor), got, product, floor)
		}
		if connections == 64 {
			peak := got.Of(product, func(s measure.Sample) float64 { return megabytes(s.Peak) })
			b.report.Measured("rss", b.how(), peak, "")
		}
	}
	return nil
}

// rounds measures candidates by their throughput.
func (b *bench) rounds(ctx context.Context, list []candidate, connections int) (measure.Results, error) {
	s, err := sink.Start(sink.Options{})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	b.say("rounds of %s at c=%d, seed %d", b.opts.duration, connections, b.opts.seed)
	return b.plan().Run(ctx, names(list), func(ctx context.Context, name string) (measure.Sample, error) {
		c := list[slices.IndexFunc(list, func(c candidate) bool { return c.name == name })]
		return b.closedLoop(ctx, c, s, connections)
	})
}

func names(list []candidate) []string {
	var out []string
	for _, c := range list {
		out = append(out, c.name)
	}
	return out
}

// tolerance is how many leads in a thousand may be put twice: after 2 s without an answer the product tries again, and on
// a machine that others use, a moment may be that long.
const tolerance = 1

// closedLoop starts a candidate, loads it for a while and ends it. Of each lead that was answered one put has to come.
func (b *bench) closedLoop(ctx context.Context, c candidate, s *sink.Sink, connections int) (measure.Sample, error) {
	p, err := c.start(ctx, s.ConnectionString())
	if err != nil {
		return measure.Sample{}, err
	}
	defer func() { _ = p.Stop() }()
	before := s.Counts()
	sample, err := measure.Loop{Load: c.load(p.Address, connections), Warm: b.opts.warm, Span: b.opts.duration}.Run(ctx, p, s)
	if err != nil {
		return sample, err
	}
	came := s.Counts().Less(before)
	if puts := came.Requests[sink.PutMessage.String()]; puts < sample.All || puts-sample.All > sample.All*tolerance/1000 {
		return sample, fmt.Errorf("%d leads were answered and %d put", sample.All, puts)
	}
	if n := came.Requests[sink.Unknown.String()]; n > 0 {
		return sample, fmt.Errorf("%d requests to storage that the sink does not know", n)
	}
	return sample, nil
}

// ran writes down how the candidates of a group did, in the order of the table.
func (b *bench) ran(group, base string, order []string, got measure.Results) {
	var out []report.Candidate
	for _, c := range order {
		out = append(out, report.Of(group, c, base, got, b.how()))
	}
	b.report.Ran(group, out)
}

// ratio writes down a ratio of CPU against its target. It is INVALID when the core of one of the two was not the limit in
// a round that nobody disturbed.
func (b *bench) ratio(id string, got measure.Results, candidate, against string) {
	m := b.report.Measured(id, b.how(), got.Ratio(candidate, against, measure.CPU), "")
	for i := range got[candidate] {
		for _, s := range []measure.Sample{got[candidate][i], got[against][i]} {
			switch why := s.Unlimited(); {
			case s.Disturbed():
				m.Disturbed++
			case why != "":
				m.Verdict, m.Note = report.Invalid, fmt.Sprintf("%s in round %d: %s", s.Candidate, i+1, why)
			}
		}
	}
	m.Disturbed = min(m.Disturbed, len(got[candidate]))
}

func megabytes(n int64) float64 { return float64(n) / 1e6 }
