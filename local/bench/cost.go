package main

import (
	"context"
	"time"

	"leadrelay/local/bench/cost"
	"leadrelay/local/bench/flow"
)

// costs counts what a lead asks of Azure and prices it.
func costs(ctx context.Context, b *bench) error {
	r, err := cost.NewReport(ctx, b.cores())
	if err != nil {
		return err
	}
	b.report.Cost = &r
	return nil
}

// cores is how much of a core a lead takes, Receive and Deliver, as far as results.json knows; with two destinations it is
// read off the line between one and eight.
func (b *bench) cores() map[int]time.Duration {
	of := func(group string) float64 {
		for _, c := range b.report.Candidates {
			if c.Group == group && c.Name == flow.Product {
				return c.CPU.Median
			}
		}
		return 0
	}
	receive, one, eight := of("receive, c=16"), of("deliver, 1 destinations"), of("deliver, 8 destinations")
	if receive == 0 || one == 0 || eight == 0 {
		return nil
	}
	out := map[int]time.Duration{}
	for _, n := range []int{1, 2, 8} {
		micro := receive + one + (eight-one)*float64(n-1)/7
		out[n] = time.Duration(micro * float64(time.Microsecond))
	}
	return out
}
