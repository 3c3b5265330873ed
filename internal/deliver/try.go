package deliver

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"leadrelay/internal/destination"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
)

// Overflow is the address of a destination's overflow container, for Open; 0 and 1 are its address and its next one.
const Overflow = 2

// job is one try of one delivery.
type job struct {
	event  lead.Envelope
	row    ledger.Delivery
	to     *registry.Destination // nil: it was removed
	repeat bool                  // an earlier try may have reached the far side
	stale  bool                  // a newer version of the lead has come since
	erased bool                  // its payload is gone
	book   recorder              // takes what it comes to
}

// recorder writes down what a try came to: the ledger itself or, for the first tries of an event, ledger.FirstTries.
type recorder interface {
	// Record gives what is left in the index of open deliveries, to be removed when the event's state is written.
	Record(ctx context.Context, d ledger.Delivery, o ledger.Outcome, received time.Time) (left ledger.OpenEntry, err error)
}

// one makes one try within a context of its own, if one is to be made, and writes down what it came to. An error means that
// nothing is written. What is left in the index of open deliveries is to be removed when the event's state is written.
func (d *Deliverer) one(ctx, within context.Context, log *slog.Logger, j *job) (left ledger.OpenEntry, err error) {
	out, err := d.prejudge(j)
	if out.State == "" {
		out, err = d.try(ctx, within, j)
	}
	left, settleErr := d.settle(ctx, j, &out, err)
	if settleErr != nil {
		log.ErrorContext(ctx, "delivery not recorded", "destination", j.row.Name, "error", settleErr.Error())
		return left, settleErr
	}
	logTry(ctx, log, j, out, err)
	return left, nil
}

// prejudge says what becomes of a delivery for which no try is to be made; its state is empty when one is.
func (d *Deliverer) prejudge(j *job) (ledger.Outcome, error) {
	dead := func(reason string) (ledger.Outcome, error) {
		return ledger.Outcome{State: ledger.Dead, Stale: j.stale, Reason: reason}, errors.New(reason)
	}
	switch {
	case j.to == nil:
		return dead("destination removed")
	case j.erased:
		return dead("the payload is erased")
	case j.stale && j.to.Config.Stale == "skip":
		return dead("a newer version of the lead came first")
	case j.to.State() == registry.Paused:
		return ledger.Outcome{State: ledger.Held, Reason: "the destination is paused"}, nil
	case j.to.State() == registry.Shadow: // it was meant to be sent: it waits until somebody decides
		return ledger.Outcome{State: ledger.Held, Reason: "the destination is in shadow"}, nil
	case j.to.State() == registry.Held && !j.row.Probe:
		return ledger.Outcome{State: ledger.Held, Reason: "the destination is held: " + j.to.Health.Reason}, nil
	}
	return ledger.Outcome{}, nil
}

// try sends once, to the address that works; when that is at fault and a second one stands, to that. It always has an
// outcome; err is why the outcome is not delivered.
func (d *Deliverer) try(ctx, within context.Context, j *job) (out ledger.Outcome, err error) {
	out = ledger.Outcome{Started: d.Now(), Stale: j.stale}
	var receipt destination.Receipt
	address := j.to.Health.Address
	receipt, err = d.send(within, j, address)
	if lead.KindOf(err) == lead.Address && j.to.Secrets.AddressNext != "" {
		if second, secondErr := d.send(within, j, 1-address); secondErr == nil {
			receipt, err = second, d.Destinations.Switch(ctx, j.to.ID, 1-address)
			d.Log.InfoContext(ctx, "address switched", "destination", j.to.Name)
		}
	}
	out.Took = d.Now().Sub(out.Started)
	if err == nil {
		out.State, out.ID, out.Code, out.Assumed = ledger.Delivered, receipt.ID, strconv.Itoa(receipt.Code), receipt.Assumed
		return out, nil
	}
	out.Reason, out.Code = err.Error(), lead.CodeOf(err)
	switch lead.KindOf(err) {
	case lead.Refused, lead.TooLarge, lead.Invalid:
		out.State = ledger.Dead // the same event can never pass
	case lead.Address:
		out.State = ledger.Held
	default:
		out.State = ledger.InFlight
	}
	return out, err
}

// send is one call of a driver. A driver that panics fails this delivery only.
func (d *Deliverer) send(ctx context.Context, j *job, address int) (receipt destination.Receipt, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = lead.Errorf(lead.Internal, "the driver panicked: %T", r)
		}
	}()
	far, err := d.driver(j.to, address)
	if err != nil {
		return destination.Receipt{}, err
	}
	what, err := d.render(j)
	if err != nil {
		return destination.Receipt{}, err
	}
	receipt, err = far.Deliver(ctx, what)
	if lead.KindOf(err) == lead.TooLarge && j.to.Secrets.Overflow != "" {
		return d.overflow(ctx, j, far, what)
	}
	return receipt, err
}

// overflow puts a body beyond a queue message into the lender's overflow container first, then a message that names it:
// our envelope with "dataref" in the place of the data, which our drain follows.
func (d *Deliverer) overflow(ctx context.Context, j *job, queue destination.Destination, what destination.Delivery) (destination.Receipt, error) {
	container, err := d.driver(j.to, Overflow)
	if err != nil {
		return destination.Receipt{}, err
	}
	kept, err := container.Deliver(ctx, what)
	if err != nil {
		return destination.Receipt{}, err
	}
	pointer := j.event
	pointer.DataRef, pointer.Tags = kept.Place, j.row.Tags
	what.Body, what.ContentType = pointer.AppendJSON(nil), "application/cloudevents+json"
	return queue.Deliver(ctx, what)
}

func logTry(ctx context.Context, log *slog.Logger, j *job, out ledger.Outcome, err error) {
	level, attrs := slog.LevelInfo, append(make([]slog.Attr, 0, 9), slog.String("destination", j.row.Name), slog.String("state", string(out.State)))
	if out.Started.IsZero() {
		attrs = append(attrs, slog.Int("try", 0))
	} else {
		attrs = append(attrs, slog.Int("try", j.row.Tries+1), slog.Int64("ms", out.Took.Milliseconds()))
	}
	if out.Code != "" {
		attrs = append(attrs, slog.String("code", out.Code))
	}
	if out.Assumed {
		attrs = append(attrs, slog.Bool("assumed", true))
	}
	if out.Stale {
		attrs = append(attrs, slog.Bool("stale", true))
	}
	if err != nil {
		level, attrs = slog.LevelWarn, append(attrs, slog.String("kind", lead.KindOf(err).String()), slog.String("error", err.Error()))
	}
	if h := log.Handler(); h.Enabled(ctx, level) { // by hand: LogAttrs would look for the line of the program that logs
		r := slog.NewRecord(time.Now(), level, "delivery", 0)
		r.AddAttrs(attrs...)
		_ = h.Handle(ctx, r) // slog's own methods drop it too
	}
}
