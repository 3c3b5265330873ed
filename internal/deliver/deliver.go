// Package deliver puts each event into the destinations that it is meant for, each on its own, and writes down what
// became of it.
//
// One message of the intake is one invocation (DESIGN 3, Deliver). It brings an event, and then the ledger says whether
// it is a first message, a redelivery or a duplicate; or it is the next try of one delivery. A delivery that fails
// waits for its own next try, is held with its destination, or is dead: it never holds up another.
package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"leadrelay/internal/destination"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner"
	"leadrelay/internal/registry"
)

// Queue takes the tries that are not due yet.
type Queue interface {
	// Return puts a message into the intake, to be seen after a delay.
	Return(ctx context.Context, m ledger.Message, after time.Duration) error
}

// Deliverer is the flow.
type Deliverer struct {
	Ledger       *ledger.Ledger
	Intake       Queue
	Destinations *registry.Registry
	Partners     map[string]partner.Partner // by configured name: they decode what filters look at
	Open         func(d registry.Destination, address int) (destination.Destination, error)
	Log          *slog.Logger
	Now          func() time.Time
	Tally        *ledger.Tally                                                       // of tries, by destination and hour; nil counts nothing
	Alarm        func(ctx context.Context, partner, text string, at time.Time) error // tells the operator what an event alarms about; may be nil
	Spread       func() float64                                                      // 0 to 1, at random: delays differ by it; nil takes math/rand

	tables  tables
	drivers drivers
}

// Times of a try.
const (
	tryTimeout = 20 * time.Second // a hanging far side ends before the invocation does; no request of ours lasts longer
	claimFor   = time.Minute      // a try's claim on its delivery outlives the try
)

// Deliver handles one message of the intake. An error asks for the message to come back; what was delivered stays so.
func (d *Deliverer) Deliver(ctx context.Context, text []byte) error {
	defer d.Tally.FlushSoon()
	m, err := ledger.ParseMessage(text)
	if err != nil {
		d.Log.ErrorContext(ctx, "message unreadable", "bytes", len(text), "error", err.Error())
		return d.Ledger.KeepUnreadable(ctx, text, "the intake held a message that is none of ours")
	}
	all, err := d.destinations(ctx)
	if err != nil {
		return err
	}
	if m.Retry != nil {
		return d.retry(ctx, m, all)
	}
	return d.event(ctx, m, all)
}

// event handles the message of an event.
func (d *Deliverer) event(ctx context.Context, m ledger.Message, all *registry.Snapshot) error {
	arrival, err := d.Ledger.Arrive(ctx, &m)
	if err != nil {
		return err
	}
	var targets []ledger.Target
	var passed *ledger.Passed
	if !arrival.Known() {
		if targets, passed, err = d.route(ctx, &m, arrival.Initial, all); err != nil {
			return err
		}
	}
	opened, err := d.Ledger.Open(ctx, arrival, targets, passed)
	if err != nil {
		return err
	}
	log := d.logFor(opened.Key, m.Envelope)
	if opened.Verdict == ledger.Duplicate {
		log.InfoContext(ctx, "duplicate")
		return nil
	}
	if len(opened.Pending) == 0 {
		log.InfoContext(ctx, "settled", "state", string(opened.State), "again", opened.Verdict == ledger.Again)
		return d.conclude(ctx, opened)
	}
	if err := d.Ledger.Resolve(ctx, &m); err != nil {
		return err
	}
	return d.fanOut(ctx, log, m.Envelope, opened, all)
}

func (d *Deliverer) logFor(key string, e lead.Envelope) *slog.Logger {
	return slog.New(d.Log.Handler().WithAttrs([]slog.Attr{slog.String("event", key), slog.String("receipt", e.ID), slog.String("partner", e.Partner),
		slog.String("type", e.Type), slog.String("lead", e.Subject)}))
}

// conclude closes an event that a killed invocation left open although nothing is left to send.
func (d *Deliverer) conclude(ctx context.Context, o ledger.Opened) error {
	if o.Verdict == ledger.First {
		return nil // its state was right at the insert
	}
	_, err := d.Ledger.Conclude(ctx, o.Key)
	return err
}

// fanOut makes the first try of each delivery, side by side, and records each outcome as it comes.
func (d *Deliverer) fanOut(ctx context.Context, log *slog.Logger, e lead.Envelope, o ledger.Opened, all *registry.Snapshot) error {
	errs, left := make([]error, len(o.Pending)), make([]ledger.OpenEntry, len(o.Pending))
	tries := d.Ledger.FirstTries(o)
	within, cancel := context.WithTimeout(ctx, tryTimeout) // of all: they begin together
	defer cancel()
	try := func(i int) {
		row := o.Pending[i]
		if row.Try > 0 {
			return // its retry is on its way
		}
		var err error
		j := &job{event: e, row: row, to: all.Find(row.Destination), repeat: o.Verdict == ledger.Again, book: tries}
		if left[i], err = d.one(ctx, within, log, j); err != nil {
			errs[i] = fmt.Errorf("%s: %w", row.Name, err)
		}
	}
	var wg sync.WaitGroup
	for i := range o.Pending[1:] {
		wg.Go(func() { try(i + 1) })
	}
	try(0)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := tries.Conclude(ctx); err != nil {
		return err
	}
	for i, row := range o.Pending {
		if err := d.Ledger.RemoveOpen(ctx, row.Destination, left[i]); err != nil {
			return err
		}
	}
	return nil
}

// retry handles the message of one delivery's next try.
func (d *Deliverer) retry(ctx context.Context, m ledger.Message, all *registry.Snapshot) error {
	r := *m.Retry
	row, take, err := d.Ledger.Claim(ctx, m.Key, r.Destination, r.Try, d.Now().Add(claimFor))
	switch {
	case err != nil:
		return err
	case take == ledger.Settled && row.State.Settled():
		_, err := d.Ledger.Conclude(ctx, m.Key) // whoever settled it may have been killed before this
		return err
	case take == ledger.Settled:
		return nil
	case take == ledger.Busy:
		return d.Intake.Return(ctx, m, row.Until.Sub(d.Now())+time.Second)
	}
	return d.again(ctx, row, all.Find(r.Destination))
}

// again makes one more try of a claimed delivery and brings its event up to date.
func (d *Deliverer) again(ctx context.Context, row ledger.Delivery, to *registry.Destination) error {
	e, ok, err := d.Ledger.Event(ctx, row.Key())
	if err != nil || !ok {
		return err
	}
	j := &job{row: row, to: to, repeat: row.Tries > 0 || row.Try > 0, book: d.Ledger}
	j.event, err = d.Ledger.Payload(ctx, e)
	switch {
	case errors.Is(err, ledger.ErrErased):
		j.erased = true
		j.event = lead.Envelope{ID: e.Receipt, Partner: e.Partner, Type: e.Type, Subject: e.Subject, Time: e.Received}
	case err != nil:
		return err
	}
	if to != nil {
		if j.stale, err = d.Ledger.Stale(ctx, e); err != nil {
			return err
		}
	}
	within, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	left, err := d.one(ctx, within, d.logFor(e.Key, j.event), j)
	if err != nil {
		return err
	}
	if _, err = d.Ledger.Conclude(ctx, e.Key); err != nil {
		return err
	}
	return d.Ledger.RemoveOpen(ctx, row.Destination, left)
}
