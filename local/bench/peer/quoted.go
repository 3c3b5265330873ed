package peer

import "leadrelay/local/bench/measure"

// Kind is what was measured of a peer.
type Kind string

// The measures that are quoted.
const (
	Intake    Kind = "intake, CPU µs per lead, c=16"
	DrainCPU  Kind = "drain, CPU µs per message"
	DrainRate Kind = "drain, messages/s with 10 ms storage and 10 ms CRM"
	Lost      Kind = "drain, leads lost of 64 when the CRM always answers 500"
	ColdStart Kind = "cold start, ms to the first answered lead"
	Peak      Kind = "peak memory at c=64, MB"
)

// Kinds are all of them, in the order of the table.
func Kinds() []Kind { return []Kind{Intake, DrainCPU, DrainRate, Lost, ColdStart, Peak} }

// Quote is a figure that this benchmark does not measure: it was measured by hand, with other programs of the same kind, on the
// same kind of machine (2 cores, AMD EPYC; facts/performance.md §2 to §6), and stands here as it was found.
type Quote struct {
	Who     string
	Measure Kind
	Value   measure.Spread
}

// The peers. What each did is in local/bench/README.md.
const (
	redpanda = "Redpanda Connect 4.102.0"
	nodeSDK  = "Node 20, ajv, @azure/storage-queue 12.30.0"
	nodeRaw  = "Node 20, ajv, bare http.request"
	goSDK    = "Go, encoding/json, validator, azqueue 1.0.1, transport tuned"
	goHand   = "Go, net/http, by hand, two batches of 32"
)

// Quoted are all quotes.
func Quoted() []Quote {
	of := func(median, low, high float64) measure.Spread {
		return measure.Spread{Median: median, Min: low, Max: high}
	}
	one := func(v float64) measure.Spread { return of(v, v, v) }
	return []Quote{
		{nodeRaw, Intake, of(54.4, 52.0, 57.7)}, {goSDK, Intake, of(108.9, 108.6, 113.2)}, {nodeSDK, Intake, of(216.4, 214.5, 232.0)}, {redpanda, Intake, of(264.1, 256.7, 278.3)},
		{goHand, DrainCPU, of(29.4, 28.4, 30.3)}, {redpanda, DrainCPU, of(87.0, 85.6, 93.9)}, {nodeSDK, DrainCPU, of(161.5, 154.6, 175.9)},
		{goHand, DrainRate, of(1465, 1463, 1480)}, {redpanda, DrainRate, of(1444, 1443, 1459)}, {nodeSDK, DrainRate, of(874, 874, 885)},
		{redpanda, Lost, one(64)},
		{goSDK, ColdStart, of(5.7, 4.3, 6.5)}, {redpanda, ColdStart, of(33.5, 32.1, 35.4)}, {nodeRaw, ColdStart, of(115.5, 114.0, 123.1)}, {nodeSDK, ColdStart, of(201.5, 199.3, 213.6)},
		{goSDK, Peak, one(25)}, {redpanda, Peak, one(48)}, {nodeRaw, Peak, one(101)}, {nodeSDK, Peak, one(150)},
	}
}
