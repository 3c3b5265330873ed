package deliver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
)

// The schedule of tries (DESIGN 3): after these delays, then every two hours, until a week after the first.
const (
	thenEvery = 2 * time.Hour
	giveUp    = 7 * 24 * time.Hour
	spread    = 0.2 // of each delay, both ways
)

func schedule() []time.Duration {
	return []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour}
}

// Delay is how long to wait after a failed try, which is the n-th, from 1; at is 0 to 1, the place in the spread.
func Delay(n int, at float64) time.Duration {
	d := thenEvery
	if steps := schedule(); n >= 1 && n <= len(steps) {
		d = steps[n-1]
	}
	return time.Duration(float64(d) * (1 - spread + 2*spread*at))
}

// settle decides what follows from an outcome and writes it down: the next try's message before the row that names it.
func (d *Deliverer) settle(ctx context.Context, j *job, out *ledger.Outcome, cause error) (left ledger.OpenEntry, err error) {
	if out.State == ledger.InFlight {
		d.plan(j, out, cause)
	}
	if out.State == ledger.Held && !out.Started.IsZero() && !j.row.Probe {
		if err := d.Destinations.Hold(ctx, j.to.ID, out.Reason); err != nil {
			return left, err
		}
	}
	if out.State == ledger.InFlight {
		m := ledger.Message{Key: j.row.Key(), Retry: &ledger.Retry{Destination: j.row.Destination, Try: j.row.Try + 1, Due: out.Next}}
		if err := d.Intake.Return(ctx, m, out.Next.Sub(d.Now())); err != nil {
			return left, fmt.Errorf("put the next try: %w", err)
		}
	}
	if left, err = j.book.Record(ctx, j.row, *out, j.event.Time); err != nil {
		return left, err
	}
	d.learn(ctx, j, *out)
	return left, nil
}

// plan sets when the next try is due. A delivery whose tries have run out is dead only where others get through; else
// it is held, and its destination will be (DESIGN 3).
func (d *Deliverer) plan(j *job, out *ledger.Outcome, cause error) {
	first := j.row.First
	if first.IsZero() {
		first = out.Started
	}
	if d.Now().Sub(first) >= giveUp {
		if h := j.to.Health; h.Failures == 0 || h.Failing.Sub(first) > 0 {
			out.State, out.Reason = ledger.Dead, "tries ran out: "+out.Reason
		} else {
			out.State, out.Reason = ledger.Held, "tries ran out and nothing gets through: "+out.Reason
		}
		return
	}
	at := d.Spread
	if at == nil {
		at = rand.Float64
	}
	wait := Delay(j.row.Tries+1, at())
	if asked := lead.RetryAfter(cause); asked > 0 {
		wait = min(asked, giveUp-time.Second)
	}
	out.Next = d.Now().Add(wait)
}

// learn tells the registry what a try taught about its destination. A note that cannot be written is no reason to
// deliver again.
func (d *Deliverer) learn(ctx context.Context, j *job, out ledger.Outcome) {
	if j.to != nil && out.State == ledger.Dead {
		d.Tally.Fault(ledger.ToDestination(j.to.ID), d.Now(), ledger.GivenUp)
	}
	if out.Started.IsZero() || j.to == nil {
		return
	}
	if out.State == ledger.Delivered {
		d.Tally.Count(ledger.ToDestination(j.to.ID), out.Started, ledger.TriesThrough)
	} else {
		d.Tally.Fault(ledger.ToDestination(j.to.ID), out.Started, ledger.TriesFailed)
	}
	var err error
	switch {
	case out.State == ledger.Delivered && (j.to.Health.Failures > 0 || j.to.Health.Held):
		err = d.Destinations.Mended(ctx, j.to.ID)
	case out.State == ledger.InFlight:
		err = d.Destinations.Failed(ctx, *j.to, out.Reason)
	}
	if err != nil {
		d.Log.WarnContext(ctx, "health not written", "destination", j.to.Name, "error", err.Error())
	}
}
