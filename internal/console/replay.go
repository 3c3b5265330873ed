package console

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/oklog/ulid/v2"

	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner"
	"leadrelay/internal/registry"
)

// Outcome says what became of a replay of one event for one destination.
type Outcome struct {
	Receipt     string `json:"receipt"`
	Destination string `json:"destination,omitempty"` // name; empty for a rejected event that was put in again
	As          string `json:"as,omitempty"`          // the receipt under which a rejected event was put in again
	Refused     string `json:"refused,omitempty"`     // why it is not replayed
}

// Order is how a replay is to be done.
type Order struct {
	To     string `json:"to,omitempty"`    // name or id of the destination; empty: where it went, or was to go
	State  string `json:"state,omitempty"` // only deliveries in this state; empty: any that is settled
	Force  bool   `json:"force,omitempty"` // although the destination's filter says no
	DryRun bool   `json:"dry_run,omitempty"`
}

// ReplayOne sends one event again: to the destination of the order, or to each that it went to; a rejected one is judged
// by its partner's driver of today and, if that accepts it now, put in as a new event.
func (c *Console) ReplayOne(ctx context.Context, receipt string, o Order, w Who) ([]Outcome, error) {
	h, _, err := c.find(ctx, receipt, 0)
	if err != nil {
		return nil, err
	}
	all, err := c.names(ctx)
	if err != nil {
		return nil, err
	}
	to, err := destinationID(all, o.To)
	if err != nil {
		return nil, err
	}
	deed := c.deed(w, ledger.DeedReplayed)
	deed.Forced, deed.Replay = o.Force, newReplay()
	return c.replayEvent(ctx, h, to, o, deed, all)
}

// newReplay is the id of a replay.
func newReplay() string { return ulid.MustNew(ulid.Now(), rand.Reader).String() }

// replayEvent replays one event. to is the id of a destination, empty for those that it went to.
func (c *Console) replayEvent(ctx context.Context, h ledger.History, to string, o Order, deed ledger.Deed, all map[string]registry.Destination) ([]Outcome, error) {
	e := h.Event
	if e.Reject != nil {
		return c.replayRejected(ctx, h, deed, o.DryRun)
	}
	var ids []string
	for _, d := range h.Deliveries {
		if o.State == "" || string(d.State) == o.State || (deed.Replay != "" && d.Replay == deed.Replay) {
			ids = append(ids, d.Destination)
		}
	}
	if to != "" {
		ids = []string{to}
	}
	if len(ids) == 0 && o.State != "" {
		return nil, nil // it has changed since it was listed
	}
	if len(ids) == 0 {
		return []Outcome{{Receipt: e.Receipt, Refused: "it matched no destination: say to which one it is to go"}}, nil
	}
	var out []Outcome
	for _, id := range ids {
		d, ok := all[id]
		one := Outcome{Receipt: e.Receipt, Destination: nameOf(all, id)}
		if !ok {
			one.Refused = "the destination is gone"
			out = append(out, one)
			continue
		}
		var err error
		if one.Refused, err = c.Deliver.Replay(ctx, e, d, deed, o.DryRun); err != nil {
			return out, fmt.Errorf("replay %s to %s: %w", e.Receipt, d.Name, err)
		}
		out = append(out, one)
	}
	return out, nil
}

// replayRejected judges a rejected event once more. It keeps its time, so that it does not pass for newer than what came
// after it, and gets a receipt of its own.
func (c *Console) replayRejected(ctx context.Context, h ledger.History, deed ledger.Deed, dry bool) ([]Outcome, error) {
	e := h.Event
	refused := func(why string) ([]Outcome, error) { return []Outcome{{Receipt: e.Receipt, Refused: why}}, nil }
	for _, d := range h.Deeds {
		if d.What == ledger.DeedReplayed && d.Receipt != "" {
			if d.Replay == deed.Replay {
				return []Outcome{{Receipt: e.Receipt, As: d.Receipt}}, nil
			}
			return refused("it was put in again already, as " + d.Receipt)
		}
	}
	p, ok := c.Partners[e.Partner]
	if !ok {
		return refused("partner " + e.Partner + " has no settings here")
	}
	data, err := c.data(ctx, e)
	if errors.Is(err, ledger.ErrErased) {
		return refused("its payload is erased")
	}
	if err != nil {
		return nil, err
	}
	event, err := decodeAgain(p, data)
	if err != nil {
		return refused("it is still not valid: " + err.Error())
	}
	id, err := ulid.New(ulid.Timestamp(e.Received), rand.Reader)
	if err != nil {
		return nil, err
	}
	if dry {
		return []Outcome{{Receipt: e.Receipt}}, nil
	}
	m := ledger.Seal(c.Ledger.Hash, lead.Envelope{ID: id.String(), Partner: e.Partner, Time: e.Received, Data: data}, event)
	m.Via, m.Replays = e.Via, e.Receipt
	if err := c.Intake.Accept(ctx, m); err != nil {
		return nil, err
	}
	deed.Receipt = m.Envelope.ID
	return []Outcome{{Receipt: e.Receipt, As: m.Envelope.ID}}, c.Ledger.AddDeed(ctx, e.Key, deed)
}

// decodeAgain decodes a payload whose proofs were judged when it came. The error names fields and rules, no values.
func decodeAgain(p partner.Partner, data []byte) (lead.Event, error) {
	if err := lead.WellFormed(data); err != nil {
		return lead.Event{}, err
	}
	return p.Decode(partner.Request{}, data)
}
