package ledger

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/azure"
	"leadrelay/internal/lead"
)

// Conclude writes the one state of an event, out of what its deliveries say, to the event and to the row of its receipt.
// Both are guarded by ETag, and both ETags are older than what is read of the deliveries: whoever writes last has seen
// every delivery as it was after the write before.
func (l *Ledger) Conclude(ctx context.Context, key string) (State, error) {
	return l.conclude(ctx, key, "")
}

// ConcludeOpened is Conclude for an event that was opened just now.
func (l *Ledger) ConcludeOpened(ctx context.Context, o Opened) (State, error) {
	return l.conclude(ctx, o.Key, o.day)
}

// conclude takes the ETag of the receipt's row where it is known.
func (l *Ledger) conclude(ctx context.Context, key string, day azcore.ETag) (State, error) {
	for range races {
		state, err := l.concludeOnce(ctx, key, day)
		if !azure.Stale(err) {
			return state, err
		}
		day = ""
	}
	return "", &lead.Error{Kind: lead.Unavailable, Err: errors.New("the event changed under every try")}
}

func (l *Ledger) concludeOnce(ctx context.Context, key string, day azcore.ETag) (State, error) {
	e, ok, err := get(ctx, l.Events, key, eventRow)
	if err != nil || !ok {
		return "", err
	}
	at := Line{Key: key, Receipt: e.text("Receipt"), Partner: e.text("Partner"), Received: e.time("Received"), etag: day}
	if day == "" {
		seen, ok, err := l.line(ctx, at.Partner, at.Received, at.Receipt)
		if err != nil {
			return "", err
		}
		if ok {
			at = seen
			at.Key = key
		}
	}
	rows, err := l.deliveries(ctx, key)
	if err != nil {
		return "", err
	}
	state, sent := standing(e, rows)
	if state != e.state() {
		props := map[string]any{"State": string(state)}
		if state == Delivered || state == Dead {
			props["Finished"] = l.Now()
		}
		b, err := entity(key, eventRow, props)
		if err != nil {
			return "", err
		}
		if err := l.merge(ctx, b, e.etag); err != nil {
			return "", err
		}
	}
	if at.etag == "" || (at.State == state && at.sent == sent) {
		return state, l.reopenBook(ctx, at.Partner, at.Received) // somebody may have been killed before it
	}
	return state, l.markDay(ctx, at, state, sent, at.etag)
}

// standing is the state of an event and how each of its destinations stands, with the deliveries that the insert fixed
// and that are missing.
func standing(e row, rows map[string]Delivery) (State, string) {
	fixed := strings.Fields(e.text("Destinations"))
	var states []State
	var sent []Sent
	for id, d := range rows {
		states = append(states, d.State)
		sent = append(sent, Sent{Destination: id, State: d.State, Waiting: d.Waits(), Added: !slices.Contains(fixed, id)})
	}
	for _, id := range fixed {
		if _, ok := rows[id]; !ok {
			states, sent = append(states, InFlight), append(sent, Sent{Destination: id})
		}
	}
	state := Overall(states)
	if e.text("Reject") != "" {
		state = e.state() // it was never for anybody
	}
	return state, packSent(sent)
}

// sentOf is how the destinations of a new event stand.
func sentOf(targets []Target) string {
	var sent []Sent
	for _, t := range targets {
		sent = append(sent, Sent{Destination: t.ID, State: t.state(), Waiting: t.waits()})
	}
	return packSent(sent)
}
