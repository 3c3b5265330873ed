package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
)

// Custody is the chain of custody of one event: what came, who was to get it and why others were not, and each try.
type Custody struct {
	Receipt      string            `json:"receipt"`
	DuplicateOf  string            `json:"duplicate_of,omitempty"` // the first receipt, when the one that was asked for is a duplicate
	Key          string            `json:"key"`                    // the keyed hash under which the ledger knows the event
	Partner      string            `json:"partner"`
	Verified     string            `json:"verified,omitempty"` // how its sender proved to be the partner
	Type         string            `json:"type"`
	Lead         string            `json:"lead,omitempty"`
	Received     time.Time         `json:"received"`
	State        string            `json:"state"`
	Notes        []lead.Note       `json:"notes,omitempty"`
	Rejected     *ledger.Rejection `json:"rejected,omitempty"`
	Replays      string            `json:"replays,omitempty"` // the rejected event's receipt
	Deliveries   []Delivery        `json:"deliveries,omitempty"`
	Passed       []ledger.Decision `json:"passed,omitempty"` // the destinations that it was not for, and why
	Duplicates   []Duplicate       `json:"duplicates,omitempty"`
	More         bool              `json:"more_duplicates,omitempty"`
	Deeds        []Deed            `json:"deeds,omitempty"`
	Payload      json.RawMessage   `json:"payload,omitempty"` // masked unless it was to be revealed
	PayloadBytes int               `json:"payload_bytes"`
	Unreadable   []byte            `json:"unreadable,omitempty"` // base64: a payload that is no JSON, revealed
	Masked       bool              `json:"masked,omitempty"`
	Erased       bool              `json:"erased,omitempty"` // the payload is gone
	ErasedAt     time.Time         `json:"erased_at,omitzero"`
}

// Delivery is one destination's part of the chain.
type Delivery struct {
	Destination string       `json:"destination"` // name
	ID          string       `json:"id"`
	State       string       `json:"state"`
	Tries       int          `json:"tries"`
	Due         time.Time    `json:"due,omitzero"`
	Reason      string       `json:"reason,omitempty"`
	Code        string       `json:"code,omitempty"`
	FarID       string       `json:"far_id,omitempty"` // Azure message id or ETag
	Assumed     bool         `json:"assumed,omitempty"`
	Stale       bool         `json:"stale,omitempty"` // a newer version of the lead had come by then
	Added       bool         `json:"added,omitempty"` // by a replay: it was not meant for it when it came
	Tags        []string     `json:"tags,omitempty"`
	Log         []ledger.Try `json:"log,omitempty"`
}

// Duplicate is a receipt that brought the event again, with the command that sends the event once more on purpose.
type Duplicate struct {
	Receipt  string    `json:"receipt"`
	Received time.Time `json:"received"`
	Again    string    `json:"again"`
}

// Deed is what a person did with the event.
type Deed struct {
	ledger.Deed
	Destination string `json:"destination,omitempty"` // name
}

// shownDuplicates is how many duplicates are shown of an event.
const shownDuplicates = 50

// Show tells the whole chain of custody of a receipt's event. With reveal the payload is as it came, and that somebody
// has seen it is written down first.
func (c *Console) Show(ctx context.Context, receipt string, reveal bool, w Who) (Custody, error) {
	h, n, err := c.find(ctx, receipt, shownDuplicates)
	if err != nil {
		return Custody{}, err
	}
	all, err := c.Destinations.List(ctx)
	if err != nil {
		return Custody{}, err
	}
	if reveal {
		deed := c.deed(w, ledger.DeedRevealed)
		if err := c.Ledger.AddDeed(ctx, h.Event.Key, deed); err != nil {
			return Custody{}, err
		}
		h.Deeds = append(h.Deeds, deed)
	}
	out := custody(h, byID(all))
	if out.Passed, err = c.Deliver.Passed(ctx, h.Event, all); err != nil {
		return Custody{}, err
	}
	if n.Receipt != h.Event.Receipt {
		out.Receipt, out.DuplicateOf = n.Receipt, h.Event.Receipt
	}
	return out, c.payload(ctx, h.Event, reveal, &out)
}

func custody(h ledger.History, all map[string]registry.Destination) Custody {
	e := h.Event
	out := Custody{Receipt: e.Receipt, Key: e.Key, Partner: e.Partner, Verified: e.Via, Type: e.Type, Lead: e.Subject, Received: e.Received,
		State: string(e.State), Notes: e.Notes, Rejected: e.Reject, Replays: e.Replays, More: h.More, ErasedAt: e.Erased}
	fixed := map[string]bool{}
	for _, id := range e.Destinations {
		fixed[id] = true
	}
	for _, d := range h.Deliveries {
		out.Deliveries = append(out.Deliveries, deliveryOf(d, fixed, all))
		delete(fixed, d.Destination)
	}
	for _, id := range e.Destinations {
		if fixed[id] {
			out.Deliveries = append(out.Deliveries, Delivery{Destination: nameOf(all, id), ID: id, State: "missing"})
		}
	}
	for _, r := range h.Duplicates {
		out.Duplicates = append(out.Duplicates, Duplicate{Receipt: r.Receipt, Received: r.Received, Again: "leadctl events replay " + e.Receipt})
	}
	for _, d := range h.Deeds {
		out.Deeds = append(out.Deeds, Deed{Deed: d, Destination: nameOf(all, d.Destination)})
	}
	return out
}

func deliveryOf(d ledger.Delivery, fixed map[string]bool, all map[string]registry.Destination) Delivery {
	out := Delivery{Destination: d.Name, ID: d.Destination, State: string(d.State), Tries: d.Tries, Reason: d.Reason, Code: d.Code, FarID: d.FarID,
		Assumed: d.Assumed, Stale: d.Stale, Added: !fixed[d.Destination], Tags: d.Tags, Log: d.Log}
	if now, ok := all[d.Destination]; ok || out.Destination == "" {
		out.Destination = d.Destination
		if ok {
			out.Destination = now.Name // it may have been renamed since
		}
	}
	if d.Waits() {
		out.State = Waiting
	}
	if d.State == ledger.InFlight {
		out.Due = d.Due
	}
	return out
}

// payload adds what came, masked unless it is to be revealed.
func (c *Console) payload(ctx context.Context, e ledger.Event, reveal bool, out *Custody) error {
	data, err := c.data(ctx, e)
	if errors.Is(err, ledger.ErrErased) {
		out.Erased = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("payload: %w", err)
	}
	out.PayloadBytes, out.Masked = len(data), !reveal
	switch {
	case lead.WellFormed(data) != nil && reveal:
		out.Unreadable = data
	case lead.WellFormed(data) != nil: // nothing of it can be told apart
	case reveal:
		out.Payload = data
	default:
		out.Payload, err = Mask(data)
	}
	return err
}

// data is what came: the payload of an event, or the bytes of a message that was none of ours.
func (c *Console) data(ctx context.Context, e ledger.Event) ([]byte, error) {
	if e.Partner == ledger.UnknownPartner && e.Erased.IsZero() {
		text, ok, err := c.Ledger.Unreadable(ctx, e.Key)
		if err != nil || ok {
			return text, err
		}
	}
	env, err := c.Ledger.Payload(ctx, e)
	return env.Data, err
}
