package main

import (
	"context"
	"fmt"
	"strconv"

	"leadrelay/local/bench/measure"
)

// growth measures what an event costs as destinations and the ledger grow.
func growth(ctx context.Context, b *bench) error {
	sizes := []int{10, 100, 1_000}
	got, err := b.flows().GrowDestinations(ctx, sizes)
	if err != nil {
		return err
	}
	b.grown("destinations", sizes, got)
	reread, err := b.flows().Reread(ctx, sizes[2])
	if err != nil {
		return err
	}
	b.fact("growth", fmt.Sprintf("reading %d destinations anew, every 30 s", sizes[2]), "ms CPU", once(ms(reread)))
	sizes = []int{10, 1_000, 100_000}
	if got, err = b.flows().GrowLedger(ctx, sizes); err != nil {
		return err
	}
	b.grown("ledger", sizes, got)
	return nil
}

// grown writes down the cost at each size against that at the first.
func (b *bench) grown(what string, sizes []int, got measure.Results) {
	first := strconv.Itoa(sizes[0])
	for _, n := range sizes {
		name := strconv.Itoa(n)
		b.fact("growth", fmt.Sprintf("CPU of an event, %s: %s", what, name), "µs", got.Of(name, measure.CPU))
		if name != first {
			b.report.Measured(fmt.Sprintf("growth-%s-%d", what, n), b.how(), got.Ratio(name, first, measure.CPU), "")
		}
	}
}
