package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
)

func (l *Ledger) merge(ctx context.Context, b []byte, match azcore.ETag) error {
	_, err := l.Events.UpdateEntity(ctx, b, &aztables.UpdateEntityOptions{IfMatch: &match, UpdateMode: aztables.UpdateModeMerge})
	return azure.Classify(err)
}

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
	r, ok, err := get(ctx, l.Events, key, eventRow)
	if err != nil || !ok {
		return Event{}, ok, err
	}
	e, err = parseEvent(key, r)
	return e, err == nil, err
}

func parseEvent(key string, r row) (Event, error) {
	e := Event{Key: key, Receipt: r.text("Receipt"), Partner: r.text("Partner"), Type: r.text("Type"), Subject: r.text("Subject"),
		LeadKey: r.text("LeadKey"), Received: r.time("Received"), State: r.state(), Destinations: strings.Fields(r.text("Destinations")),
		Envelope: r.bytes("Envelope"), Claim: r.text("Claim"), Passed: unpackDecisions(r.bytes("Passed")),
		Submission: r.text("Submission"), Via: r.text("Via"), Replays: r.text("Replays"), Erased: r.time("Erased")}
	if err := r.decode("Notes", &e.Notes); err != nil {
		return Event{}, err
	}
	return e, r.decode("Reject", &e.Reject)
}

// deliveries reads the deliveries of an event by destination id.
func (l *Ledger) deliveries(ctx context.Context, key string) (map[string]Delivery, error) {
	out := map[string]Delivery{}
	err := l.rows(ctx, key, deliveryPrefix, func(r row) {
		d := parseDelivery(key, r)
		out[d.Destination] = d
	})
	return out, err
}

// Delivery reads one delivery of an event; ok is false when there is none.
func (l *Ledger) Delivery(ctx context.Context, key, destination string) (d Delivery, ok bool, err error) {
	r, ok, err := get(ctx, l.Events, key, deliveryPrefix+destination)
	if err != nil || !ok {
		return Delivery{}, false, err
	}
	return parseDelivery(key, r), true, nil
}

func parseDelivery(key string, r row) Delivery {
	return Delivery{Destination: strings.TrimPrefix(r.key, deliveryPrefix), Name: r.text("Name"), State: r.state(), Try: r.number("Try"), Tries: r.number("Tries"),
		First: r.time("First"), Last: r.time("Tried"), Due: r.time("Due"), Until: r.time("Until"), Took: time.Duration(r.number("TookMs")) * time.Millisecond,
		Reason: r.text("Reason"), Code: r.text("Code"), FarID: r.text("FarID"), Assumed: r.flag("Assumed"), Stale: r.flag("Stale"),
		Tags: strings.Fields(r.text("Tags")), Replay: r.text("Replay"), Log: unpackLog(r.text("Log")), key: key, open: r.text("Open"), etag: r.etag}
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
	err := l.rows(ctx, key, duplicateRow, func(r row) { out[strings.TrimPrefix(r.key, duplicateRow)] = r.time("Received") })
	return out, err
}

// rows reads the rows of an event whose RowKey begins with prefix, which ends in "|".
func (l *Ledger) rows(ctx context.Context, key, prefix string, each func(row)) error {
	after := strings.TrimSuffix(prefix, "|") + "}" // the character behind "|"
	filter := fmt.Sprintf("PartitionKey eq '%s' and RowKey ge '%s' and RowKey lt '%s'", key, prefix, after)
	pages := l.Events.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter})
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return azure.Classify(err)
		}
		for _, b := range page.Entities {
			r, err := parseRow(b)
			if err != nil {
				return err
			}
			each(r)
		}
	}
	return nil
}
