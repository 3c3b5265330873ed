package ledger

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

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

// addDay writes the row by which a receipt is found by partner and day. It stands before the event does; when the event
// turns out to have another first receipt, the row stands for a duplicate. The ETag is empty when the row was there.
func (l *Ledger) addDay(ctx context.Context, e Event) (azcore.ETag, error) {
	row := azure.NewEntity(dayPartition(e.Partner, e.Received), e.Receipt).Text("Key", e.Key).Text("Type", e.Type).Text("Subject", e.Subject).Time("Received", e.Received)
	if e.Replays != "" {
		row.Text("Replays", e.Replays)
	}
	etag, err := l.index.add(ctx, row)
	return etag, ignoreExists(err)
}

func inverted(day time.Time) string {
	n, _ := strconv.Atoi(day.UTC().Format("20060102")) // digits
	return fmt.Sprintf("%08d", 99999999-n)
}

// dayOf names a partner's day.
type dayOf struct {
	partner string
	unix    int64 // days since 1970
}

func dayOfEvent(e Event) dayOf { return dayOf{e.Partner, e.Received.Unix() / 86400} }

// noted says that this process has written that a partner has events on a day.
func (l *Ledger) noted(d dayOf) bool {
	_, ok := l.days.Load(d)
	return ok
}

// noteDay remembers that a partner has events on a day; each process writes it once.
func (l *Ledger) noteDay(ctx context.Context, e Event) error {
	_, err := l.index.add(ctx, azure.NewEntity(daysPartition, inverted(e.Received)+"|"+e.Partner))
	if err = ignoreExists(err); err == nil {
		l.days.Store(dayOfEvent(e), true)
	}
	return err
}

// markDay writes what has become of a receipt onto its row, if that is still as it was; then the totals of a day that is
// over do not count any more. A row that is gone is none to mark.
func (l *Ledger) markDay(ctx context.Context, at Line, s State, sent string, match azcore.ETag) error {
	row := azure.NewEntity(dayPartition(at.Partner, at.Received), at.Receipt).Text("State", string(s)).Text("Sent", sent).Text("Key", at.Key)
	if _, err := l.index.Merge(ctx, row, match); err != nil && !azure.NotFound(err) {
		return fmt.Errorf("mark receipt: %w", err)
	}
	return l.reopenBook(ctx, at.Partner, at.Received)
}

// line reads the row of a receipt.
func (l *Ledger) line(ctx context.Context, partner string, received time.Time, receipt string) (Line, bool, error) {
	r, ok, err := l.index.get(ctx, dayPartition(partner, received), receipt)
	if err != nil || !ok {
		return Line{}, false, err
	}
	return parseLine(partner, r), true, nil
}

func parseLine(partner string, r azure.Row) Line {
	n := Line{Receipt: r.Key, Partner: partner, Key: r.Text("Key"), Type: r.Text("Type"), Subject: r.Text("Subject"), Received: r.Time("Received"),
		State: stateOf(r), Replays: r.Text("Replays"), etag: r.ETag, sent: r.Text("Sent")}
	n.Sent, n.Cut = unpackSent(n.sent)
	return n
}
