package main

import (
	"context"
	"fmt"
	"time"

	"leadrelay/local/bench/lead"
	"leadrelay/local/bench/measure"
	"leadrelay/local/bench/peer"
	"leadrelay/local/bench/report"
)

// peers measures the Node program that a user would write beside the product, through the same gate and the same rounds.
func peers(ctx context.Context, b *bench) error {
	if !b.opts.peers {
		b.say("left out: PEERS=1 runs it, with npm")
		return nil
	}
	node, err := peer.Install(ctx, b.root)
	if err != nil {
		return err
	}
	defect := ""
	both := []candidate{b.product(), {name: peer.Name, path: peer.Path, queue: peer.Queue, program: node.Program, invalid: lead.InvalidToFloors(),
		read: func(text string) ([]byte, error) {
			var err error
			defect, err = peer.Defect(text, lead.Lead())
			return lead.Lead(), err
		}}}
	for _, c := range both {
		got, err := pass(ctx, c)
		if err != nil {
			return fmt.Errorf("%s does not pass: %w", c.name, err)
		}
		b.say("gate %-10s %s", c.name, summary(got))
	}
	b.say("%s: %s", node.Versions, defect)
	warm := *b
	warm.opts.warm = max(b.opts.warm, 3*time.Second) // what Node compiles it compiles in the first seconds
	got, err := warm.rounds(ctx, both, 16)
	if err != nil {
		return err
	}
	b.ran("receive beside a peer, c=16", product, names(both), got)
	b.report.Note(report.Fact{Group: "peers", Name: peer.Name, Run: b.how(), Value: got.Ratio(peer.Name, product, measure.CPU), Unit: "x the CPU of " + product, Note: node.Versions + ". " + defect})
	return nil
}
