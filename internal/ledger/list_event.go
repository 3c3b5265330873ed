package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// History is all that the ledger knows of an event.
type History struct {
	Event      Event
	Deliveries []Delivery // in order of destination id
	Deeds      []Deed     // oldest first
	Duplicates []Repeat   // oldest first, at most as many as were asked for
	More       bool       // there are more duplicates
}

// Repeat is one receipt that brought an event again.
type Repeat struct {
	Receipt  string
	Received time.Time
}

// History reads an event with everything beside it; ok is false when the ledger does not know the key. It costs two
// requests unless the event has more than a thousand deliveries.
func (l *Ledger) History(ctx context.Context, key string, duplicates int) (h History, ok bool, err error) {
	rows := map[string]Delivery{}
	filter := fmt.Sprintf("PartitionKey eq '%s' and RowKey lt '%s'", key, duplicateRow)
	for r, err := range rowsOf(ctx, l.events.sdk, filter, "") {
		if err != nil {
			return h, false, fmt.Errorf("read event: %w", err)
		}
		switch {
		case r.Key == eventRow:
			ok = true
			if h.Event, err = parseEvent(key, r); err != nil {
				return h, false, err
			}
		case strings.HasPrefix(r.Key, deliveryPrefix):
			d := parseDelivery(key, r)
			rows[d.Destination] = d
		case strings.HasPrefix(r.Key, deedPrefix):
			h.Deeds = append(h.Deeds, parseDeed(r))
		}
	}
	h.Deliveries = inOrder(rows)
	slices.SortFunc(h.Deeds, func(a, b Deed) int { return a.At.Compare(b.At) })
	if !ok || duplicates == 0 {
		return h, ok, nil
	}
	h.Duplicates, h.More, err = l.repeats(ctx, key, duplicates)
	return h, ok, err
}

// repeats reads the first duplicates of an event.
func (l *Ledger) repeats(ctx context.Context, key string, max int) (out []Repeat, more bool, err error) {
	filter := fmt.Sprintf("PartitionKey eq '%s' and RowKey gt '%s'", key, duplicateRow)
	for r, err := range rowsOf(ctx, l.events.sdk, filter, "") {
		if err != nil {
			return nil, false, fmt.Errorf("read duplicates: %w", err)
		}
		if len(out) == max {
			return out, true, nil
		}
		out = append(out, Repeat{strings.TrimPrefix(r.Key, duplicateRow), r.Time("Received")})
	}
	return out, false, nil
}

// Unreadable is what a message that is none of ours said; ok is false when the event holds no such thing.
func (l *Ledger) Unreadable(ctx context.Context, key string) (text []byte, ok bool, err error) {
	r, ok, err := l.events.get(ctx, key, eventRow)
	if err != nil || !ok {
		return nil, false, err
	}
	text = r.Bytes("Message")
	return text, len(text) > 0, nil
}
