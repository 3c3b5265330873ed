package ledger

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/azure"
)

// FirstTries writes down what becomes of the first tries of an event, which are made side by side. An outcome is written as
// soon as it is there; those that come while a write is under way go together with the next one.
//
// The write that completes them concludes the event too, without a look at its deliveries: it knows how they stood at the
// insert and what it has written since. It is guarded by the ETag that the event's row had at the insert. Whoever else
// writes a delivery of the event concludes it afterwards, and that changes the row while it says Opening ([Ledger.Conclude]).
// So either the guard is lost, and the event is concluded by reading, or the other one concludes it later and has seen
// everything.
type FirstTries struct {
	ledger *Ledger
	opened Opened
	left   int // tries of which nothing is written yet

	mu   sync.Mutex
	next *batch // takes outcomes until its write begins; nil when there is none

	turn      chan struct{} // holds one while somebody writes, who has the rest
	guard     azcore.ETag
	concluded bool
}

// batch are outcomes that are written together.
type batch struct {
	outcomes []recorded
	done     chan struct{}
	err      error // once done
}

// recorded is an outcome as it is written.
type recorded struct {
	row  *azure.Entity
	sent Sent
}

// FirstTries is for the tries that are to be made of what Open has found pending.
func (l *Ledger) FirstTries(o Opened) *FirstTries {
	f := &FirstTries{ledger: l, opened: o, left: len(o.Pending), turn: make(chan struct{}, 1)}
	if o.line.etag != "" {
		f.guard = o.guard
	}
	return f
}

// Record is [Ledger.Record] for a first try.
func (f *FirstTries) Record(ctx context.Context, d Delivery, o Outcome, received time.Time) (left OpenEntry, err error) {
	row, left, err := f.ledger.record(ctx, d, o, received)
	if err != nil {
		return left, err
	}
	return left, f.write(ctx, recorded{row, Sent{Destination: d.Destination, State: o.State, Waiting: o.State == Held && o.Person}})
}

// write gets an outcome written: by the first one of its batch, when the write before is done.
func (f *FirstTries) write(ctx context.Context, r recorded) error {
	f.mu.Lock()
	b := f.next
	first := b == nil || len(b.outcomes) == azure.MaxWrites-1 // the event's row may come, too
	if first {
		b = &batch{done: make(chan struct{})}
		f.next = b
	}
	b.outcomes = append(b.outcomes, r)
	f.mu.Unlock()
	if !first {
		<-b.done
		return b.err
	}
	f.turn <- struct{}{}
	defer func() { <-f.turn }()
	f.mu.Lock()
	if f.next == b {
		f.next = nil
	}
	f.mu.Unlock()
	b.err = f.transact(ctx, b.outcomes)
	close(b.done)
	return b.err
}

// transact writes outcomes, and with the last ones the event's state.
func (f *FirstTries) transact(ctx context.Context, outcomes []recorded) error {
	writes := make([]azure.Write, 0, len(outcomes)+1)
	for _, r := range outcomes {
		writes = append(writes, azure.Write{Entity: r.row, Match: azcore.ETagAny})
		f.stand(r.sent)
	}
	if f.guard != "" && f.left == len(outcomes) {
		end := azure.Write{Entity: f.ledger.conclusion(f.opened.Key, f.state()), Match: f.guard}
		_, err := f.ledger.events.Transact(ctx, append(writes, end))
		if err == nil {
			f.left, f.concluded = 0, true
		}
		if !azure.Stale(err) {
			return err
		}
		f.guard = "" // somebody else was there
	}
	var err error
	if len(writes) == 1 {
		_, err = f.ledger.events.Merge(ctx, writes[0].Entity, writes[0].Match)
	} else {
		_, err = f.ledger.events.Transact(ctx, writes)
	}
	if err == nil {
		f.left -= len(outcomes)
	}
	return err
}

// stand notes how a delivery stands.
func (f *FirstTries) stand(s Sent) {
	if i := slices.IndexFunc(f.opened.sent, func(have Sent) bool { return have.Destination == s.Destination }); i >= 0 {
		f.opened.sent[i] = s
	}
}

func (f *FirstTries) state() State {
	states := make([]State, len(f.opened.sent))
	for i, s := range f.opened.sent {
		states[i] = s.State
	}
	return Overall(states)
}

// Conclude brings the event and the row of its receipt up to date, when every try is recorded.
func (f *FirstTries) Conclude(ctx context.Context) error {
	if f.concluded {
		at := f.opened.line
		if err := f.ledger.markDay(ctx, at, f.state(), packSent(f.opened.sent), at.etag); !azure.Stale(err) {
			return err
		}
	}
	_, err := f.ledger.Conclude(ctx, f.opened.Key)
	return err
}
