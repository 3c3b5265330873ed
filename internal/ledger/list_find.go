package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// ErrNoReceipt says that a text is no receipt.
var ErrNoReceipt = errors.New("not a receipt: 26 letters and digits, such as 01KAJ3D4T0XQ2Z8J5V9W7M6N1B")

// Find is the line of a receipt, whoever sent it: a request for the partners of its day, and one for each of them.
func (l *Ledger) Find(ctx context.Context, receipt string) (Line, bool, error) {
	receipt = strings.ToUpper(receipt)
	at, ok := receivedAt(receipt)
	if !ok {
		return Line{}, false, ErrNoReceipt
	}
	for d, err := range l.Days(ctx, at, at) {
		if err != nil {
			return Line{}, false, err
		}
		if n, ok, err := l.line(ctx, d.Partner, at, receipt); err != nil || ok {
			return n, ok, err
		}
	}
	return Line{}, false, nil
}

// atOnce is how many rows are read side by side.
const atOnce = 8

// OfLead lists the receipts of a lead's events, the newest first, and says whether there were more than max.
func (l *Ledger) OfLead(ctx context.Context, partner, leadKey string, max int) ([]Line, bool, error) {
	return l.pointed(ctx, partner, leadPrefix+leadKey, max)
}

// OfSubmission lists the receipts of the events of all leads that one submission made, the newest first.
func (l *Ledger) OfSubmission(ctx context.Context, partner, hash string, max int) ([]Line, bool, error) {
	return l.pointed(ctx, partner, submissionPrefix+hash, max)
}

// pointed reads the lines to which a partition of the index points; of several receipts of one event the first.
func (l *Ledger) pointed(ctx context.Context, partner, partition string, max int) ([]Line, bool, error) {
	pointers, err := l.pointers(ctx, partition)
	if err != nil {
		return nil, false, fmt.Errorf("list events: %w", err)
	}
	slices.Reverse(pointers)
	more := len(pointers) > max
	pointers = pointers[:min(len(pointers), max)]
	lines, errs := make([]Line, len(pointers)), make([]error, len(pointers))
	gate := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	for i, p := range pointers {
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			var ok bool
			if lines[i], ok, errs[i] = l.line(ctx, partner, p.received, p.receipt); !ok {
				lines[i] = Line{}
			}
		})
	}
	wg.Wait()
	lines = slices.DeleteFunc(lines, func(n Line) bool { return n.Receipt == "" || n.State == Duplicated })
	return lines, more, errors.Join(errs...)
}

// pointer is a row of the index that names an event.
type pointer struct {
	receipt, key string
	received     time.Time
}

// pointers reads those of a partition, oldest first.
func (l *Ledger) pointers(ctx context.Context, partition string) ([]pointer, error) {
	var out []pointer
	for r, err := range l.indexRows(ctx, "PartitionKey eq '"+partition+"'", "") {
		if err != nil {
			return nil, err
		}
		receipt := strings.TrimPrefix(strings.TrimPrefix(r.Key, versionPrefix), activityPrefix)
		if _, ok := receivedAt(receipt); ok && r.Key != latestRow {
			out = append(out, pointer{receipt, r.Text("Key"), r.Time("Received")})
		}
	}
	slices.SortFunc(out, func(a, b pointer) int { return strings.Compare(a.receipt, b.receipt) })
	return out, nil
}

// OpenLines reads the events and deliveries behind entries of the index of open deliveries, side by side. What the delivery
// does not point at is left out.
func (l *Ledger) OpenLines(ctx context.Context, destination string, entries []OpenEntry) ([]OpenLine, error) {
	out, errs := make([]OpenLine, len(entries)), make([]error, len(entries))
	gate := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	for i, e := range entries {
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			out[i], errs[i] = l.openLine(ctx, destination, e)
		})
	}
	wg.Wait()
	out = slices.DeleteFunc(out, func(n OpenLine) bool { return n.Line.Receipt == "" })
	return out, errors.Join(errs...)
}

// OpenLine is an open delivery with the receipt of its event.
type OpenLine struct {
	Line     Line
	Delivery Delivery
}

// openLine reads one request's worth: the event's head and the delivery, without the payload.
func (l *Ledger) openLine(ctx context.Context, destination string, e OpenEntry) (n OpenLine, err error) {
	filter := fmt.Sprintf("PartitionKey eq '%s' and (RowKey eq '%s' or RowKey eq '%s')", e.Key, eventRow, deliveryPrefix+destination)
	columns := "PartitionKey,RowKey,Receipt,Partner,Type,Subject,Received,State,Name,Try,Tries,First,Tried,Due,Reason,Code,Open"
	for r, err := range rowsOf(ctx, l.events.sdk, filter, columns) {
		switch {
		case err != nil:
			return OpenLine{}, fmt.Errorf("list open deliveries: %w", err)
		case r.Key == eventRow:
			n.Line = Line{Receipt: r.Text("Receipt"), Partner: r.Text("Partner"), Key: e.Key, Type: r.Text("Type"), Subject: r.Text("Subject"),
				Received: r.Time("Received"), State: stateOf(r)}
		default:
			n.Delivery = parseDelivery(e.Key, r)
		}
	}
	if !n.Delivery.Points(e) {
		return OpenLine{}, nil
	}
	n.Line.Sent = []Sent{{Destination: destination, State: n.Delivery.State, Waiting: n.Delivery.Waits()}}
	return n, nil
}
