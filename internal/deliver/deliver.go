// Package deliver puts each event into the destinations that it is meant for, each on its own, and writes down what
// became of it.
//
// One message of the intake is one invocation (DESIGN 3, Deliver). The ledger says whether it is a first message, a
// redelivery or a duplicate; a redelivery sends only what is missing.
package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"leadrelay/internal/destination"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
)

// Directory knows the destinations, as they are now.
type Directory interface {
	Cached(ctx context.Context) ([]registry.Destination, error)
}

// Deliverer is the flow.
type Deliverer struct {
	Ledger       *ledger.Ledger
	Destinations Directory
	Open         func(registry.Destination) (destination.Destination, error)
	Log          *slog.Logger
	Now          func() time.Time
}

// tryTimeout bounds one try of one delivery, so that a hanging far side ends before the invocation does.
const tryTimeout = 30 * time.Second

// Deliver handles one message of the intake. An error asks for the message to come back; what was delivered stays so.
func (d *Deliverer) Deliver(ctx context.Context, text []byte) error {
	m, err := ledger.ParseMessage(text)
	if err != nil {
		d.Log.ErrorContext(ctx, "message unreadable", "bytes", len(text), "error", err.Error())
		return d.Ledger.KeepUnreadable(ctx, text, "the intake held a message that is none of ours")
	}
	all, err := d.Destinations.Cached(ctx)
	if err != nil {
		return err
	}
	opened, err := d.Ledger.Open(ctx, &m, targets(all, m))
	if err != nil {
		return err
	}
	log := d.Log.With("event", opened.Key, "receipt", m.Envelope.ID, "partner", m.Envelope.Partner, "type", m.Envelope.Type, "lead", m.Envelope.Subject)
	if opened.Verdict == ledger.Duplicate {
		log.InfoContext(ctx, "duplicate")
		return nil
	}
	if len(opened.Pending) == 0 {
		log.InfoContext(ctx, "settled", "state", string(opened.State), "again", opened.Verdict == ledger.Again)
		return d.settle(ctx, opened)
	}
	if err := d.Ledger.Resolve(ctx, &m); err != nil {
		return err
	}
	return d.fanOut(ctx, log, m.Envelope, opened, all)
}

// targets are the destinations that an event is meant for. A rejected event is for nobody.
func targets(all []registry.Destination, m ledger.Message) []ledger.Target {
	if m.Reject != nil {
		return nil
	}
	var out []ledger.Target
	for _, d := range all {
		out = append(out, ledger.Target{ID: d.ID, Name: d.Name})
	}
	return out
}

// settle closes an event that a killed invocation left open although nothing is left to send.
func (d *Deliverer) settle(ctx context.Context, o ledger.Opened) error {
	if o.State != ledger.InFlight {
		return nil
	}
	return d.finish(ctx, o.Key)
}

// fanOut sends one event to what is left of its destinations, side by side, and records each outcome as it comes.
func (d *Deliverer) fanOut(ctx context.Context, log *slog.Logger, e lead.Envelope, o ledger.Opened, all []registry.Destination) error {
	errs := make([]error, len(o.Pending))
	var wg sync.WaitGroup
	for i, p := range o.Pending {
		wg.Go(func() {
			out, err := d.try(ctx, e, o, p, all)
			logTry(ctx, log, p, out, err)
			if recordErr := d.Ledger.Record(ctx, o.Key, out); recordErr != nil {
				errs[i] = fmt.Errorf("record: %w", recordErr)
			} else if out.State == ledger.InFlight {
				errs[i] = fmt.Errorf("%s: %w", p.Name, err)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return d.finish(ctx, o.Key)
}

// finish writes the event's one state, out of what its deliveries say.
func (d *Deliverer) finish(ctx context.Context, key string) error {
	e, ok, err := d.Ledger.Event(ctx, key)
	if err != nil || !ok {
		return err
	}
	rows, err := d.Ledger.Deliveries(ctx, e)
	if err != nil {
		return err
	}
	var states []ledger.State
	for _, r := range rows {
		states = append(states, r.State)
	}
	return d.Ledger.Finish(ctx, key, ledger.Overall(states))
}

// try is one try of one delivery. It never fails without an outcome; err is why the outcome is not delivered.
func (d *Deliverer) try(ctx context.Context, e lead.Envelope, o ledger.Opened, p ledger.Delivery, all []registry.Destination) (out ledger.Outcome, err error) {
	out = ledger.Outcome{Destination: p.Destination, State: ledger.InFlight, Tries: p.Tries + 1, Started: d.Now()}
	defer func() {
		if r := recover(); r != nil {
			err = lead.Errorf(lead.Internal, "the driver panicked: %T", r)
		}
		out.Took = d.Now().Sub(out.Started)
		if err != nil {
			out.Reason, out.Code = err.Error(), lead.CodeOf(err)
		}
	}()
	i := slices.IndexFunc(all, func(r registry.Destination) bool { return r.ID == p.Destination })
	if i < 0 {
		out.State = ledger.Dead
		return out, errors.New("destination removed")
	}
	far, err := d.Open(all[i])
	if err != nil {
		return out, err
	}
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	receipt, err := far.Deliver(ctx, Render(all[i], e, o.Key, o.Verdict == ledger.Again))
	switch lead.KindOf(err) {
	case lead.Refused, lead.TooLarge, lead.Invalid:
		out.State = ledger.Dead // the same event can never pass
		return out, err
	}
	if err == nil {
		out.State, out.ID, out.Code, out.Assumed = ledger.Delivered, receipt.ID, strconv.Itoa(receipt.Code), receipt.Assumed
	}
	return out, err
}

// Render is an event as a destination gets it: the partner's payload as it came, or the whole envelope.
func Render(to registry.Destination, e lead.Envelope, key string, repeat bool) destination.Delivery {
	out := destination.Delivery{ID: key, LeadID: e.Subject, Received: e.Time, Body: e.Data, ContentType: "application/json", Repeat: repeat}
	if to.Format == "cloudevents" {
		out.Body, out.ContentType = e.AppendJSON(nil), "application/cloudevents+json"
	}
	return out
}

func logTry(ctx context.Context, log *slog.Logger, p ledger.Delivery, out ledger.Outcome, err error) {
	level, args := slog.LevelInfo, []any{"destination", p.Name, "state", string(out.State), "try", out.Tries, "ms", out.Took.Milliseconds()}
	if out.Code != "" {
		args = append(args, "code", out.Code)
	}
	if out.Assumed {
		args = append(args, "assumed", true)
	}
	if err != nil {
		level, args = slog.LevelWarn, append(args, "kind", lead.KindOf(err).String(), "error", err.Error())
	}
	log.Log(ctx, level, "delivery", args...)
}
