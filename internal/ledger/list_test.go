package ledger_test

import (
	"errors"
	"testing"
	"time"

	"leadrelay/internal/ledger"
)

// TestReceiptIsFoundListedCountedAndErasedOnAzurite asks Azurite the questions that the console's tests ask the simulated
// storage.
func TestReceiptIsFoundListedCountedAndErasedOnAzurite(t *testing.T) {
	b := newBook(t)
	day := b.now
	m := b.message("A")
	o := b.open(m, ledger.First)
	for _, d := range o.Pending {
		if _, err := b.Record(b.ctx, d, ledger.Outcome{State: ledger.Delivered, Started: b.now, Code: "201"}, b.now); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := b.Conclude(b.ctx, o.Key); err != nil || s != ledger.Delivered {
		t.Fatal(s, err)
	}
	b.later(time.Minute)
	again := b.message("A")
	b.open(again, ledger.Duplicate)
	n, ok, err := b.Find(b.ctx, m.Envelope.ID)
	if err != nil || !ok || n.State != ledger.Delivered || len(n.Sent) != 2 || n.Sent[0] != (ledger.Sent{Destination: "d1", State: ledger.Delivered}) {
		t.Errorf("found %+v %v %v", n, ok, err)
	}
	page, err := b.List(b.ctx, ledger.Query{Duplicates: true}, 10, "")
	if err != nil || len(page.Lines) != 2 || page.Lines[0].Receipt != again.Envelope.ID || page.Lines[0].State != ledger.Duplicated || page.Next != "" {
		t.Errorf("listed %+v %v", page, err)
	}
	if lines, more, err := b.OfLead(b.ctx, "crf", m.LeadKey, 10); err != nil || more || len(lines) != 1 || lines[0].Receipt != m.Envelope.ID {
		t.Errorf("of the lead: %+v %v", lines, err)
	}
	b.later(48 * time.Hour)
	for range 2 { // counted, then kept
		book, err := b.Book(b.ctx, "crf", day)
		if err != nil || book.Receipts != 2 || book.Duplicates != 1 || book.Events[ledger.Delivered] != 1 || book.Destinations["d2"][ledger.Delivered] != 1 || !book.Closed {
			t.Errorf("the book is %+v %v", book, err)
		}
	}
	if err := b.Erase(b.ctx, o.Key); err != nil {
		t.Fatal(err)
	}
	h, ok, err := b.History(b.ctx, o.Key, 10)
	if err != nil || !ok || h.Event.Subject != "" || h.Event.Erased.IsZero() || len(h.Deliveries) != 2 || len(h.Duplicates) != 1 {
		t.Errorf("its history is %+v %v", h, err)
	}
	if _, err := b.Payload(b.ctx, h.Event); !errors.Is(err, ledger.ErrErased) {
		t.Errorf("its payload gives %v", err)
	}
}

func TestLogOfADeliveryKeepsItsLastTwentyTriesWithShortReasons(t *testing.T) {
	b := newBook(t)
	o := b.open(b.message("A"), ledger.First)
	long := ""
	for range 300 {
		long += "é"
	}
	for range 25 {
		d, _, err := b.Delivery(b.ctx, o.Key, "d1")
		if err != nil {
			t.Fatal(err)
		}
		b.later(time.Minute)
		out := ledger.Outcome{State: ledger.InFlight, Started: b.now, Took: 7 * time.Millisecond, Reason: long, Next: b.now}
		if _, err := b.Record(b.ctx, d, out, b.now); err != nil {
			t.Fatal(err)
		}
	}
	d, _, err := b.Delivery(b.ctx, o.Key, "d1")
	if err != nil || len(d.Log) != 20 || d.Log[0].N != 6 || d.Log[19].N != 25 || d.Log[19].MS != 7 || len(d.Log[19].Reason) > 200 {
		t.Errorf("the log is %+v %v", d.Log, err)
	}
}
