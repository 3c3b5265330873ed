package ledger_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"leadrelay/internal/ledger"
)

// tried is what a try at this moment came to.
func (b *book) tried(s ledger.State) ledger.Outcome {
	return ledger.Outcome{State: s, Started: b.now, Code: "201", Next: b.now.Add(time.Hour)}
}

// first opens a message for n destinations and begins their first tries.
func (b *book) first(m *ledger.Message, n int) (ledger.Opened, *ledger.FirstTries) {
	b.Helper()
	var targets []ledger.Target
	for i := range n {
		targets = append(targets, ledger.Target{ID: fmt.Sprintf("d%03d", i)})
	}
	o, err := b.Open(b.ctx, m, targets, nil)
	if err != nil || len(o.Pending) != n {
		b.Fatalf("%d are pending, %v", len(o.Pending), err)
	}
	return o, b.FirstTries(o)
}

// record writes an outcome down, by the first tries or by the ledger itself.
func (b *book) record(f *ledger.FirstTries, d ledger.Delivery, s ledger.State) {
	b.Helper()
	record := b.Ledger.Record
	if f != nil {
		record = f.Record
	}
	if _, err := record(b.ctx, d, b.tried(s), b.now); err != nil {
		b.Error(err)
	}
}

// ends wants the state of an event, on its row and on the row of its receipt.
func (b *book) ends(key string, want ledger.State) {
	b.Helper()
	e, _, err := b.Event(b.ctx, key)
	if err != nil || e.State != want {
		b.Errorf("the event is %s, want %s %v", e.State, want, err)
	}
	n, _, err := b.Find(b.ctx, e.Receipt)
	if err != nil || n.State != want || n.Key != key {
		b.Errorf("the receipt is %s of %s, want %s of %s %v", n.State, n.Key, want, key, err)
	}
}

func TestFirstTriesSideBySideConcludeTheEvent(t *testing.T) {
	for _, n := range []int{1, 2, 8, 99, 120} {
		b := newBook(t)
		o, f := b.first(b.message("A"), n)
		var wg sync.WaitGroup
		for i, d := range o.Pending {
			s := ledger.Delivered
			if i == n/2 {
				s = ledger.Dead
			}
			wg.Go(func() { b.record(f, d, s) })
		}
		wg.Wait()
		if err := f.Conclude(b.ctx); err != nil {
			t.Fatal(err)
		}
		b.ends(o.Key, ledger.Dead)
		e, _, _ := b.Event(b.ctx, o.Key)
		rows, err := b.Deliveries(b.ctx, e)
		if err != nil || len(rows) != n {
			t.Fatalf("%d deliveries %v", len(rows), err)
		}
		for i, d := range rows {
			if d.Tries != 1 || (d.State == ledger.Dead) != (i == n/2) {
				t.Errorf("of %d, delivery %d is %s after %d tries", n, i, d.State, d.Tries)
			}
		}
	}
}

// TestWhatSomebodyElseDidMeanwhileCounts has another invocation finish a delivery while the first tries are still made.
func TestWhatSomebodyElseDidMeanwhileCounts(t *testing.T) {
	for name, order := range map[string]func(b *book, elsewhere, last, end func()){
		"before the last outcome":                    func(_ *book, elsewhere, last, end func()) { elsewhere(); last(); end() },
		"between the last outcome and the end":       func(_ *book, elsewhere, last, end func()) { last(); elsewhere(); end() },
		"after the end":                              func(_ *book, elsewhere, last, end func()) { last(); end(); elsewhere() },
		"and was killed before it could conclude it": func(_ *book, _, last, end func()) { last(); end() },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBook(t)
			o, f := b.first(b.message("A"), 2)
			b.record(f, o.Pending[0], ledger.InFlight)
			b.record(nil, o.Pending[0], ledger.Delivered) // its retry
			conclude := func() {
				if _, err := b.Conclude(b.ctx, o.Key); err != nil {
					t.Error(err)
				}
			}
			order(b, conclude, func() { b.record(f, o.Pending[1], ledger.Delivered) }, func() {
				if err := f.Conclude(b.ctx); err != nil {
					t.Error(err)
				}
			})
			conclude() // of the retry's message, which comes again
			b.ends(o.Key, ledger.Delivered)
		})
	}
}

func TestCopyOfALeadWhoseFirstMessageWasKilledIsItsFirstVersion(t *testing.T) {
	b := newBook(t)
	if a, err := b.Arrive(b.ctx, b.message("A")); err != nil || !a.Initial {
		t.Fatalf("the first version is initial: %v %v", a.Initial, err)
	}
	b.later(time.Minute)
	if a, err := b.Arrive(b.ctx, b.message("A")); err != nil || !a.Initial || a.Known() {
		t.Errorf("its copy: initial %v, known %v, %v", a.Initial, a.Known(), err)
	}
	b.later(time.Minute)
	if a, err := b.Arrive(b.ctx, b.message("B")); err != nil || a.Initial || a.Known() {
		t.Errorf("an update: initial %v, known %v, %v", a.Initial, a.Known(), err)
	}
}

func TestReceiptOfAVersionThatCameBackIsPutRight(t *testing.T) {
	b := newBook(t)
	for _, content := range []string{"A", "B", "A"} {
		b.open(b.message(content), ledger.First)
		b.later(time.Hour)
	}
	book, err := b.Book(b.ctx, "crf", b.now)
	if err != nil || book.Difference() != 0 || len(book.Lost) != 0 || book.Events[ledger.InFlight] != 3 {
		t.Errorf("the book says %+v %v", book, err)
	}
}
