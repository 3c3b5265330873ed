//go:build !race

package partnertest

import "testing"

// Allocates checks how often a driver allocates to judge and to decode its sample, in its first setup, at most.
// It says nothing under the race detector, which makes pools forget.
func Allocates(t *testing.T, h Harness, proof, decode float64) {
	body := read(t, h.Sample)
	p, r := open(t, h, h.Setups[0]), request(h, body)
	if n := testing.AllocsPerRun(100, func() { _ = judge(p, r, body) }); n > proof {
		t.Errorf("the proof takes %v allocations, want %v", n, proof)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = p.Decode(r, body) }); n > decode {
		t.Errorf("Decode takes %v allocations, want %v", n, decode)
	}
}
