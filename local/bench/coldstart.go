package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"leadrelay/local/bench/lead"
	"leadrelay/local/bench/load"
	"leadrelay/local/bench/measure"
	"leadrelay/local/bench/report"
	"leadrelay/local/bench/sink"
)

// coldStarts is how often each candidate is started.
const coldStarts = 20

// coldStart measures from exec to the first answered webhook, the product and cej in turns, and counts what is asked of
// storage before.
func coldStart(ctx context.Context, b *bench) error {
	s, err := sink.Start(sink.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	calls, err := callsBefore(ctx, b.product(), s)
	if err != nil {
		return err
	}
	b.report.Measured("cold-calls", b.exact(), once(float64(calls)), "")
	both := []candidate{b.product(), b.floor("cej")}
	took := map[string][]float64{}
	var ratios []float64
	for i := range coldStarts + 2 {
		for _, c := range both {
			d, err := firstAnswer(ctx, c, s)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			if i >= 2 { // in the page cache by now
				took[c.name] = append(took[c.name], ms(d))
			}
		}
	}
	for i, d := range took[product] {
		ratios = append(ratios, d/took["cej"][i])
	}
	b.report.Measured("cold-start", b.how(), measure.SpreadOf(ratios), fmt.Sprintf("%d starts each, in turns", coldStarts))
	for _, c := range both {
		b.report.Note(report.Fact{Group: "cold start", Name: c.name, Run: b.how(), Value: measure.SpreadOf(took[c.name]), Unit: "ms"})
	}
	return nil
}

// callsBefore is how many requests reach storage before the first webhook: within a moment after the program listens.
func callsBefore(ctx context.Context, c candidate, s *sink.Sink) (int64, error) {
	before := s.Counts()
	p, err := c.start(ctx, s.ConnectionString())
	if err != nil {
		return 0, err
	}
	defer func() { _ = p.Stop() }()
	select {
	case <-time.After(300 * time.Millisecond):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	return s.Counts().Less(before).Total(), nil
}

// patience is how long a program may take to answer for the first time.
const patience = 10 * time.Second

// firstAnswer is the time from exec to the answer to the first webhook, which is sent until somebody listens.
func firstAnswer(ctx context.Context, c candidate, s *sink.Sink) (time.Duration, error) {
	program, err := c.at(s.ConnectionString())
	if err != nil {
		return 0, err
	}
	request := lead.Valid().Wire(program.Address, c.path)
	p, err := measure.Launch(ctx, program)
	if err != nil {
		return 0, err
	}
	defer func() { _ = p.Stop() }()
	for time.Since(p.Started) < patience {
		status, _, err := load.Once(program.Address, request)
		switch {
		case err != nil: // nobody listens yet; a sleep would last a millisecond (sink.alarm)
		case status != 200:
			return 0, fmt.Errorf("answered %d", status)
		default:
			return time.Since(p.Started), nil
		}
	}
	return 0, errors.New("no answer")
}
