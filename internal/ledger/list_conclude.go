package ledger

import (
	"context"
	"errors"
	"slices"
	"strings"

	"leadrelay/internal/azure"
	"leadrelay/internal/lead"
)

// Conclude writes the one state of an event, out of what its deliveries say, to the event and to the row of its receipt.
// Both are guarded by ETag, and both ETags are older than what is read of the deliveries: whoever writes last has seen
// every delivery as it was after the write before. While the event's first tries are made it writes the event's row in any
// case, so that [FirstTries], which does not read, sees that somebody else was there.
func (l *Ledger) Conclude(ctx context.Context, key string) (State, error) {
	for range races {
		state, err := l.concludeOnce(ctx, key)
		if !azure.Stale(err) {
			return state, err
		}
	}
	return "", &lead.Error{Kind: lead.Unavailable, Err: errors.New("the event changed under every try")}
}

func (l *Ledger) concludeOnce(ctx context.Context, key string) (State, error) {
	e, ok, err := l.events.get(ctx, key, eventRow)
	if err != nil || !ok {
		return "", err
	}
	at := Line{Key: key, Receipt: e.Text("Receipt"), Partner: e.Text("Partner"), Received: e.Time("Received")}
	seen, ok, err := l.line(ctx, at.Partner, at.Received, at.Receipt)
	if err != nil {
		return "", err
	}
	if ok {
		at = seen
		at.Key = key
	}
	rows, err := l.deliveries(ctx, key)
	if err != nil {
		return "", err
	}
	state, sent := standing(e, rows)
	if state != stateOf(e) || e.Flag("Opening") {
		if _, err := l.events.Merge(ctx, l.conclusion(key, state), e.ETag); err != nil {
			return "", err
		}
	}
	if at.etag == "" || (at.State == state && at.sent == sent) {
		return state, l.reopenBook(ctx, at.Partner, at.Received) // somebody may have been killed before it
	}
	return state, l.markDay(ctx, at, state, sent, at.etag)
}

// conclusion is what is written to an event's row when its state is known.
func (l *Ledger) conclusion(key string, s State) *azure.Entity {
	row := azure.NewEntity(key, eventRow).Text("State", string(s)).Flag("Opening", false)
	if s == Delivered || s == Dead {
		row.Time("Finished", l.Now())
	}
	return row
}

// standing is the state of an event and how each of its destinations stands, with the deliveries that the insert fixed
// and that are missing.
func standing(e azure.Row, rows map[string]Delivery) (State, string) {
	fixed := strings.Fields(e.Text("Destinations"))
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
	if e.Text("Reject") != "" {
		state = stateOf(e) // it was never for anybody
	}
	return state, packSent(sent)
}
