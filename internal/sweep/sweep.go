// Package sweep mends, every minute, what the trigger missed: it feeds the spill and the host's poison queue back into
// the intake.
package sweep

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"leadrelay/internal/ledger"
)

// Sweeper is the flow. One run at a time: it holds a lease (DESIGN 3a).
type Sweeper struct {
	Intake *ledger.Intake
	Ledger *ledger.Ledger
	Lock   *ledger.Lock
	Log    *slog.Logger
}

// Report counts what a run did.
type Report struct {
	Fed  int // messages that went back into the intake
	Kept int // unreadable ones that became dead rows
}

const (
	budget    = 50 * time.Second // of one run; the lease lasts longer
	spillPage = 100              // blobs of the spill that are read at a time
	hold      = 2 * time.Minute  // a poisoned message is leased while it moves
)

// Sweep runs once. Another run that holds the lease is no error: it is doing the work.
func (s *Sweeper) Sweep(ctx context.Context) (Report, error) {
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	release, ok, err := s.Lock.Acquire(ctx)
	if err != nil || !ok {
		return Report{}, err
	}
	defer release()
	var r Report
	spill := s.feed(ctx, &r, func() ([]ledger.Stray, error) { return s.Intake.Spilled(ctx, spillPage) }, fromSpill)
	poison := s.feed(ctx, &r, func() ([]ledger.Stray, error) { return s.Intake.Poisoned(ctx, hold) }, fromPoison)
	if r != (Report{}) {
		s.Log.InfoContext(ctx, "swept", "fed", r.Fed, "kept", r.Kept)
	}
	return r, errors.Join(spill, poison)
}

// fromSpill and fromPoison ready a message for its return and say how long it waits: one that failed a hundred times
// comes back later and later.
func fromSpill(m *ledger.Message) time.Duration { return 0 }

func fromPoison(m *ledger.Message) time.Duration {
	m.Returned++
	return min(time.Minute<<min(m.Returned-1, 10), 6*time.Hour)
}

// feed puts strays back, page by page, until there are none. A stray is removed only when it is safe elsewhere.
func (s *Sweeper) feed(ctx context.Context, r *Report, next func() ([]ledger.Stray, error), ready func(*ledger.Message) time.Duration) error {
	for ctx.Err() == nil {
		strays, err := next()
		for _, stray := range strays {
			if err := s.feedOne(ctx, r, stray, ready); err != nil {
				return err
			}
		}
		if err != nil || len(strays) == 0 {
			return err
		}
	}
	return nil // the rest is for the next run
}

func (s *Sweeper) feedOne(ctx context.Context, r *Report, stray ledger.Stray, ready func(*ledger.Message) time.Duration) error {
	m, err := ledger.ParseMessage(stray.Text)
	if err != nil {
		if err := s.Ledger.KeepUnreadable(ctx, stray.Text, "neither spill nor poison queue should hold this: "+err.Error()); err != nil {
			return err
		}
		r.Kept++
		return stray.Remove(ctx)
	}
	after := ready(&m)
	if err := s.Intake.Return(ctx, m, after); err != nil {
		return err
	}
	r.Fed++
	return stray.Remove(ctx)
}
