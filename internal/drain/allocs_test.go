//go:build !race

package drain_test

import "testing"

// The race detector makes pools forget, and with them what they save.
func TestDrainedLeadAllocatesLittle(t *testing.T) {
	d := newBench(t)
	if got := testing.AllocsPerRun(2, func() { d.run(t) }) / benchLeads; got > 100 {
		t.Errorf("%.1f allocations a lead; 79 were enough once", got)
	}
}
