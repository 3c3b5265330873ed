// Package sweep mends, every minute, what the trigger missed, what is due, and what is held and repaired.
//
// It feeds the spill and the host's poison queue back into the intake, drains an intake that nobody else drains, and
// lets the deliverer probe and release held destinations (DESIGN 3 and 3a).
package sweep

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"leadrelay/internal/customhandler"
	"leadrelay/internal/ledger"
)

// Deliverer is the flow that sweeps look after.
type Deliverer interface {
	// Deliver handles one message of the intake; an error asks for it to come back.
	Deliver(ctx context.Context, text []byte) error
	// Mend probes, releases and puts again what waits for nobody's message.
	Mend(ctx context.Context) error
}

// Sweeper is the flow. One run at a time: it holds a lease.
type Sweeper struct {
	Intake  *ledger.Intake
	Ledger  *ledger.Ledger
	Deliver Deliverer
	Lock    *ledger.Lock
	Log     *slog.Logger
	Now     func() time.Time
	Keep    time.Duration                                       // how long payloads are kept after the last delivery; 0 keeps them
	Watch   func(ctx context.Context, late time.Duration) error // looks at health and alerts; late is the intake's; nil does not look
}

// Report counts what a run did.
type Report struct {
	Fed     int           // messages that went back into the intake
	Kept    int           // unreadable ones that became dead rows
	Drained int           // messages of a late intake that were handled here
	Late    time.Duration // how late the oldest message of the intake was
}

const (
	budget    = 50 * time.Second // of one run; the lease lasts longer
	turn      = 12 * time.Second // of one kind of feeding: a flood of one does not keep the others from being done
	spillPage = 100              // blobs of the spill that are read at a time
	hold      = 2 * time.Minute  // a message is leased while it moves
	lateAfter = 2 * time.Minute  // an intake whose oldest message is later has no consumer
)

// Sweep runs once. Another run that holds the lease is no error: it is doing the work. One kind of work that fails
// does not keep the others from being done.
func (s *Sweeper) Sweep(ctx context.Context) (Report, error) {
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	release, ok, err := s.Lock.Acquire(ctx)
	if err != nil || !ok {
		return Report{}, err
	}
	defer release()
	var r Report
	var errs []error
	for _, work := range []struct {
		name string
		do   func() error
	}{
		{"spill", func() error {
			return s.feed(ctx, &r, func() ([]ledger.Stray, error) { return s.Intake.Spilled(ctx, spillPage) }, fromSpill)
		}},
		{"poison", func() error {
			return s.feed(ctx, &r, func() ([]ledger.Stray, error) { return s.Intake.Poisoned(ctx, hold) }, fromPoison)
		}},
		{"intake", func() error { return s.drainLate(ctx, &r) }},
		{"watch", func() error { return s.watch(ctx, r.Late) }},
		{"deliveries", func() error { return s.Deliver.Mend(ctx) }},
		{"retention", func() error { return s.Ledger.Retire(ctx, s.Keep) }},
		{"orphans", func() error { return s.Ledger.RemoveOrphans(ctx) }},
	} {
		if err := guarded(work.do); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", work.name, err))
		}
	}
	if r != (Report{}) {
		s.Log.InfoContext(ctx, "swept", "fed", r.Fed, "kept", r.Kept, "drained", r.Drained, "late_s", int(r.Late.Seconds()))
	}
	return r, errors.Join(errs...)
}

// watch has its own turn: what it tells of waits for nobody's endpoint.
func (s *Sweeper) watch(ctx context.Context, late time.Duration) error {
	if s.Watch == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, turn)
	defer cancel()
	return s.Watch(ctx, late)
}

// guarded does one piece of work. Its panic is its own error: the rest is still done.
func guarded(work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = customhandler.Recovered(p)
		}
	}()
	return work()
}

// drainLate handles the messages of the intake itself when the oldest one that anybody could take is late: the trigger
// has stopped in silence (facts/peers.md §2, 1).
func (s *Sweeper) drainLate(ctx context.Context, r *Report) error {
	ours, cancel := context.WithTimeout(ctx, turn)
	defer cancel()
	for ours.Err() == nil {
		late, err := s.Intake.Lateness(ctx, s.Now())
		if err != nil || late < lateAfter {
			return err
		}
		r.Late = max(r.Late, late)
		s.Log.ErrorContext(ctx, "intake late", "late_s", int(late.Seconds()))
		messages, err := s.Intake.Take(ctx, hold)
		if err != nil || len(messages) == 0 {
			return err
		}
		for _, m := range messages {
			if ours.Err() != nil {
				return nil // the rest comes back by itself
			}
			if err := guarded(func() error { return s.Deliver.Deliver(ctx, m.Text) }); err != nil {
				s.Log.ErrorContext(ctx, "message failed", "error", err.Error())
				continue // it comes back by itself
			}
			if err := m.Remove(ctx); err != nil {
				return err
			}
			r.Drained++
		}
	}
	return nil
}
