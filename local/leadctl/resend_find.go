package main

import (
	"context"
	"fmt"
	"strings"

	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
)

// findEvent is the last event about a lead, by the partner's name at the hub and the lead's id.
func findEvent(ctx context.Context, l *ledger.Ledger, partner, id string) (*knownEvent, error) {
	if lead.IsUUID(id) {
		id = strings.ToLower(id)
	}
	lines, _, err := l.OfLead(ctx, partner, l.Hash.Lead(partner, id), 10)
	if err != nil {
		return nil, fmt.Errorf("look for the lead in the ledger: %w", err)
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("the ledger knows no %s lead %s", partner, id)
	}
	e, ok, err := l.Event(ctx, lines[0].Key)
	if err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	if !ok {
		return nil, fmt.Errorf("the event of lead %s was removed from the ledger", id)
	}
	return &knownEvent{ledger: l, event: e}, nil
}
