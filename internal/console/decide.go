package console

import (
	"context"
	"errors"
	"fmt"

	"leadrelay/internal/ledger"
)

// ErrNotWaiting says that no delivery of an event waits for a person.
var ErrNotWaiting = errors.New("nothing of it waits for a person")

// Release lets the deliveries of an event go that wait for a person, such as for its fraud score: that of one destination,
// or of all when none is named.
func (c *Console) Release(ctx context.Context, receipt, destination string, w Who) ([]Outcome, error) {
	return c.decide(ctx, receipt, destination, c.deed(w, ledger.DeedReleased), c.Deliver.Release)
}

// Refuse ends them as dead instead.
func (c *Console) Refuse(ctx context.Context, receipt, destination string, w Who) ([]Outcome, error) {
	return c.decide(ctx, receipt, destination, c.deed(w, ledger.DeedRefused), c.Deliver.Refuse)
}

type decision func(ctx context.Context, e ledger.Event, destination string, deed ledger.Deed) (string, error)

func (c *Console) decide(ctx context.Context, receipt, destination string, deed ledger.Deed, do decision) ([]Outcome, error) {
	h, _, err := c.find(ctx, receipt, 0)
	if err != nil {
		return nil, err
	}
	all, err := c.names(ctx)
	if err != nil {
		return nil, err
	}
	id, err := destinationID(all, destination)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, d := range h.Deliveries {
		if d.Waits() && id == "" {
			ids = append(ids, d.Destination)
		}
	}
	if id != "" {
		ids = []string{id}
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("%s: %w", receipt, ErrNotWaiting)
	}
	var out []Outcome
	for _, id := range ids {
		no, err := do(ctx, h.Event, id, deed)
		if err != nil {
			return out, err
		}
		out = append(out, Outcome{Receipt: h.Event.Receipt, Destination: nameOf(all, id), Refused: no})
	}
	return out, nil
}
