package sweep

import (
	"context"
	"time"

	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
)

// fromSpill and fromPoison ready a message for its return and say how long it waits: one that failed a hundred times
// comes back later and later.
func fromSpill(m *ledger.Message) time.Duration { return 0 }

func fromPoison(m *ledger.Message) time.Duration {
	m.Returned = max(m.Returned, 0) + 1
	return min(time.Minute<<min(m.Returned-1, 10), 6*time.Hour)
}

// feed puts strays back, page by page, until there are none or its turn is over. A stray is removed only when it is safe
// elsewhere; one that cannot be fed keeps no other back.
func (s *Sweeper) feed(ctx context.Context, r *Report, next func() ([]ledger.Stray, error), ready func(*ledger.Message) time.Duration) error {
	ours, cancel := context.WithTimeout(ctx, turn)
	defer cancel()
	var first error
	for ours.Err() == nil {
		strays, err := next()
		moved := 0
		for _, stray := range strays {
			if ours.Err() != nil {
				break // the rest is for the next run
			}
			if feedErr := s.feedOne(ctx, r, stray, ready); feedErr == nil {
				moved++
			} else if err == nil {
				err = feedErr
			}
		}
		if first == nil {
			first = err
		}
		if moved == 0 {
			break
		}
	}
	return first
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
	returned := m.Returned
	after := ready(&m)
	err = s.Intake.Return(ctx, m, after)
	if lead.KindOf(err) == lead.TooLarge && m.Returned != returned {
		m.Returned = returned // the count was too much: without it the message is what a queue took before
		err = s.Intake.Return(ctx, m, after)
	}
	if err != nil {
		return err
	}
	r.Fed++
	return stray.Remove(ctx)
}
