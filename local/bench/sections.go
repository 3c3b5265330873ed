package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// section is one part of the benchmark.
type section struct {
	name, about string
	exact       bool // it needs no core of its own
	run         func(ctx context.Context, b *bench) error
}

// sections are all parts, in the order in which they run: first what is exact.
func sections() []section {
	return []section{
		{"gate", "every candidate is correct before it is measured", true, gate},
		{"size", "the handler, stripped", true, size},
		{"connections", "what 64 parallel writers open", true, connections},
		{"allocs", "allocations of one lead, in this process over a real server", true, allocations},
		{"decode", "each partner's decode, validation and proof, in this process", false, decode},
		{"coldstart", "exec to first answered webhook", false, coldStart},
		{"receive", "CPU per accepted lead, c=16 and c=64, against the floors", false, receive},
		{"latency", "p99 with storage answering in 10 ms", false, latency},
		{"memory", "peak RSS over a million leads", false, memory},
		{"deliver", "CPU per event against the same requests alone; time of an event with eight destinations", false, deliver},
		{"drain", "CPU per message against the same requests alone; throughput; what is lost when the CRM fails", false, drain},
		{"growth", "CPU per event as destinations and the ledger grow", false, growth},
		{"peers", "the Node program that a user would write; only with PEERS=1", false, peers},
		{"cost", "operations, dollars and ceilings of a lead; what a month costs in which none comes", true, costs},
	}
}

// choose picks sections by name; the gate is always among those that run programs.
func choose(only string) ([]section, error) {
	if only == "" {
		return sections(), nil
	}
	var out []section
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(sections(), func(s section) bool { return s.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no section %q; --help lists them", name)
		}
		out = append(out, sections()[i])
	}
	return out, nil
}

// sections runs the chosen ones.
func (b *bench) sections(ctx context.Context, chosen []section, able bool) error {
	for _, s := range chosen {
		if !s.exact && !able {
			b.say("%s: left out, it cannot be measured here", s.name)
			continue
		}
		b.say("-- %s: %s", s.name, s.about)
		if err := s.run(ctx, b); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}
