package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"leadrelay/internal/azure"
)

// Overall is the one state of an event out of those of its deliveries: the first that applies (DESIGN 3a).
func Overall(states []State) State {
	for _, s := range []State{InFlight, Held, Dead} {
		for _, have := range states {
			if have == s {
				return s
			}
		}
	}
	if !slices.ContainsFunc(states, func(s State) bool { return s != Shadowed }) {
		return Unmatched
	}
	return Delivered
}

// Event reads an event; ok is false when the ledger does not know the key.
func (l *Ledger) Event(ctx context.Context, key string) (e Event, ok bool, err error) {
	r, ok, err := l.events.get(ctx, key, eventRow)
	if err != nil || !ok {
		return Event{}, ok, err
	}
	e, err = parseEvent(key, r)
	return e, err == nil, err
}

func parseEvent(key string, r azure.Row) (Event, error) {
	e := Event{Key: key, Receipt: r.Text("Receipt"), Partner: r.Text("Partner"), Type: r.Text("Type"), Subject: r.Text("Subject"),
		LeadKey: r.Text("LeadKey"), Received: r.Time("Received"), State: stateOf(r), Destinations: strings.Fields(r.Text("Destinations")),
		Envelope: r.Bytes("Envelope"), Claim: r.Text("Claim"), Passed: passedOf(r),
		Submission: r.Text("Submission"), Via: r.Text("Via"), Replays: r.Text("Replays"), Erased: r.Time("Erased")}
	if err := decode(r, "Notes", &e.Notes); err != nil {
		return Event{}, err
	}
	return e, decode(r, "Reject", &e.Reject)
}

// deliveries reads the deliveries of an event by destination id.
func (l *Ledger) deliveries(ctx context.Context, key string) (map[string]Delivery, error) {
	out := map[string]Delivery{}
	err := l.rows(ctx, key, deliveryPrefix, func(r azure.Row) {
		d := parseDelivery(key, r)
		out[d.Destination] = d
	})
	return out, err
}

// Delivery reads one delivery of an event; ok is false when there is none.
func (l *Ledger) Delivery(ctx context.Context, key, destination string) (d Delivery, ok bool, err error) {
	r, ok, err := l.events.get(ctx, key, deliveryPrefix+destination)
	if err != nil || !ok {
		return Delivery{}, false, err
	}
	return parseDelivery(key, r), true, nil
}

func parseDelivery(key string, r azure.Row) Delivery {
	return Delivery{Destination: strings.TrimPrefix(r.Key, deliveryPrefix), Name: r.Text("Name"), State: stateOf(r), Try: r.Int("Try"), Tries: r.Int("Tries"),
		First: r.Time("First"), Last: r.Time("Tried"), Due: r.Time("Due"), Until: r.Time("Until"), Took: time.Duration(r.Int("TookMs")) * time.Millisecond,
		Reason: r.Text("Reason"), Code: r.Text("Code"), FarID: r.Text("FarID"), Assumed: r.Flag("Assumed"), Stale: r.Flag("Stale"),
		Tags: strings.Fields(r.Text("Tags")), Replay: r.Text("Replay"), Log: unpackLog(r.Text("Log")), key: key, open: r.Text("Open"), etag: r.ETag}
}

// Deliveries reads the deliveries of an event, in order of destination id.
func (l *Ledger) Deliveries(ctx context.Context, e Event) ([]Delivery, error) {
	rows, err := l.deliveries(ctx, e.Key)
	if err != nil {
		return nil, err
	}
	return inOrder(rows), nil
}

func inOrder(rows map[string]Delivery) []Delivery {
	var out []Delivery
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		out = append(out, rows[id])
	}
	return out
}

// Duplicates reads when further requests brought the same event, by receipt.
func (l *Ledger) Duplicates(ctx context.Context, key string) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	err := l.rows(ctx, key, duplicateRow, func(r azure.Row) { out[strings.TrimPrefix(r.Key, duplicateRow)] = r.Time("Received") })
	return out, err
}

// rows reads the rows of an event whose RowKey begins with prefix, which ends in "|".
func (l *Ledger) rows(ctx context.Context, key, prefix string, each func(azure.Row)) error {
	after := strings.TrimSuffix(prefix, "|") + "}" // the character behind "|"
	filter := fmt.Sprintf("PartitionKey eq '%s' and RowKey ge '%s' and RowKey lt '%s'", key, prefix, after)
	for r, err := range rowsOf(ctx, l.events.sdk, filter, "") {
		if err != nil {
			return err
		}
		each(r)
	}
	return nil
}
