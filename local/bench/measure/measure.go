// Package measure runs programs on a core of their own and says what they cost, in rounds that can be compared.
//
// The method is that of facts/performance.md §1 and §9. The program under test has core 1 to itself, everything else of the
// benchmark core 0. Its CPU is what the kernel says that the whole process ran, in nanoseconds. What others ran meanwhile
// is looked up too, and a round that they disturbed is run again. Candidates take turns within a round, in an order that is
// shuffled by a fixed seed, and only ratios within a round are compared: the machine is as fast for the one as for the other.
package measure

import (
	"time"

	"leadrelay/local/bench/load"
	"leadrelay/local/bench/sink"
)

// The cores.
const (
	OwnCore  = 0 // of the benchmark: load and storage
	TestCore = 1 // of the program under test
)

// The limits that make a sample one that counts.
const (
	// Calm is how many cores others may use; above it a round is run again.
	Calm = 0.15
	// Limit is how busy the program's core has to be for its CPU to be what limits the throughput.
	Limit = 0.95
	// Spare is how busy the benchmark's own core may be.
	Spare = 0.90
)

// Sample is one candidate in one round.
type Sample struct {
	Candidate string
	N         int64         // requests, events or messages: what the CPU is divided by
	Wall      time.Duration // the measured interval
	CPU       time.Duration // of the program
	TestCore  float64       // how busy the program's core was, 0 to 1
	OwnCore   float64       // how busy the benchmark kept its own, 0 to 1
	Foreign   float64       // cores that others used
	Peak      int64         // bytes: VmHWM at the end
	Storage   sink.Counts   // what came to the sink in the interval
	Load      load.Result   // what was answered in it
	All       int64         // what was answered from the first request to the last, warm-up included
	Runs      int           // how often it was run before it was calm, or taken as it was
}

// PerOne is the CPU of one request, event or message.
func (s Sample) PerOne() time.Duration {
	if s.N == 0 {
		return 0
	}
	return s.CPU / time.Duration(s.N)
}

// Rate is requests, events or messages each second.
func (s Sample) Rate() float64 { return float64(s.N) / s.Wall.Seconds() }

// Disturbed says that others used the machine meanwhile.
func (s Sample) Disturbed() bool { return s.Foreign > Calm }

// Unlimited says why the program's core was not what limited the throughput; empty when it was.
func (s Sample) Unlimited() string {
	switch {
	case s.TestCore < Limit:
		return "its core was not busy"
	case s.OwnCore > Spare:
		return "the benchmark's own core was too busy"
	}
	return ""
}
