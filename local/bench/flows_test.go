package main

import (
	"fmt"
	"testing"

	"leadrelay/local/bench/flow"
	"leadrelay/local/bench/measure"
	"leadrelay/local/dist"
)

// TestTheFlows takes Deliver and Drain against their floors in short rounds, and counts what each asks of the storage.
func TestTheFlows(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs programs")
	}
	if err := measure.Able(); err != nil {
		t.Skip(err)
	}
	b := short(t)
	root, err := checkout()
	if err != nil {
		t.Fatal(err)
	}
	if err := dist.Build(t.Context(), root, "./local/bench/bare", b.program(bareProgram), false); err != nil {
		t.Fatal(err)
	}
	flows := b.flows()
	flows.Messages = 3_000
	for _, n := range []int{1, 8} {
		got, err := flows.Deliver(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		within(t, got, fmt.Sprintf("deliver-%d", n))
		ours, theirs := got.Of(flow.Product, perOne).Median, got.Of(flow.Floor, perOne).Median
		if ours > theirs+float64(n)/3 { // the floor waits for all outcomes; those that come early are written early
			t.Errorf("with %d destinations an event makes %.2f requests, and its floor %.2f", n, ours, theirs)
		}
	}
	got, err := flows.Drain(t.Context(), 32)
	if err != nil {
		t.Fatal(err)
	}
	within(t, got, "drain-32")
	lost, of, err := flows.Lost(t.Context())
	if err != nil || lost != 0 {
		t.Errorf("the CRM fails: %d of %d messages are lost, %v", lost, of, err)
	}
}

// within holds the ratio of the product to its floor to twice what is allowed.
func within(t *testing.T, got measure.Results, id string) {
	t.Helper()
	ratio, most := got.Ratio(flow.Product, flow.Floor, measure.CPU), 2*allowed(t, id)
	t.Logf("%s: %.2f (%.2f to %.2f)", id, ratio.Median, ratio.Min, ratio.Max)
	if ratio.Median > most {
		t.Errorf("%s: %.2f x the floor, more than %.2f", id, ratio.Median, most)
	}
}
