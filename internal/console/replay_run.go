package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
)

// Run is a replay of many events: what it means, and how far it has come. It is kept, so that it can be taken up again.
type Run struct {
	ID       string         `json:"id"`
	Filter   Filter         `json:"filter"`
	Order    Order          `json:"order"`
	Who      Who            `json:"who"`
	Started  time.Time      `json:"started"`
	Place    string         `json:"place,omitempty"` // the last event that was done
	Events   int            `json:"events"`          // that were meant
	Replayed int            `json:"replayed"`        // deliveries and rejected events; of a dry run those that would be
	Refused  map[string]int `json:"refused,omitempty"`
	Done     bool           `json:"done,omitempty"`

	takenUp bool
}

// NewRun makes a replay of the events that a filter means. A state must be said, or a destination to send to: nobody
// means everything.
func (c *Console) NewRun(f Filter, o Order, w Who) (Run, error) {
	if err := f.check(); err != nil {
		return Run{}, err
	}
	switch {
	case f.Lead != "" || f.Submission != "":
		return Run{}, errors.New("replay the events of one lead by their receipts")
	case f.State == "" && o.To == "":
		return Run{}, errors.New("say which: a state, or the destination to send to")
	case f.State == Waiting, f.State == Retrying, f.State == string(ledger.InFlight), f.State == string(ledger.Duplicated):
		return Run{}, fmt.Errorf("what is %s is not replayed", f.State)
	case f.State == string(ledger.Unmatched) && o.To == "":
		return Run{}, errors.New("events that matched no destination need one to go to")
	}
	if f.Until.IsZero() {
		f.Until = c.Now().UTC().Truncate(time.Millisecond) // what comes later is not meant, however long it takes
	}
	return Run{ID: newReplay(), Filter: f, Order: o, Who: w, Started: c.Now().UTC(), Refused: map[string]int{}}, nil
}

// TakeUp reads a replay that was interrupted.
func (c *Console) TakeUp(ctx context.Context, id string) (Run, error) {
	text, err := c.Cursors.Load(ctx, id)
	if err != nil {
		return Run{}, err
	}
	r := Run{Refused: map[string]int{}, takenUp: true}
	if err := json.Unmarshal(text, &r); err != nil {
		return Run{}, fmt.Errorf("replay %s is not as we wrote it", id)
	}
	if r.Done {
		return r, fmt.Errorf("replay %s is done", id)
	}
	return r, nil
}

// How often a run is written down: what was done since is done again when it is taken up, which asks for nothing twice.
const (
	saveAfter = 20              // events
	saveEvery = 2 * time.Second // of real time
)

// Pace bounds how fast a run goes.
type Pace struct {
	Every    time.Duration // at least so long from one event that is replayed to the next; 0: no bound
	Progress func(Run)     // called after each event; may be nil
}

// Replay carries a run out, to its end or until ctx is done; then it is kept as far as it has come. A dry run only counts.
func (c *Console) Replay(ctx context.Context, r *Run, p Pace) error {
	all, err := c.names(ctx)
	if err != nil {
		return err
	}
	from, err := destinationID(all, r.Filter.Destination)
	if err != nil {
		return err
	}
	to, err := destinationID(all, r.Order.To)
	if err != nil {
		return err
	}
	run := &running{c: c, Run: r, pace: p, all: all, to: to, query: r.Filter.query(from)}
	if to == "" {
		run.to = from
	}
	run.query.State = "" // judged below: an event that is held somewhere may be dead elsewhere
	run.query.Destination = ""
	run.only = ledger.Query{Destination: from, State: ledger.State(r.Filter.State)}
	if err := run.save(ctx, true); err != nil {
		return err
	}
	err = run.every(ctx)
	// The last word is written although ctx may be done.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	r.Done = err == nil
	return errors.Join(err, run.save(last, true))
}

// running is a run that is being carried out.
type running struct {
	*Run
	c     *Console
	pace  Pace
	all   map[string]registry.Destination
	to    string
	query ledger.Query
	only  ledger.Query
	since int
	saved time.Time
}

func (r *running) every(ctx context.Context) error {
	for n, err := range r.c.Ledger.Scan(ctx, r.query, r.Place) {
		if err != nil {
			return err
		}
		meant := r.meant(n)
		if meant || (r.takenUp && r.flying(n)) {
			if err := r.one(ctx, n, meant); err != nil {
				return err
			}
		}
		r.Place = n.Place()
		if err := r.save(ctx, false); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// meant says whether an event is: for the states of deliveries one of them decides, for the others the event's own.
func (r *running) meant(n ledger.Line) bool {
	switch s := ledger.State(r.Filter.State); s {
	case ledger.Rejected, ledger.Unmatched:
		return n.State == s
	case ledger.Dead, ledger.Held, ledger.Delivered, ledger.Shadowed:
		if n.Cut {
			return true // its own rows will tell
		}
		for _, sent := range n.Sent {
			if sent.State == s && !sent.Waiting && (r.only.Destination == "" || r.only.Destination == sent.Destination) {
				return true
			}
		}
		return n.State == s && len(n.Sent) == 0
	}
	return n.State != ledger.Rejected && n.State != ledger.Duplicated
}

// flying says that an event is on its way, perhaps because this run was killed when it had asked for that.
func (r *running) flying(n ledger.Line) bool {
	return slices.ContainsFunc(n.Sent, func(s ledger.Sent) bool { return s.State == ledger.InFlight })
}

// one replays an event; one that is not meant any more only where this run has asked for it already.
func (r *running) one(ctx context.Context, n ledger.Line, meant bool) error {
	started := time.Now()
	h, ok, err := r.c.Ledger.History(ctx, n.Key, 0)
	if err != nil || !ok {
		return err
	}
	asked := slices.ContainsFunc(h.Deliveries, func(d ledger.Delivery) bool { return d.Replay == r.ID })
	if !meant && !asked {
		return nil
	}
	deed := r.c.deed(r.Who, ledger.DeedReplayed)
	deed.Replay, deed.Forced = r.ID, r.Order.Force
	order := r.Order
	if r.Order.To == "" {
		order.State = r.Filter.State
	}
	outcomes, err := r.c.replayEvent(ctx, h, r.to, order, deed, r.all)
	if err != nil {
		return err
	}
	if len(outcomes) > 0 {
		r.Events++
	}
	replayed := false
	for _, o := range outcomes {
		if o.Refused != "" {
			r.Refused[o.Refused]++
			continue
		}
		r.Replayed++
		replayed = true
	}
	if r.pace.Progress != nil {
		r.pace.Progress(*r.Run)
	}
	if !replayed || r.Order.DryRun {
		return nil
	}
	return pause(ctx, r.pace.Every-time.Since(started))
}

// pause waits, unless ctx ends first: what was done is done, and the scan ends by itself.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
	return nil
}

func (r *running) save(ctx context.Context, now bool) error {
	if r.since++; r.Order.DryRun || (!now && r.since < saveAfter && time.Since(r.saved) < saveEvery) {
		return nil
	}
	text, err := json.Marshal(r.Run)
	if err != nil {
		return err
	}
	r.since, r.saved = 0, time.Now()
	return r.c.Cursors.Save(ctx, r.ID, text)
}
