package measure

import (
	"context"
	"errors"
	"os"
	"time"

	"leadrelay/local/bench/load"
	"leadrelay/local/bench/sink"
)

// Interval is a time during which a process is watched. The caller says at its end how much was done in it.
type Interval struct {
	process *Process
	sink    *sink.Sink
	from    reading
}

// reading is what the clocks show at one moment.
type reading struct {
	at       time.Time
	cpu, own time.Duration
	all      time.Duration
	core     time.Duration // of the program
	storage  sink.Counts
}

// Begin begins to watch a process and the sink that it writes to.
func Begin(p *Process, s *sink.Sink) (*Interval, error) {
	i := &Interval{process: p, sink: s}
	var err error
	i.from, err = i.read()
	return i, err
}

func (i *Interval) read() (r reading, err error) {
	r.storage = i.sink.Counts()
	all, each, err := busy()
	if err != nil {
		return r, err
	}
	r.all = all
	if TestCore < len(each) {
		r.core = each[TestCore]
	}
	own, err := OwnCPU()
	if err != nil {
		return r, err
	}
	r.own = own
	r.cpu, err = i.process.CPU()
	r.at = time.Now()
	return r, err
}

// End is the sample of the interval, in which n requests, events or messages were done.
func (i *Interval) End(n int64) (Sample, error) {
	to, err := i.read()
	if err != nil {
		return Sample{}, err
	}
	peak, err := i.process.Peak()
	if err != nil {
		return Sample{}, err
	}
	wall := to.at.Sub(i.from.at)
	share := func(d time.Duration) float64 { return d.Seconds() / wall.Seconds() }
	cpu, own := to.cpu-i.from.cpu, to.own-i.from.own
	return Sample{N: n, Wall: wall, CPU: cpu, Peak: peak, OwnCore: share(own), Storage: to.storage.Less(i.from.storage),
		// the clocks of /proc/stat tick, those of processes do not: a core may seem busier than one
		TestCore: min(1, max(share(to.core-i.from.core), share(cpu))),
		Foreign:  max(0, share(to.all-i.from.all-cpu-own))}, nil
}

// Loop is a closed-loop measurement: a load on a process for a while, of which the first part does not count.
type Loop struct {
	Load load.Options
	Warm time.Duration
	Span time.Duration // at least 2 s, for /proc/stat ticks every 10 ms
}

// Run puts the load on a process. It fails when an answer was not what was asked for.
func (l Loop) Run(ctx context.Context, p *Process, s *sink.Sink) (Sample, error) {
	running, err := load.Start(ctx, l.Load)
	if err != nil {
		return Sample{}, err
	}
	sample, err := l.watch(ctx, p, s, running)
	err = errors.Join(err, running.Stop())
	sample.All = running.Now().Good
	return sample, err
}

func (l Loop) watch(ctx context.Context, p *Process, s *sink.Sink, running *load.Load) (Sample, error) {
	if err := sleep(ctx, l.Warm); err != nil {
		return Sample{}, err
	}
	interval, err := Begin(p, s)
	if err != nil {
		return Sample{}, err
	}
	before := running.Now()
	if err := sleep(ctx, l.Span); err != nil {
		return Sample{}, err
	}
	done := running.Now().Less(before)
	sample, err := interval.End(done.Good)
	sample.Load = done
	return sample, err
}

// OwnCPU is how long this process has run so far, all threads together.
func OwnCPU() (time.Duration, error) { return cpuOf(os.Getpid()) }

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
