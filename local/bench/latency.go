package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"leadrelay/local/bench/measure"
	"leadrelay/local/bench/sink"
)

// storageDelay is how long storage takes in the sections in which it takes any time: about what Azure takes.
const storageDelay = 10 * time.Millisecond

// latency measures the product's p99 at c=64 with storage that answers in 10 ms, beside phys and cej. The sink's own lateness
// and the load's are in it: what an answer really took on average is told beside it, and phys shows what is left.
func latency(ctx context.Context, b *bench) error {
	if err := gate(ctx, b); err != nil {
		return err
	}
	s, err := sink.Start(sink.Options{Delay: storageDelay})
	if err != nil {
		return err
	}
	defer s.Close()
	list := []candidate{b.product(), b.floor("phys"), b.floor("cej")}
	b.say("rounds of %s at c=64, storage answers in %v", b.opts.duration, storageDelay)
	got, err := b.plan().Run(ctx, names(list), func(ctx context.Context, name string) (measure.Sample, error) {
		c := list[slices.IndexFunc(list, func(c candidate) bool { return c.name == name })]
		return b.closedLoop(ctx, c, s, 64)
	})
	if err != nil {
		return err
	}
	more := func(s measure.Sample) float64 { return ms(s.Load.Times.Quantile(0.99) - storageDelay) }
	waits := got.Of(product, func(s measure.Sample) float64 { return ms(s.Storage.MeanWait()) })
	m := b.report.Measured("receive-p99", b.how(), got.Of(product, more),
		fmt.Sprintf("storage took %.1f ms on average; phys %.1f ms more, cej %.1f", waits.Median, got.Of("phys", more).Median, got.Of("cej", more).Median))
	for _, s := range got[product] {
		if s.Disturbed() {
			m.Disturbed++
		}
	}
	return nil
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }
