package main

import (
	"context"
	"fmt"

	"leadrelay/local/bench/flow"
	"leadrelay/local/bench/peer"
)

// drain measures CPU per message against the floor, the throughput where everything far away takes its time, and that
// nothing is lost when the CRM fails.
func drain(ctx context.Context, b *bench) error {
	for _, n := range []int{8, 32} {
		got, err := b.flows().Drain(ctx, n)
		if err != nil {
			return err
		}
		b.ran(fmt.Sprintf("drain, %d in flight", n), flow.Floor, flow.Both(), got)
		b.ratio(fmt.Sprintf("drain-%d", n), got, flow.Product, flow.Floor)
	}
	if err := b.drainRate(ctx); err != nil {
		return err
	}
	lost, of, err := b.flows().Lost(ctx)
	if err != nil {
		return err
	}
	b.fact("drain, the CRM always fails", fmt.Sprintf("messages lost of %d", of), "", once(float64(lost)))
	if lost > 0 {
		return fmt.Errorf("%d of %d messages are lost when the CRM fails", lost, of)
	}
	return nil
}

// drainRate measures messages a second with 32 in flight, which is what is held against the ideal, and with as many as a
// lane has when nobody says anything.
func (b *bench) drainRate(ctx context.Context) error {
	const group = "drain, messages a second with 10 ms storage and 10 ms CRM"
	for _, n := range []int{32, 64} {
		t, err := b.flows().Flow(ctx, n, farDelay)
		if err != nil {
			return err
		}
		if n == 32 {
			share := t.Share
			share.Median, share.Min, share.Max = 100*share.Median, 100*share.Min, 100*share.Max
			b.report.Measured("drain-rate", b.how(), share, fmt.Sprintf("%.0f of %.0f a second: 32 in %d round trips of %.1f ms, one after another", t.Rate.Median, t.Ideal, t.Rounds, ms(t.Wait)))
		}
		b.fact(group, fmt.Sprintf("%s, %d in flight", flow.Product, n), "1/s", t.Rate)
	}
	for _, q := range peer.Quoted() {
		if q.Measure == peer.DrainRate {
			b.fact(group, q.Who+", quoted", "1/s", q.Value)
		}
	}
	return nil
}
