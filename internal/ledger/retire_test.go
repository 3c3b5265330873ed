package ledger_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/ledger"
)

const day = 24 * time.Hour

// delivered opens a message and delivers it everywhere.
func (b *book) delivered(m *ledger.Message) {
	b.Helper()
	o := b.open(m, ledger.First)
	for _, d := range o.Pending {
		if _, err := b.Record(b.ctx, d, ledger.Outcome{State: ledger.Delivered, Started: b.now, Code: "201"}, b.now); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := b.Conclude(b.ctx, o.Key); err != nil {
		b.Fatal(err)
	}
}

// payload reads what the ledger keeps of a message's event.
func (b *book) payload(m *ledger.Message) error {
	b.Helper()
	e, ok, err := b.Event(b.ctx, m.Key)
	if err != nil || !ok {
		b.Fatal("the event row is gone", err)
	}
	_, err = b.Payload(b.ctx, e)
	return err
}

func TestPayloadGoesAfterItsRetentionAndTheKeyStays(t *testing.T) {
	b := newBook(t)
	old, open := b.message("old"), b.message("open")
	b.delivered(old)
	b.open(open, ledger.First)
	b.later(20 * day)
	young := b.message("young")
	b.delivered(young)
	b.later(11 * day)
	for range 2 {
		if err := b.Retire(b.ctx, 30*day); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.payload(old); !errors.Is(err, ledger.ErrErased) {
		t.Errorf("the old payload: %v", err)
	}
	if err := b.payload(open); err != nil {
		t.Errorf("the payload of an open event: %v", err)
	}
	if err := b.payload(young); err != nil {
		t.Errorf("the young payload: %v", err)
	}
	again := b.message("old") // the lead has changed since, so it is a return to the old content
	if o, err := b.Open(b.ctx, again, nil, nil); err != nil || o.Key == "" {
		t.Errorf("the old content again: %+v %v", o, err)
	}
}

func TestRetentionComesToEveryDayInTheEnd(t *testing.T) {
	b := newBook(t)
	var all []*ledger.Message
	for i := range 5 {
		m := b.message(strings.Repeat("x", i+1))
		b.delivered(m)
		all = append(all, m)
		b.later(3 * day)
	}
	for range 20 {
		if err := b.Retire(b.ctx, 30*day); err != nil {
			t.Fatal(err)
		}
		b.later(3 * day)
	}
	for i, m := range all {
		if err := b.payload(m); !errors.Is(err, ledger.ErrErased) {
			t.Errorf("payload %d: %v", i, err)
		}
	}
}

func TestClaimThatNothingNamesIsRemovedAfterEightDays(t *testing.T) {
	b := newBook(t)
	large := func(c string) *ledger.Message { return b.message(c + strings.Repeat("x", 60<<10)) }
	kept, orphan := large("kept"), large("orphan")
	if err := b.intake.Accept(b.ctx, *kept); err != nil {
		t.Fatal(err)
	}
	m, _ := b.next()
	b.open(&m, ledger.First)
	if err := b.intake.Accept(b.ctx, *orphan); err != nil { // its message is lost with its program
		t.Fatal(err)
	}
	lost, _ := b.next()
	b.later(7 * day)
	if err := b.RemoveOrphans(b.ctx); err != nil {
		t.Fatal(err)
	}
	if err := b.Resolve(b.ctx, &lost); err != nil {
		t.Errorf("a young orphan is gone: %v", err)
	}
	lost.Envelope.Data = nil
	b.later(2 * day)
	for range 2 {
		if err := b.RemoveOrphans(b.ctx); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Resolve(b.ctx, &lost); err == nil {
		t.Error("the orphan is still there")
	}
	if err := b.payload(&m); err != nil {
		t.Errorf("the claim that an event names: %v", err)
	}
}
