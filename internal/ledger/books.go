package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/azure"
)

// Book is what became of the receipts of one partner on one UTC day (DESIGN 3a).
type Book struct {
	Partner      string                   `json:"partner"`
	Day          string                   `json:"day"` // "2026-11-21"
	Receipts     int                      `json:"receipts"`
	Replayed     int                      `json:"replayed,omitempty"` // of them, rejected events that we put in again: no partner sent these
	Events       map[State]int            `json:"events"`             // each event by its one state
	Duplicates   int                      `json:"duplicates"`
	Arriving     int                      `json:"arriving,omitempty"`     // receipts that are being opened just now
	Lost         []string                 `json:"lost,omitempty"`         // receipts without an event: a difference
	Destinations map[string]map[State]int `json:"destinations,omitempty"` // by id: what each was to get, by state
	Missing      map[string]int           `json:"missing,omitempty"`      // by id: deliveries that should be there and are not: a difference
	Added        int                      `json:"added,omitempty"`        // deliveries that a person added to those fixed at the insert
	Cut          bool                     `json:"cut,omitempty"`          // some event has too many destinations for the second sum
	Closed       bool                     `json:"closed,omitempty"`       // the day is over: these are kept totals
}

// Difference is how many receipts and deliveries are not accounted for; it should be 0.
func (b Book) Difference() int {
	sum := b.Duplicates + b.Arriving
	for _, n := range b.Events {
		sum += n
	}
	d := b.Receipts - sum
	for _, n := range b.Missing {
		d += n
	}
	return d
}

func (b *Book) count(n Line) {
	if n.Replays != "" {
		b.Replayed++
	}
	if n.State == Duplicated {
		b.Duplicates++
		return
	}
	b.Events[n.State]++
	b.Cut = b.Cut || n.Cut
	for _, s := range n.Sent {
		if s.Added {
			b.Added++
		}
		if s.State == "" {
			if b.Missing == nil {
				b.Missing = map[string]int{}
			}
			b.Missing[s.Destination]++
			continue
		}
		if b.Destinations[s.Destination] == nil {
			b.Destinations[s.Destination] = map[State]int{}
		}
		b.Destinations[s.Destination][s.State]++
	}
}

const (
	booksPrefix = "books|"         // PartitionKey: + partner; RowKey: the day
	closeAfter  = time.Hour        // a day's totals are kept from so long after its end
	arriveIn    = 10 * time.Minute // a receipt whose event is not there after that is looked into
	lookInto    = 500              // so many receipts of a day are looked into at a time
)

// Book counts a day of a partner. The totals of a day that is over are kept, until something of the day changes: then
// they are counted anew. A receipt that nobody has concluded is looked into, and put right where that can be done.
func (l *Ledger) Book(ctx context.Context, partner string, day time.Time) (Book, error) {
	date := day.UTC().Format(time.DateOnly)
	over := l.Now().Sub(endOf(day)) >= closeAfter
	if !over {
		return l.countDay(ctx, partner, day)
	}
	kept, ok, err := l.index.get(ctx, booksPrefix+partner, date)
	if err != nil {
		return Book{}, fmt.Errorf("books: %w", err)
	}
	var b Book
	if ok && kept.Text("Totals") != "" {
		return b, decode(kept, "Totals", &b)
	}
	// Whoever changes the day from here on removes the row, and what was counted is not kept.
	mark, err := l.openBook(ctx, partner, date)
	if err != nil {
		return Book{}, err
	}
	if b, err = l.countDay(ctx, partner, day); err != nil {
		return b, err
	}
	b.Closed = b.Arriving == 0 && b.Difference() == 0
	if b.Closed {
		err = l.closeBook(ctx, b, mark)
	}
	return b, err
}

func endOf(day time.Time) time.Time { return day.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour) }

func (l *Ledger) openBook(ctx context.Context, partner, date string) (azcore.ETag, error) {
	mark, err := l.index.upsert(ctx, azure.NewEntity(booksPrefix+partner, date).Time("Counting", l.Now()))
	if err != nil {
		return "", fmt.Errorf("books: %w", err)
	}
	return mark, nil
}

func (l *Ledger) closeBook(ctx context.Context, b Book, mark azcore.ETag) error {
	text, err := json.Marshal(b)
	if err != nil {
		return err
	}
	_, err = l.index.Replace(ctx, azure.NewEntity(booksPrefix+b.Partner, b.Day).Text("Totals", string(text)), mark)
	if err != nil && !azure.Stale(err) && !azure.NotFound(err) {
		return fmt.Errorf("books: %w", err)
	}
	return nil
}

// reopenBook forgets the totals of a day that is over, because something of it has changed. Nobody counts a day for good
// before closeAfter; half of that bears with clocks that differ.
func (l *Ledger) reopenBook(ctx context.Context, partner string, received time.Time) error {
	if l.Now().Before(endOf(received).Add(closeAfter / 2)) {
		return nil
	}
	if err := l.index.remove(ctx, booksPrefix+partner, received.UTC().Format(time.DateOnly)); err != nil {
		return fmt.Errorf("books: %w", err)
	}
	return nil
}

// countDay reads the rows of a day's receipts, and nothing else unless one of them is odd.
func (l *Ledger) countDay(ctx context.Context, partner string, day time.Time) (Book, error) {
	b := Book{Partner: partner, Day: day.UTC().Format(time.DateOnly), Events: map[State]int{}, Destinations: map[string]map[State]int{}}
	var odd []Line
	for n, err := range l.dayLines(ctx, partner, day, "", "RowKey,State,Sent,Key,Received,Replays") {
		if err != nil {
			return b, fmt.Errorf("books: %w", err)
		}
		b.Receipts++
		if n.State == "" {
			odd = append(odd, n)
		} else {
			b.count(n)
		}
	}
	for i, n := range odd {
		if i >= lookInto || l.Now().Sub(n.Received) < arriveIn {
			b.Arriving++
			continue
		}
		now, err := l.lookInto(ctx, n)
		switch {
		case errors.Is(err, errLost):
			b.Lost = append(b.Lost, n.Receipt)
		case err != nil:
			return b, fmt.Errorf("books: %w", err)
		default:
			b.count(now)
		}
	}
	return b, nil
}

var errLost = errors.New("the receipt has no event")

// lookInto puts right the row of a receipt that nobody has concluded; errLost when nothing in the ledger stands for it. The
// row names the event by the message's own key: it may be one that brought an older version back.
func (l *Ledger) lookInto(ctx context.Context, n Line) (Line, error) {
	err := errLost
	for _, key := range []string{n.Key, l.Hash.Of("reverted", n.Key, n.Receipt)} {
		if n.Key = key; errors.Is(err, errLost) {
			err = l.lookUnder(ctx, n)
		}
	}
	if err != nil {
		return n, err
	}
	now, ok, err := l.line(ctx, n.Partner, n.Received, n.Receipt)
	if err == nil && (!ok || now.State == "") {
		err = errLost
	}
	return now, err
}

// lookUnder is lookInto for one key.
func (l *Ledger) lookUnder(ctx context.Context, n Line) error {
	e, ok, err := l.events.get(ctx, n.Key, eventRow)
	switch {
	case err != nil:
		return err
	case !ok:
		return errLost
	case e.Text("Receipt") == n.Receipt:
		_, err = l.Conclude(ctx, n.Key)
		return err
	}
	_, kept, err := l.events.get(ctx, n.Key, duplicateRow+n.Receipt)
	if err == nil && !kept {
		return errLost
	}
	if err != nil {
		return err
	}
	return l.markDay(ctx, n, Duplicated, "", azcore.ETagAny)
}
