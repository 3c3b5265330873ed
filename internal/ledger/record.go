package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
)

// Record writes down what one try of a delivery came to.
func (l *Ledger) Record(ctx context.Context, key string, o Outcome) error {
	b, err := entity(key, deliveryPrefix+o.Destination, map[string]any{
		"State": string(o.State), "Tries": int32(o.Tries), "Tried": o.Started, "TookMs": int32(o.Took.Milliseconds()),
		"FarID": o.ID, "Code": o.Code, "Assumed": o.Assumed, "Reason": o.Reason})
	if err != nil {
		return err
	}
	return l.merge(ctx, b)
}

// Finish writes down the state in which an event ended.
func (l *Ledger) Finish(ctx context.Context, key string, s State) error {
	b, err := entity(key, eventRow, map[string]any{"State": string(s), "Finished": l.Now()})
	if err != nil {
		return err
	}
	return l.merge(ctx, b)
}

func (l *Ledger) merge(ctx context.Context, b []byte) error {
	_, err := l.Events.UpdateEntity(ctx, b, &aztables.UpdateEntityOptions{IfMatch: to.Ptr(azcore.ETagAny), UpdateMode: aztables.UpdateModeMerge})
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
	if len(states) == 0 {
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
	e = Event{Key: key, Receipt: r.text("Receipt"), Partner: r.text("Partner"), Type: r.text("Type"), Subject: r.text("Subject"),
		LeadKey: r.text("LeadKey"), Received: r.time("Received"), State: r.state(), Destinations: strings.Fields(r.text("Destinations")),
		Envelope: r.bytes("Envelope"), Claim: r.text("Claim")}
	if err := r.decode("Notes", &e.Notes); err != nil {
		return Event{}, false, err
	}
	return e, true, r.decode("Reject", &e.Reject)
}

// Deliveries reads the deliveries of an event by destination id.
func (l *Ledger) deliveries(ctx context.Context, key string) (map[string]Delivery, error) {
	out := map[string]Delivery{}
	err := l.rows(ctx, key, deliveryPrefix, func(r row) {
		id := strings.TrimPrefix(r.key, deliveryPrefix)
		out[id] = Delivery{Destination: id, Name: r.text("Name"), State: r.state(), Tries: r.number("Tries"), Reason: r.text("Reason"), Code: r.text("Code")}
	})
	return out, err
}

// Deliveries reads the deliveries of an event, in order of destination id.
func (l *Ledger) Deliveries(ctx context.Context, e Event) ([]Delivery, error) {
	rows, err := l.deliveries(ctx, e.Key)
	if err != nil {
		return nil, err
	}
	var out []Delivery
	for _, id := range e.Destinations {
		if d, ok := rows[id]; ok {
			out = append(out, d)
		}
	}
	return out, nil
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
