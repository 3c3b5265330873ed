package flow

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"leadrelay/local/bench/bare/script"
	"leadrelay/local/bench/load"
	"leadrelay/local/bench/measure"
	"leadrelay/local/bench/sink"
	"leadrelay/local/bench/tap"
)

// The candidates.
const (
	Product = "leadrelay"
	Floor   = "bare"
)

// Both are the candidates of every comparison.
func Both() []string { return []string{Product, Floor} }

// inFlight is how many messages the host hands over at once: batchSize of host.json.
const inFlight = 16

// Deliver measures the CPU of an event, a first lead, with n destinations that it is for: 1, 2 or 8, for which there are
// floors.
func (b Bench) Deliver(ctx context.Context, n int) (measure.Results, error) {
	s, err := b.lenders(ctx, n, everything)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return b.Plan.Run(ctx, Both(), func(ctx context.Context, candidate string) (measure.Sample, error) {
		p, err := b.startDeliver(ctx, candidate, s, n)
		if err != nil {
			return measure.Sample{}, err
		}
		defer func() { _ = p.Stop() }()
		sample, err := b.events(ctx, p, s, inFlight, b.Span)
		if err == nil {
			err = delivered(sample, n)
		}
		return sample, err
	})
}

// events hands events to a program, each of another lead, as the host does.
func (b Bench) events(ctx context.Context, p *measure.Process, s *sink.Sink, atOnce int, span time.Duration) (measure.Sample, error) {
	request, err := invocations(ctx, p.Address)
	if err != nil {
		return measure.Sample{}, err
	}
	return measure.Loop{Load: load.Options{Address: p.Address, Connections: atOnce, Request: request, Status: 200}, Warm: b.Warm, Span: span}.Run(ctx, p, s)
}

// delivered holds what came to the storage against what was answered: a put for each event and destination.
func delivered(s measure.Sample, n int) error {
	puts, unknown := s.Storage.Requests[sink.PutMessage.String()], s.Storage.Requests[sink.Unknown.String()]
	if lost, most := puts-s.N*int64(n), int64(inFlight*n); lost > most || -lost > most {
		return fmt.Errorf("%d events with %d destinations were answered and %d messages put", s.N, n, puts)
	}
	if unknown > 0 {
		return fmt.Errorf("%d requests that the sink does not know", unknown)
	}
	return nil
}

// lenders is a sink with n registered destinations.
func (b Bench) lenders(ctx context.Context, n int, filter func(i int) string) (*sink.Sink, error) {
	s, err := sink.Start(sink.Options{})
	if err != nil {
		return nil, err
	}
	specs, err := destinations(s.ConnectionString(), n, filter)
	if err == nil {
		err = put(ctx, s, specs)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (b Bench) startDeliver(ctx context.Context, candidate string, s *sink.Sink, n int) (*measure.Process, error) {
	if candidate == Floor {
		return start(ctx, b.Bare, []string{"AzureWebJobsStorage=" + s.ConnectionString()}, "deliver", "-n", strconv.Itoa(n), "-lender", s.URL(sink.Queue))
	}
	return start(ctx, b.Handler, settings(s.ConnectionString()))
}

// Walled is how long one event takes when everything far away takes Delay.
type Walled struct {
	Destinations int
	Delay        time.Duration // as it was asked for
	Wait         time.Duration // as it really was, on average
	Rounds       int           // round trips one after another, all destinations together being one
	Ideal        time.Duration // Rounds × Wait
	Median, P99  time.Duration
	Over         time.Duration // Median beyond Ideal
}

// Wall measures the time of an event with n destinations, one event at a time.
func (b Bench) Wall(ctx context.Context, n int, delay time.Duration) (Walled, error) {
	out := Walled{Destinations: n, Delay: delay}
	recorded, err := script.Load("deliver" + strconv.Itoa(n))
	if err != nil {
		return out, err
	}
	out.Rounds = len(recorded.Stages())
	s, err := b.lenders(ctx, n, everything)
	if err != nil {
		return out, err
	}
	defer s.Close()
	for _, service := range []sink.Service{sink.Queue, sink.Table, sink.Blob} {
		s.SetDelay(service, delay)
	}
	p, err := b.startDeliver(ctx, Product, s, n)
	if err != nil {
		return out, err
	}
	defer func() { _ = p.Stop() }()
	sample, err := b.events(ctx, p, s, 1, 3*b.Span)
	if err == nil {
		err = delivered(sample, n)
	}
	if err != nil {
		return out, fmt.Errorf("wall of %d: %w", n, err)
	}
	out.Wait, out.Median, out.P99 = sample.Storage.MeanWait(), sample.Load.Times.Quantile(0.5), sample.Load.Times.Quantile(0.99)
	out.Ideal = time.Duration(out.Rounds) * out.Wait
	out.Over = out.Median - out.Ideal
	return out, nil
}

// lane is the queue that is drained.
const lane = tap.Lender + "-0"
