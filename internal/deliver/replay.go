package deliver

import (
	"context"
	"errors"
	"strings"

	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
	"leadrelay/internal/rule"
)

// Replay has a stored event delivered to a destination, once more or for the first time, because a person wants it. no
// says why it is not, empty when it is; with dry nothing is written. What the same replay has asked for already is
// not asked for twice.
func (d *Deliverer) Replay(ctx context.Context, e ledger.Event, to registry.Destination, deed ledger.Deed, dry bool) (no string, err error) {
	if to.Wanted == registry.Removed {
		return "the destination is removed", nil
	}
	if to.Wanted == registry.Shadow {
		return "the destination is in shadow: nothing is sent to it", nil
	}
	if e.Reject != nil {
		return "it was refused at the door, and is no event for anybody", nil
	}
	deed.What, deed.Destination = ledger.DeedReplayed, to.ID
	row, ok, err := d.Ledger.Delivery(ctx, e.Key, to.ID)
	if err != nil {
		return "", err
	}
	if ok && deed.Replay != "" && row.Replay == deed.Replay {
		return "", d.remind(ctx, row, dry)
	}
	switch {
	case ok && row.State == ledger.InFlight:
		return "it is on its way", nil
	case ok && row.Waits():
		return "it waits for a person: release or refuse it", nil
	}
	env, err := d.Ledger.Payload(ctx, e)
	if errors.Is(err, ledger.ErrErased) {
		return "its payload is erased", nil
	}
	if err != nil {
		return "", err
	}
	if ok {
		if dry {
			return "", nil
		}
		return "", d.replayRow(ctx, e, row, deed)
	}
	return d.replayNew(ctx, e, &ledger.Message{Envelope: env, LeadKey: e.LeadKey}, to, deed, dry)
}

// remind puts the message of a try that a replay has asked for, in case that its sender was killed before that. A second
// one finds the try claimed or its number stale.
func (d *Deliverer) remind(ctx context.Context, row ledger.Delivery, dry bool) error {
	if dry || row.State != ledger.InFlight {
		return nil
	}
	m := ledger.Message{Key: row.Key(), Retry: &ledger.Retry{Destination: row.Destination, Try: row.Try, Due: d.Now()}}
	if err := d.Intake.Return(ctx, m, 0); err != nil {
		return err
	}
	_, err := d.Ledger.Conclude(ctx, row.Key())
	return err
}

// replayRow makes the next try of a settled delivery due. Unlike a retry it writes the row before the message: a message
// that found the row still settled would be dropped, whereas a row without a message is seen by Sweep.
func (d *Deliverer) replayRow(ctx context.Context, e ledger.Event, row ledger.Delivery, deed ledger.Deed) error {
	if err := d.Ledger.AddDeed(ctx, e.Key, deed); err != nil {
		return err
	}
	now := d.Now()
	left, err := d.Ledger.Record(ctx, row, ledger.Outcome{State: ledger.InFlight, Next: now, Reason: "replayed by " + deed.By, Replay: replayID(deed)}, e.Received)
	if err != nil {
		return err
	}
	if _, err := d.Ledger.Conclude(ctx, e.Key); err != nil {
		return err
	}
	if err := d.Ledger.RemoveOpen(ctx, row.Destination, left); err != nil {
		return err
	}
	return d.Intake.Return(ctx, ledger.Message{Key: e.Key, Retry: &ledger.Retry{Destination: row.Destination, Try: row.Try + 1, Due: now}}, 0)
}

func replayID(deed ledger.Deed) string {
	if deed.Replay != "" {
		return deed.Replay
	}
	return "once"
}

// replayNew adds a delivery to a destination that the event was not meant for when it came, if its rules say yes now or
// the person insists. What calls for a person there waits for one all the same.
func (d *Deliverer) replayNew(ctx context.Context, e ledger.Event, m *ledger.Message, to registry.Destination, deed ledger.Deed, dry bool) (no string, err error) {
	in, err := d.stored(ctx, e, m)
	if err != nil {
		return "", err
	}
	v := d.judge(&to, in, e, nil)
	if !v.Gets && !deed.Forced {
		return strings.Join(v.Why, "; "), nil
	}
	deed.Forced = !v.Gets
	if dry {
		return "", nil
	}
	t := ledger.Target{ID: to.ID, Name: to.Name}
	dropped, err := d.caution(ctx, &to, m, in, &t)
	if err != nil {
		return "", err
	}
	if dropped != "" && !deed.Forced {
		return dropped, nil
	}
	if err := d.Ledger.AddDeed(ctx, e.Key, deed); err != nil {
		return "", err
	}
	now := d.Now()
	if err := d.Ledger.AddDelivery(ctx, e, t, now, replayID(deed)); err != nil {
		return "", err
	}
	if _, err := d.Ledger.Conclude(ctx, e.Key); err != nil || t.Wait != "" {
		return "", err
	}
	return "", d.Intake.Return(ctx, ledger.Message{Key: e.Key, Retry: &ledger.Retry{Destination: to.ID, Try: 1, Due: now}}, 0)
}

// stored is a stored event as filters see it.
func (d *Deliverer) stored(ctx context.Context, e ledger.Event, m *ledger.Message) (*rule.Event, error) {
	initial, err := d.Ledger.WasInitial(ctx, e)
	if err != nil {
		return nil, err
	}
	return d.decoded(ctx, m, initial)
}

// Release lets a delivery go that waits for a person. no says why it does not.
func (d *Deliverer) Release(ctx context.Context, e ledger.Event, destination string, deed ledger.Deed) (no string, err error) {
	row, no, err := d.waitingRow(ctx, e, destination)
	if err != nil || no != "" {
		return no, err
	}
	deed.What, deed.Destination = ledger.DeedReleased, destination
	if err := d.Ledger.AddDeed(ctx, e.Key, deed); err != nil {
		return "", err
	}
	return "", d.requeue(ctx, row, e.Received, 0, "released by "+deed.By)
}

// Refuse ends a delivery that waits for a person as dead. no says why it does not.
func (d *Deliverer) Refuse(ctx context.Context, e ledger.Event, destination string, deed ledger.Deed) (no string, err error) {
	row, no, err := d.waitingRow(ctx, e, destination)
	if err != nil || no != "" {
		return no, err
	}
	deed.What, deed.Destination = ledger.DeedRefused, destination
	if err := d.Ledger.AddDeed(ctx, e.Key, deed); err != nil {
		return "", err
	}
	reason := "refused by " + deed.By
	if deed.Why != "" {
		reason += ": " + deed.Why
	}
	left, err := d.Ledger.Record(ctx, row, ledger.Outcome{State: ledger.Dead, Reason: reason}, e.Received)
	if err != nil {
		return "", err
	}
	if _, err := d.Ledger.Conclude(ctx, e.Key); err != nil {
		return "", err
	}
	return "", d.Ledger.RemoveOpen(ctx, destination, left)
}

func (d *Deliverer) waitingRow(ctx context.Context, e ledger.Event, destination string) (row ledger.Delivery, no string, err error) {
	row, ok, err := d.Ledger.Delivery(ctx, e.Key, destination)
	switch {
	case err != nil:
		return row, "", err
	case !ok:
		return row, "it was not for that destination", nil
	case !row.Waits():
		return row, "it does not wait for a person: it is " + string(row.State), nil
	}
	return row, "", nil
}
