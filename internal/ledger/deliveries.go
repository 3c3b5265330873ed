package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/azure"
)

// Open deliveries, those that failed once, are held or wait for a person, have a row in the index by destination
// (DESIGN 3a). It is written before the delivery's row points at it, and removed after; one that its delivery does not
// point at is an orphan. The happy path has none.
const (
	openPrefix    = "open|" // PartitionKey: + destination id
	retryPrefix   = "r|"    // RowKey: + due time | event key
	heldPrefix    = "h|"    // RowKey: + time of the event | event key: oldest first
	waitingPrefix = "w|"    // RowKey: + time of the event | event key: for a person
)

const sortable = "20060102T150405.000Z"

func openRow(prefix string, at time.Time, key string) string {
	return prefix + at.UTC().Format(sortable) + "|" + key
}

// OpenEntry is a row of the index of open deliveries.
type OpenEntry struct {
	Key  string    // of the event
	Time time.Time // when it is due, or for a held one when its event was received
	row  string
}

// Take says whether a try may be made.
type Take uint8

// A Taken delivery is ours until the claim ends; a Settled one needs no more tries, or the try that was asked for is
// stale; a Busy one is somebody else's until its Until.
const (
	Taken Take = iota
	Settled
	Busy
)

// Claim takes a delivery for the try of that number, until a time, by ETag. A row that is not yet at that number, because
// somebody was killed between message and row, is brought to it.
func (l *Ledger) Claim(ctx context.Context, key, destination string, try int, until time.Time) (Delivery, Take, error) {
	d, ok, err := l.Delivery(ctx, key, destination)
	switch {
	case err != nil:
		return d, Settled, err
	case !ok, d.State.Settled(), d.Try > try:
		return d, Settled, nil
	case d.Until.After(l.Now()):
		return d, Busy, nil
	}
	d.Try = try
	etag, err := l.events.Merge(ctx, azure.NewEntity(key, deliveryPrefix+destination).Int("Try", try).Time("Until", until), d.etag)
	if azure.Stale(err) {
		return d, Settled, nil // somebody else was faster with the same try
	}
	if err != nil {
		return d, Settled, fmt.Errorf("claim: %w", err)
	}
	d.etag = etag
	return d, Taken, nil
}

// Record writes down what became of a delivery: its row, and its place among the open ones. received is the event's
// time. For InFlight the retry's message must be in the intake already: a row without a message is mended by Sweep
// only much later.
//
// Where the delivery stood among the open ones before is left for [Ledger.RemoveOpen], to be taken away only when the
// event's state is written too: until then it tells Sweep that something is unfinished.
func (l *Ledger) Record(ctx context.Context, d Delivery, o Outcome, received time.Time) (left OpenEntry, err error) {
	row, left, err := l.record(ctx, d, o, received)
	if err != nil {
		return left, err
	}
	if _, err := l.events.Merge(ctx, row, azcore.ETagAny); err != nil {
		return left, fmt.Errorf("record delivery: %w", err)
	}
	return left, nil
}

// record is Record but for the delivery's row, which it leaves to be merged.
func (l *Ledger) record(ctx context.Context, d Delivery, o Outcome, received time.Time) (row *azure.Entity, left OpenEntry, err error) {
	open := ""
	switch {
	case o.State == InFlight:
		d.Try++
		open = openRow(retryPrefix, o.Next, d.key)
	case o.State == Held && o.Person:
		open = openRow(waitingPrefix, received, d.key)
	case o.State == Held:
		open = openRow(heldPrefix, received, d.key)
	}
	if open != "" && open != d.open {
		if err := l.addOpen(ctx, d.Destination, open); err != nil {
			return nil, left, err
		}
	}
	if d.open != open {
		left = OpenEntry{row: d.open}
	}
	row = azure.NewLargeEntity(d.key, deliveryPrefix+d.Destination).Text("State", string(o.State)).Int("Try", d.Try).Time("Until", time.Unix(0, 0)).
		Text("Open", open).Text("Reason", o.Reason).Flag("Stale", o.Stale).Text("Log", packLog(d.Log, o, d.Tries, l.Now()))
	if o.State == InFlight {
		row.Time("Due", o.Next)
	}
	first := d.First
	switch {
	case o.Replay != "":
		row.Text("Replay", o.Replay).Time("First", o.Next)
	case first.IsZero():
		row.Time("First", o.Started)
	}
	if !o.Started.IsZero() {
		row.Int("Tries", d.Tries+1).Time("Tried", o.Started).Int("TookMs", int(o.Took.Milliseconds())).
			Text("FarID", o.ID).Text("Code", o.Code).Flag("Assumed", o.Assumed)
	}
	return row, left, nil
}

func (l *Ledger) addOpen(ctx context.Context, destination, row string) error {
	_, err := l.index.add(ctx, azure.NewEntity(openPrefix+destination, row))
	if err := ignoreExists(err); err != nil {
		return fmt.Errorf("index delivery: %w", err)
	}
	return nil
}

// RemoveOpen takes an entry out of the index of open deliveries; the zero entry is none.
func (l *Ledger) RemoveOpen(ctx context.Context, destination string, e OpenEntry) error {
	if e.row == "" {
		return nil
	}
	if err := l.index.remove(ctx, openPrefix+destination, e.row); err != nil {
		return fmt.Errorf("index delivery: %w", err)
	}
	return nil
}

// Points says whether an entry of the index is the delivery's own; any other is an orphan.
func (d Delivery) Points(e OpenEntry) bool { return d.open == e.row }

// OpenKind says which open deliveries are meant.
type OpenKind uint8

// Retrying ones are due at a time, HeldOnes wait for their destination, Waiting ones for a person.
const (
	Retrying OpenKind = iota
	HeldOnes
	Waiting
)

// OpenDeliveries lists at most max open deliveries of a destination, the oldest time first, before a time.
func (l *Ledger) OpenDeliveries(ctx context.Context, destination string, kind OpenKind, before time.Time, max int) ([]OpenEntry, error) {
	prefix := []string{retryPrefix, heldPrefix, waitingPrefix}[kind]
	filter := fmt.Sprintf("PartitionKey eq '%s' and RowKey ge '%s' and RowKey lt '%s'", openPrefix+destination, prefix, prefix+before.UTC().Format(sortable))
	rows, _, err := l.index.page(ctx, filter, max)
	if err != nil {
		return nil, fmt.Errorf("list open deliveries: %w", err)
	}
	return parseOpen(prefix, rows)
}

func parseOpen(prefix string, rows []azure.Row) (out []OpenEntry, err error) {
	for _, r := range rows {
		at, key, _ := strings.Cut(strings.TrimPrefix(r.Key, prefix), "|")
		when, err := time.Parse(sortable, at)
		if err != nil {
			return nil, fmt.Errorf("index row %s is not one that we wrote", r.Key)
		}
		out = append(out, OpenEntry{Key: key, Time: when, row: r.Key})
	}
	return out, nil
}

// TestDelivery is a delivery that the ledger does not keep, for a test of a destination.
func TestDelivery(key, destination string) Delivery {
	return Delivery{key: key, Destination: destination, State: InFlight}
}
