// Package drain is a lender's flow: lease, decode, order, upsert and settle, until an inbox is empty or time is nearly up.
//
// A message leaves its inbox only after the CRM has what it says, after something newer made it void, or after it was
// put away with a reason (DESIGN 3, Drain). What happened to a lead's CRM record is remembered in the lead's state row.
package drain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/inbox"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner"
	"leadrelay/internal/schedule"
)

// Lane is one inbox and the CRM that it is drained into.
type Lane struct {
	Name        string
	Inbox       inbox.Inbox
	PartnerName string          // who puts bare payloads into the inbox; empty: nobody does
	Partner     partner.Partner // decodes them
	CRM         crm.CRM
	// Overflow reads the payload of an envelope that names where it lies: in the lender's overflow container, by SAS.
	// Nil: the lane has none, and such messages wait.
	Overflow Overflow
	CRMName  string // lanes that share a CRM share what it was told; empty: the lane's own

	Schedule schedule.Schedule // when Run is due; the zero Schedule: whenever it is called
	InFlight int               // messages, and so leads, in flight at most; 0 means 64, which is the most
	Runs     *ledger.LaneRuns  // remembers runs; nil: nobody does
	Links    *ledger.Links     // ties sessions to leads; nil: nothing does
	Notes    bool              // an activity of no known lead is written as a note of its own, where the CRM is a [NoteTaker]
}

// NoteTaker is a CRM that takes an activity which is tied to no lead as a record of its own.
type NoteTaker interface {
	// Note writes one down. The same activity twice is as once. Errors are those of [crm.CRM].
	Note(ctx context.Context, ch crm.Change) crm.Outcome
}

// Drainer drains lanes. It keeps nothing between runs and may run several at once, the same lane included.
type Drainer struct {
	Partners map[string]partner.Partner // by configured name: they decode what our envelopes carry
	States   *ledger.LeadStates
	Log      *slog.Logger
	Now      func() time.Time
	Lease    time.Duration // of messages and of leads, renewed at half time; 0 means 5 min
	Margin   time.Duration // before the context's deadline, when no new work is begun; 0 means 30 s

	OnSettled func(lane string, so Report) // called after each message, one at a time; nil: nobody listens
}

// How a run works (facts/performance.md §6: calls in flight decide, and no batch waits for another).
const (
	batchSize      = 32 // messages leased at once at most
	batches        = 2  // in flight at most
	sliceSize      = 16 // leads in one Upsert at most; so there are at most four calls in flight
	callsAtOnce    = 8  // small calls (state rows, settlements) of one slice side by side
	defaultLease   = 5 * time.Minute
	settleTimeout  = 10 * time.Second
	defaultMargin  = 30 * time.Second
	failuresInARow = 3 // Upserts of which nothing came through, after which the CRM is left alone until the next run
)

func (d *Drainer) lease() time.Duration {
	if d.Lease == 0 {
		return defaultLease
	}
	return d.Lease
}

// upsertTimeout ends an Upsert before the claims on its leads end, which last as long as a lease.
func (d *Drainer) upsertTimeout() time.Duration { return d.lease() * 4 / 5 }

// Run drains one lane if its schedule says that it is due since its last run. Its error is why the lane stopped before its
// inbox was empty, or what an operator must mend; running out of time is none. Messages that failed for reasons of their
// own are in the report only.
func (d *Drainer) Run(ctx context.Context, lane Lane) (Report, error) {
	if due, err := d.due(ctx, lane); err != nil || !due {
		return Report{Left: LeftUnknown}, err
	}
	return d.RunNow(ctx, lane)
}

// RunNow is Run whatever the schedule says.
func (d *Drainer) RunNow(ctx context.Context, lane Lane) (Report, error) {
	r := d.newRun(ctx, lane)
	if err := lane.CRM.Check(ctx); err != nil {
		return r.finish(fmt.Errorf("lane %s: the CRM takes nothing now: %w", lane.Name, err))
	}
	var wg sync.WaitGroup
	size, atOnce := lane.batches()
	slots := make(chan struct{}, atOnce)
	for {
		slots <- struct{}{}
		if r.over() {
			break
		}
		messages, err := lane.Inbox.Receive(ctx, size, r.messageLease)
		if err != nil && ctx.Err() == nil {
			r.complain(fmt.Errorf("lane %s: inbox: %w", lane.Name, err))
		}
		if len(messages) == 0 {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			r.batch(messages)
		})
	}
	wg.Wait()
	return r.finish(nil)
}

// batches is how many messages are leased at once, and how many such batches are in flight.
func (l Lane) batches() (size, atOnce int) {
	if l.InFlight <= 0 || l.InFlight >= batchSize*batches {
		return batchSize, batches
	}
	if l.InFlight == 1 {
		return 1, 1
	}
	return l.InFlight / batches, batches
}

// due tells whether a lane is to be drained now. A lane that was never looked at counts from now on, as the host's
// timers do (facts/functions-host.md §6.1).
func (d *Drainer) due(ctx context.Context, lane Lane) (bool, error) {
	if lane.Schedule.Always() || lane.Runs == nil {
		return true, nil
	}
	last, ok, err := lane.Runs.Last(ctx, lane.Name)
	if err == nil && !ok {
		err = lane.Runs.Begin(ctx, lane.Name, d.Now())
	}
	if err != nil {
		return false, fmt.Errorf("lane %s: is it due? %w", lane.Name, err)
	}
	return ok && lane.Schedule.Due(last.In(d.Now().Location()), d.Now()), nil
}

// run is one Run.
type run struct {
	*Drainer
	ctx     context.Context // of the run; settlements outlive it by settleTimeout
	lane    Lane
	started time.Time
	// messageLease is how long messages are leased: as leads are, or shorter where the inbox gives no more.
	messageLease time.Duration
	deadline     time.Time  // zero: none
	solo         sync.Mutex // one suspect at a time
	leads        leadLocks

	mu      sync.Mutex
	report  Report
	stopped error    // why no new work is begun
	wrong   error    // what somebody must mend; what is in flight goes on
	streak  int      // Upserts in a row of which nothing came through
	moved   []*group // activities that a link has moved to another lead, to be worked on yet
}

func (d *Drainer) newRun(ctx context.Context, lane Lane) *run {
	if lane.CRMName == "" {
		lane.CRMName = "lane " + lane.Name
	}
	r := &run{Drainer: d, ctx: ctx, lane: lane, started: d.Now(), messageLease: d.lease()}
	if limited, ok := lane.Inbox.(inbox.Limited); ok && limited.MaxLease() > 0 {
		r.messageLease = min(r.messageLease, limited.MaxLease())
	}
	r.leads.init()
	if deadline, ok := ctx.Deadline(); ok {
		margin := d.Margin
		if margin == 0 {
			margin = defaultMargin
		}
		r.deadline = deadline.Add(-margin)
	}
	return r
}

// over tells that no new work is to be begun.
func (r *run) over() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped != nil || r.ctx.Err() != nil || !r.deadline.IsZero() && !r.Now().Before(r.deadline)
}

// stop ends the lane; the first reason counts.
func (r *run) stop(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped == nil {
		r.stopped = err
	}
}

// complain keeps what somebody must mend; the first counts.
func (r *run) complain(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wrong == nil {
		r.wrong = err
	}
}

func (r *run) finish(err error) (Report, error) {
	err = errors.Join(err, r.stopped, r.wrong)
	r.report.Left = r.left()
	r.report.Elapsed = r.Now().Sub(r.started)
	level, attrs := slog.LevelInfo, []slog.Attr{slog.String("lane", r.lane.Name), slog.Any("report", r.report)}
	if err != nil {
		level, attrs = slog.LevelError, append(attrs, slog.String("kind", lead.KindOf(err).String()), slog.String("error", err.Error()))
	}
	r.Log.LogAttrs(context.WithoutCancel(r.ctx), level, "drain", attrs...)
	r.remember(err)
	return r.report, err
}
