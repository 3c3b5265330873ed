package flow

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"leadrelay/internal/app"
	"leadrelay/internal/config"
	"leadrelay/internal/registry"
	"leadrelay/local/azuresim"
	"leadrelay/local/bench/load"
	"leadrelay/local/bench/measure"
	"leadrelay/local/bench/sink"
)

// GrowDestinations measures the CPU of an event with so many registered destinations, of which one wants it. Each has a
// filter on a state and an amount; the candidates are named by the number of destinations.
//
// A handler reads its destinations anew every 30 s, and that grows with their number; it is measured apart, by [Bench.Reread].
func (b Bench) GrowDestinations(ctx context.Context, sizes []int) (measure.Results, error) {
	sinks := map[string]*sink.Sink{}
	var names []string
	for _, n := range sizes {
		s, err := b.lenders(ctx, n, selective)
		if err != nil {
			return nil, err
		}
		defer s.Close()
		name := strconv.Itoa(n)
		sinks[name], names = s, append(names, name)
	}
	return b.Plan.Run(ctx, names, func(ctx context.Context, candidate string) (measure.Sample, error) {
		s := sinks[candidate]
		p, err := b.startDeliver(ctx, Product, s, 0)
		if err != nil {
			return measure.Sample{}, err
		}
		defer func() { _ = p.Stop() }()
		sample, err := b.events(ctx, p, s, inFlight, b.Span)
		if err == nil {
			err = delivered(sample, 1)
		}
		return sample, err
	})
}

// selective is a filter that lets the benchmark's lead pass for the first destination only.
func selective(i int) string {
	state := "Minnesota"
	if i > 0 {
		state = fmt.Sprintf("State %d", i)
	}
	return fmt.Sprintf(`lead.address.state == %q && lead.amount >= %d`, state, 10_000+i)
}

// Reread is the CPU of reading n destinations anew, which a handler does every 30 s: the first event's, less that of a
// later one, so the start of the process is in it too.
func (b Bench) Reread(ctx context.Context, n int) (time.Duration, error) {
	s, err := b.lenders(ctx, n, selective)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	p, err := b.startDeliver(ctx, Product, s, 0)
	if err != nil {
		return 0, err
	}
	defer func() { _ = p.Stop() }()
	request, err := invocations(ctx, p.Address)
	if err != nil {
		return 0, err
	}
	var took [2]time.Duration
	for i := range took {
		before, err := p.CPU()
		if err != nil {
			return 0, err
		}
		if status, body, err := load.Once(p.Address, request(int64(i))); err != nil || status != 200 {
			return 0, fmt.Errorf("answered %d: %.300s: %w", status, body, err)
		}
		after, err := p.CPU()
		if err != nil {
			return 0, err
		}
		took[i] = after - before
	}
	return took[0] - took[1], nil
}

// Events of one run of GrowLedger: few, so that a ledger of ten does not grow to one of many.
const (
	warmEvents  = 200
	grownEvents = 1_000
)

// GrowLedger measures the CPU of an event with so many events in the ledger, which for once is a storage that keeps what it
// is told: the simulated account, over sockets. Only the handler's CPU counts. Each run adds 1,200 events of its own, so the
// smallest ledger is there for one run only. The candidates are named by the number of events.
func (b Bench) GrowLedger(ctx context.Context, sizes []int) (measure.Results, error) {
	var names []string
	ledgers := map[string]*azuresim.Server{}
	for _, n := range sizes {
		name := strconv.Itoa(n)
		names = append(names, name)
		if n < 10*grownEvents {
			continue // made anew for each run
		}
		sim, err := b.ledger(ctx, n)
		if err != nil {
			return nil, err
		}
		defer sim.Close()
		ledgers[name] = sim
	}
	begun := int64(0)
	return b.Plan.Run(ctx, names, func(ctx context.Context, candidate string) (measure.Sample, error) {
		sim := ledgers[candidate]
		if sim == nil {
			n, err := strconv.Atoi(candidate)
			if err != nil {
				return measure.Sample{}, err
			}
			if sim, err = b.ledger(ctx, n); err != nil {
				return measure.Sample{}, err
			}
			defer sim.Close()
		}
		begun += warmEvents + grownEvents
		return b.grown(ctx, sim, begun)
	})
}

// grown measures some events, whose leads begin at a number.
func (b Bench) grown(ctx context.Context, sim *azuresim.Server, first int64) (measure.Sample, error) {
	p, err := start(ctx, b.Handler, settings(sim.ConnectionString()))
	if err != nil {
		return measure.Sample{}, err
	}
	defer func() { _ = p.Stop() }()
	if err := some(ctx, p.Address, first, warmEvents); err != nil {
		return measure.Sample{}, err
	}
	s, err := sink.Start(sink.Options{}) // nothing comes to it
	if err != nil {
		return measure.Sample{}, err
	}
	defer s.Close()
	interval, err := measure.Begin(p, s)
	if err != nil {
		return measure.Sample{}, err
	}
	if err := some(ctx, p.Address, first+warmEvents, grownEvents); err != nil {
		return measure.Sample{}, err
	}
	return interval.End(grownEvents)
}

// some hands over n events one after another, whose leads begin at a number.
func some(ctx context.Context, address string, first, n int64) error {
	request, err := invocations(ctx, address)
	if err != nil {
		return err
	}
	c, err := load.Dial(address)
	if err != nil {
		return err
	}
	defer c.Close()
	for i := range n {
		if status, err := c.Do(request(first + i)); err != nil || status != 200 {
			return fmt.Errorf("an event was answered %d: %w", status, err)
		}
	}
	return nil
}

// ledger is a simulated account with one destination and at least n events, which the handler itself has delivered.
func (b Bench) ledger(ctx context.Context, n int) (*azuresim.Server, error) {
	sim := azuresim.New(azuresim.Options{LogSize: -1})
	if err := sim.Start(); err != nil {
		return nil, err
	}
	err := b.fill(ctx, sim, n)
	if err != nil {
		sim.Close()
	}
	return sim, err
}

func (b Bench) fill(ctx context.Context, sim *azuresim.Server, n int) error {
	env := config.New(settings(sim.ConnectionString()))
	backend := app.OpenBackend(env, time.Now)
	if backend.Destinations == nil {
		return env.Err()
	}
	if err := backend.Setup(ctx); err != nil {
		return err
	}
	specs, err := destinations(sim.ConnectionString(), 1, everything)
	if err != nil {
		return err
	}
	if _, err := backend.Account.Queue(lane).Create(ctx, nil); err != nil {
		return err
	}
	if _, err := backend.Destinations.Apply(ctx, specs, registry.ApplyOptions{}); err != nil {
		return err
	}
	p, err := start(ctx, b.Handler, settings(sim.ConnectionString()))
	if err != nil {
		return err
	}
	defer func() { _ = p.Stop() }()
	return fillBy(ctx, p.Address, int64(n), sim)
}

// fillBy delivers n events or a few more, several at once; the lender's queue is emptied meanwhile, because nobody reads it.
func fillBy(ctx context.Context, address string, n int64, sim *azuresim.Server) error {
	const first = 50_000_000 // leads that no run has
	request, err := invocations(ctx, address)
	if err != nil {
		return err
	}
	if n < 10*inFlight {
		return some(ctx, address, first, n)
	}
	running, err := load.Start(ctx, load.Options{Address: address, Connections: inFlight, Status: 200, Request: func(i int64) []byte { return request(first + i) }})
	if err != nil {
		return err
	}
	for now := running.Now(); now.Good < n && now.Bad == 0 && ctx.Err() == nil; now = running.Now() {
		time.Sleep(10 * time.Millisecond)
		sim.Queue(lane).Clear()
	}
	return running.Stop()
}
