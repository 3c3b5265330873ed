package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
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
	for pages := l.Events.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter}); pages.More(); {
		page, err := pages.NextPage(ctx)
		if azure.NotFound(err) {
			return h, false, nil
		}
		if err != nil {
			return h, false, fmt.Errorf("read event: %w", azure.Classify(err))
		}
		for _, b := range page.Entities {
			r, err := parseRow(b)
			if err != nil {
				return h, false, err
			}
			switch {
			case r.key == eventRow:
				ok = true
				if h.Event, err = parseEvent(key, r); err != nil {
					return h, false, err
				}
			case strings.HasPrefix(r.key, deliveryPrefix):
				d := parseDelivery(key, r)
				rows[d.Destination] = d
			case strings.HasPrefix(r.key, deedPrefix):
				h.Deeds = append(h.Deeds, parseDeed(r))
			}
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
	pages := l.Events.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter, Top: to.Ptr(int32(min(max+1, windowRows)))})
	for pages.More() && len(out) <= max {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, false, fmt.Errorf("read duplicates: %w", azure.Classify(err))
		}
		for _, b := range page.Entities {
			r, err := parseRow(b)
			if err != nil {
				return nil, false, err
			}
			out = append(out, Repeat{strings.TrimPrefix(r.key, duplicateRow), r.time("Received")})
		}
	}
	return out[:min(len(out), max)], len(out) > max, nil
}

// Unreadable is what a message that is none of ours said; ok is false when the event holds no such thing.
func (l *Ledger) Unreadable(ctx context.Context, key string) (text []byte, ok bool, err error) {
	r, ok, err := get(ctx, l.Events, key, eventRow)
	if err != nil || !ok {
		return nil, false, err
	}
	text = r.bytes("Message")
	return text, len(text) > 0, nil
}
