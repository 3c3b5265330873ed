package deliver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
)

// Bounds of one mending, for each destination.
const (
	releasesAtOnce = 120              // held deliveries that go back to the intake
	releaseEvery   = time.Second / 2  // apart
	overdueBy      = 10 * time.Minute // a retry whose message seems lost (DESIGN 3a)
	overdueAtOnce  = 200
	closedAtOnce   = 200 // open deliveries of a removed destination
)

// Mend does what waits for nobody's message: it probes held destinations with their oldest held event, gives the held
// deliveries of mended ones back to the intake, oldest first and at a bounded rate, puts retries again whose messages
// seem lost, and closes what is open for removed destinations. It stops when ctx is done; the rest is for the next run.
func (d *Deliverer) Mend(ctx context.Context) error {
	d.Destinations.Forget()
	all, err := d.destinations(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for i := range all.All {
		to := &all.All[i]
		if ctx.Err() != nil {
			break
		}
		if err := d.mend(ctx, to); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", to.Name, err))
		}
	}
	if err := d.Tally.Flush(ctx); err != nil {
		d.Log.WarnContext(ctx, "tally not written", "error", err.Error())
	}
	return errors.Join(errs...)
}

func (d *Deliverer) mend(ctx context.Context, to *registry.Destination) error {
	switch to.State() {
	case registry.Removed:
		return d.closeRemoved(ctx, to)
	case registry.Held:
		if d.Now().Before(to.Health.NextProbe) {
			return nil
		}
		return d.probe(ctx, to)
	case registry.Active:
		if err := d.release(ctx, to); err != nil {
			return err
		}
		return d.overdue(ctx, to)
	}
	return nil
}

// probe tries the oldest held delivery of a held destination. When it goes through the destination is mended.
func (d *Deliverer) probe(ctx context.Context, to *registry.Destination) error {
	held, err := d.entries(ctx, to, ledger.HeldOnes, d.Now(), 1)
	if err != nil {
		return err
	}
	if len(held) == 0 { // nothing waits: the next event is the probe
		return d.Destinations.Mended(ctx, to.ID)
	}
	row, take, err := d.Ledger.Claim(ctx, held[0].row.Key(), to.ID, held[0].row.Try, d.Now().Add(claimFor))
	if err != nil || take != ledger.Taken {
		return err
	}
	row.Probe = true
	if err := d.again(ctx, row, to); err != nil {
		return err
	}
	after, ok, err := d.Ledger.Delivery(ctx, row.Key(), to.ID)
	if err != nil {
		return err
	}
	if ok && (after.State == ledger.Held || after.State == ledger.InFlight) {
		d.Log.WarnContext(ctx, "destination still held", "destination", to.Name, "reason", after.Reason)
		return d.Destinations.Probed(ctx, to.ID, after.Reason)
	}
	d.Log.InfoContext(ctx, "destination mended", "destination", to.Name)
	return d.Destinations.Mended(ctx, to.ID)
}

// release gives held deliveries back to the intake, oldest first, a little apart.
func (d *Deliverer) release(ctx context.Context, to *registry.Destination) error {
	held, err := d.entries(ctx, to, ledger.HeldOnes, d.Now(), releasesAtOnce)
	if err != nil {
		return err
	}
	for i, h := range held {
		if err := d.Requeue(ctx, h.row, h.at, time.Duration(i)*releaseEvery); err != nil {
			return err
		}
	}
	if len(held) > 0 {
		d.Log.InfoContext(ctx, "held deliveries released", "destination", to.Name, "count", len(held))
	}
	return nil
}

// overdue puts retries into the intake again whose messages should have come long ago. A message that does come after
// all finds its number stale or the delivery settled.
func (d *Deliverer) overdue(ctx context.Context, to *registry.Destination) error {
	late, err := d.entries(ctx, to, ledger.Retrying, d.Now().Add(-overdueBy), overdueAtOnce)
	if err != nil {
		return err
	}
	for _, r := range late {
		m := ledger.Message{Key: r.row.Key(), Retry: &ledger.Retry{Destination: to.ID, Try: r.row.Try, Due: d.Now()}}
		if err := d.Intake.Return(ctx, m, 0); err != nil {
			return err
		}
		d.Log.WarnContext(ctx, "retry was overdue", "destination", to.Name, "event", r.row.Key())
	}
	return nil
}

// closeRemoved ends what is open for a removed destination, then forgets it.
func (d *Deliverer) closeRemoved(ctx context.Context, to *registry.Destination) error {
	left := 0
	for _, kind := range []ledger.OpenKind{ledger.Retrying, ledger.HeldOnes, ledger.Waiting} {
		open, err := d.entries(ctx, to, kind, d.Now().Add(giveUp), closedAtOnce)
		if err != nil {
			return err
		}
		left += len(open)
		for _, o := range open {
			if err := d.again(ctx, o.row, nil); err != nil {
				return err
			}
		}
	}
	if left > 0 || d.Now().Sub(to.Since) < 2*overdueBy {
		return nil // events that were being delivered may still come
	}
	return d.Destinations.Delete(ctx, *to)
}

// Requeue makes a held or waiting delivery be tried again after a delay: its message first, then its row.
func (d *Deliverer) Requeue(ctx context.Context, row ledger.Delivery, received time.Time, after time.Duration) error {
	return d.requeue(ctx, row, received, after, "released")
}

func (d *Deliverer) requeue(ctx context.Context, row ledger.Delivery, received time.Time, after time.Duration, reason string) error {
	due := d.Now().Add(after)
	m := ledger.Message{Key: row.Key(), Retry: &ledger.Retry{Destination: row.Destination, Try: row.Try + 1, Due: due}}
	if err := d.Intake.Return(ctx, m, after); err != nil {
		return err
	}
	left, err := d.Ledger.Record(ctx, row, ledger.Outcome{State: ledger.InFlight, Next: due, Reason: reason}, received)
	if err != nil {
		return err
	}
	if _, err := d.Ledger.Conclude(ctx, row.Key()); err != nil {
		return err
	}
	return d.Ledger.RemoveOpen(ctx, row.Destination, left)
}

// waiting is an open delivery with the time by which it stands in the index.
type waiting struct {
	row ledger.Delivery
	at  time.Time
}

// entries are open deliveries by the index. An entry that its delivery does not point at is an orphan. One whose delivery
// is settled was left by somebody who was killed, perhaps before the event's state was written; of any other, a young
// one may be about to be pointed at.
func (d *Deliverer) entries(ctx context.Context, to *registry.Destination, kind ledger.OpenKind, before time.Time, max int) ([]waiting, error) {
	list, err := d.Ledger.OpenDeliveries(ctx, to.ID, kind, before, max)
	if err != nil {
		return nil, err
	}
	var out []waiting
	for _, e := range list {
		row, ok, err := d.Ledger.Delivery(ctx, e.Key, to.ID)
		if err != nil {
			return nil, err
		}
		if ok && row.Points(e) {
			out = append(out, waiting{row, e.Time})
			continue
		}
		if ok && row.State.Settled() {
			if _, err := d.Ledger.Conclude(ctx, e.Key); err != nil {
				return nil, err
			}
		} else if d.Now().Sub(e.Time) <= time.Hour {
			continue
		}
		if err := d.Ledger.RemoveOpen(ctx, to.ID, e); err != nil {
			return nil, err
		}
	}
	return out, nil
}
