package sweep

import (
	"context"
	"time"

	"leadrelay/internal/ledger"
)

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
