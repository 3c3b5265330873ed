package main

import (
	"context"
	"fmt"
	"time"

	"leadrelay/local/bench/flow"
	"leadrelay/local/bench/measure"
	"leadrelay/local/bench/report"
)

// farDelay is how long everything far away takes where the time of a flow is measured, not its CPU.
const farDelay = 10 * time.Millisecond

// flows are the programs of the sections that measure Deliver and Drain.
func (b *bench) flows() flow.Bench {
	return flow.Bench{Plan: b.plan(), Warm: b.opts.warm, Span: b.opts.duration, Handler: b.program(handlerProgram), Bare: b.program(bareProgram)}
}

// deliver measures CPU per event against the floor, and the time of an event with eight destinations.
func deliver(ctx context.Context, b *bench) error {
	for _, n := range []int{1, 8} {
		got, err := b.flows().Deliver(ctx, n)
		if err != nil {
			return err
		}
		b.ran(fmt.Sprintf("deliver, %d destinations", n), flow.Floor, flow.Both(), got)
		b.ratio(fmt.Sprintf("deliver-%d", n), got, flow.Product, flow.Floor)
		for _, name := range flow.Both() {
			b.fact("deliver, requests to storage for one event", fmt.Sprintf("%s, %d destinations", name, n), "", got.Of(name, perOne))
		}
	}
	w, err := b.flows().Wall(ctx, 8, farDelay)
	if err != nil {
		return err
	}
	b.report.Measured("deliver-wall", b.how(), once(ms(w.Over)), fmt.Sprintf("median %.1f ms, p99 %.1f ms; %d round trips one after another, of %.1f ms each, the destinations together being one",
		ms(w.Median), ms(w.P99), w.Rounds, ms(w.Wait)))
	return nil
}

// perOne is how many requests to storage one event or message makes.
func perOne(s measure.Sample) float64 { return float64(s.Storage.Total()) / float64(max(s.N, 1)) }

func (b *bench) fact(group, name, unit string, value measure.Spread) {
	b.report.Note(report.Fact{Group: group, Name: name, Run: b.how(), Value: value, Unit: unit})
}
