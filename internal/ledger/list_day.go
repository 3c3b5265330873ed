package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
)

// Further rows of the index: what an operator looks things up by. All are written before the event's own row.
const (
	daysPartition    = "days"      // RowKey: 99999999 less yyyymmdd | partner: which days have events of whom, newest first
	rejectedPrefix   = "rejected|" // PartitionKey: + partner; RowKey: receipt
	submissionPrefix = "sub|"      // PartitionKey: + the submission's hash; RowKey: receipt
	activityPrefix   = "a|"        // in a lead's partition, RowKey: + receipt: an event that is no version of the lead
)

// Duplicated is the state of a receipt, never of an event: it brought again what the ledger had.
const Duplicated State = "duplicate"

// Line is a row of the day index: one receipt, and what has become of it.
type Line struct {
	Receipt  string
	Partner  string
	Key      string // of the event that it brought
	Type     string
	Subject  string // the lead's id
	Received time.Time
	State    State // empty while it is arriving: its event is not there yet, or not yet concluded
	Replays  string
	Sent     []Sent // what each destination got; empty for a duplicate
	Cut      bool   // Sent is not whole: there are too many destinations for a row

	etag azcore.ETag
	sent string
}

// Sent is how one destination stands in a [Line].
type Sent struct {
	Destination string // id
	State       State  // empty when its delivery is missing
	Waiting     bool   // held for a person
	Added       bool   // not among those that were fixed at the insert: a person sent it there
}

// codes are the states of deliveries as a row of the day index writes them; "?" is a delivery that is missing.
func codes() map[State]string {
	return map[State]string{InFlight: "f", Held: "h", Dead: "d", Delivered: "v", Shadowed: "s", "": "?"}
}

// maxSent bounds the text of a row's Sent: a property holds 32 Ki UTF-16 units (facts/azure-storage.md §8).
const maxSent = 30 << 10

// packSent writes how the destinations stand, in order of id: "id=v id=h".
func packSent(list []Sent) string {
	slices.SortFunc(list, func(a, b Sent) int { return strings.Compare(a.Destination, b.Destination) })
	names := codes()
	var b strings.Builder
	for _, s := range list {
		if b.Len() > maxSent {
			b.WriteString(" …")
			break
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		code := names[s.State]
		if s.Waiting {
			code = "w"
		}
		if s.Added {
			code += "+"
		}
		b.WriteString(s.Destination + "=" + code)
	}
	return b.String()
}

func unpackSent(text string) (list []Sent, cut bool) {
	text, cut = strings.CutSuffix(text, " …")
	states := map[string]State{"w": Held}
	for s, code := range codes() {
		states[code] = s
	}
	for _, word := range strings.Fields(text) {
		id, code, _ := strings.Cut(word, "=")
		code, added := strings.CutSuffix(code, "+")
		list = append(list, Sent{Destination: id, State: states[code], Waiting: code == "w", Added: added})
	}
	return list, cut
}

func dayPartition(partner string, at time.Time) string {
	return dayPrefix + partner + "|" + at.UTC().Format(time.DateOnly)
}

// index writes the rows by which an event is found, side by side, before the event itself. The ETag is that of a new row
// of the day index, empty when the row was there.
func (l *Ledger) index(ctx context.Context, e Event) (day azcore.ETag, err error) {
	errs := make([]error, 5)
	var wg sync.WaitGroup
	pointer := func(i int, partition, row string) {
		wg.Go(func() {
			b, err := entity(partition, row, map[string]any{"Key": e.Key, "Received": e.Received})
			if err == nil {
				err = ignoreExists(l.add(ctx, l.Index, b))
			}
			errs[i] = err
		})
	}
	wg.Go(func() { errs[0] = l.noteDay(ctx, e) })
	wg.Go(func() { day, errs[1] = l.addDay(ctx, e) })
	if e.LeadKey != "" && !e.versioned {
		pointer(2, leadPrefix+e.LeadKey, activityPrefix+e.Receipt)
	}
	if e.Submission != "" {
		pointer(3, submissionPrefix+e.Submission, e.Receipt)
	}
	if e.Reject != nil {
		pointer(4, rejectedPrefix+e.Partner, e.Receipt)
	}
	wg.Wait()
	return day, errors.Join(errs...)
}

// addDay writes the row by which a receipt is found by partner and day. It stands before the event does; when the event
// turns out to have another first receipt, the row stands for a duplicate.
func (l *Ledger) addDay(ctx context.Context, e Event) (azcore.ETag, error) {
	props := map[string]any{"Key": e.Key, "Type": e.Type, "Subject": e.Subject, "Received": e.Received}
	if e.Replays != "" {
		props["Replays"] = e.Replays
	}
	b, err := entity(dayPartition(e.Partner, e.Received), e.Receipt, props)
	if err != nil {
		return "", err
	}
	resp, err := l.Index.AddEntity(ctx, b, nil)
	if azure.NotFound(err) {
		return "", ignoreExists(l.add(ctx, l.Index, b)) // creates the table
	}
	return resp.ETag, ignoreExists(azure.Classify(err))
}

func inverted(day time.Time) string {
	n, _ := strconv.Atoi(day.UTC().Format("20060102")) // digits
	return fmt.Sprintf("%08d", 99999999-n)
}

// noteDay remembers that a partner has events on a day; each process writes it once.
func (l *Ledger) noteDay(ctx context.Context, e Event) error {
	row := inverted(e.Received) + "|" + e.Partner
	if _, noted := l.noted.Load(row); noted {
		return nil
	}
	b, err := entity(daysPartition, row, map[string]any{})
	if err != nil {
		return err
	}
	if err := ignoreExists(l.add(ctx, l.Index, b)); err != nil {
		return err
	}
	l.noted.Store(row, true)
	return nil
}

// markDay writes what has become of a receipt onto its row, if that is still as it was; then the totals of a day that is
// over do not count any more. A row that is gone is none to mark.
func (l *Ledger) markDay(ctx context.Context, at Line, s State, sent string, match azcore.ETag) error {
	b, err := entity(dayPartition(at.Partner, at.Received), at.Receipt, map[string]any{"State": string(s), "Sent": sent, "Key": at.Key})
	if err != nil {
		return err
	}
	_, err = l.Index.UpdateEntity(ctx, b, &aztables.UpdateEntityOptions{IfMatch: &match, UpdateMode: aztables.UpdateModeMerge})
	if err != nil && !azure.NotFound(err) {
		return fmt.Errorf("mark receipt: %w", azure.Classify(err))
	}
	return l.reopenBook(ctx, at.Partner, at.Received)
}

// line reads the row of a receipt.
func (l *Ledger) line(ctx context.Context, partner string, received time.Time, receipt string) (Line, bool, error) {
	r, ok, err := get(ctx, l.Index, dayPartition(partner, received), receipt)
	if err != nil || !ok {
		return Line{}, false, err
	}
	return parseLine(partner, r), true, nil
}

func parseLine(partner string, r row) Line {
	n := Line{Receipt: r.key, Partner: partner, Key: r.text("Key"), Type: r.text("Type"), Subject: r.text("Subject"), Received: r.time("Received"),
		State: r.state(), Replays: r.text("Replays"), etag: r.etag, sent: r.text("Sent")}
	n.Sent, n.Cut = unpackSent(n.sent)
	return n
}
