package drain

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/deadline"
	"leadrelay/internal/inbox"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
)

// run is one Run.
type run struct {
	*Drainer
	ctx     context.Context // of the run
	claims  deadline.Shared
	upserts deadline.Shared
	settles deadline.Shared // for what must be done though the run's own context is over
	free    func()          // of the limits
	lane    Lane
	mapHash string // makes a change whose map has changed another change
	started time.Time
	// messageLease is how long messages are leased: as leads are, or shorter where the inbox gives no more.
	messageLease time.Duration
	deadline     time.Time // zero: none
	batchSize    int       // messages leased at once
	most         int       // messages leased and not settled

	running  sync.WaitGroup // the crew, and a goroutine for each batch
	crew     crew
	desk     desk
	gather   *gather // nil: the CRM is told one change a call
	suspects suspects

	mu      sync.Mutex
	room    *sync.Cond // tells that a message was settled
	leased  int        // messages that are not settled
	report  Report
	stopped error // why no new work is begun
	wrong   error // what somebody must mend; what is in flight goes on

	failedCalls, failedChanges int // in a row, of which nothing came through
}

func (d *Drainer) newRun(ctx context.Context, lane Lane) *run {
	if lane.CRMName == "" {
		lane.CRMName = "lane " + lane.Name
	}
	r := &run{Drainer: d, ctx: ctx, lane: lane, started: d.Now(), messageLease: d.lease()}
	r.setLimits()
	if mapped, ok := lane.CRM.(crm.Mapped); ok {
		r.mapHash = "+" + mapped.MapHash()
	}
	if limited, ok := lane.Inbox.(inbox.Limited); ok && limited.MaxLease() > 0 {
		r.messageLease = min(r.messageLease, limited.MaxLease())
	}
	inFlight := lane.InFlight
	if inFlight <= 0 || inFlight > mostInFlight {
		inFlight = mostInFlight
	}
	r.batchSize = min(leasedAhead*inFlight, batchSize)
	r.most = inFlight + max(inFlight, r.batchSize)
	r.crew.size, r.crew.running = inFlight, &r.running
	r.desk.groups = map[ledger.LeadKey]*group{}
	if batched, ok := lane.CRM.(crm.Batched); ok {
		r.gather = &gather{size: batched.BatchSize(), upsert: r.upsert}
	}
	r.room = sync.NewCond(&r.mu)
	if deadline, ok := ctx.Deadline(); ok {
		margin := d.Margin
		if margin == 0 {
			margin = defaultMargin
		}
		r.deadline = deadline.Add(-margin)
	}
	return r
}

// setLimits makes the limits of the calls.
func (r *run) setLimits() {
	within, cancel := context.WithCancel(r.ctx)
	beyond, cancelBeyond := context.WithCancel(context.WithoutCancel(r.ctx))
	r.claims.Parent, r.upserts.Parent, r.settles.Parent = within, within, beyond
	r.free = func() { cancel(); cancelBeyond() }
}

// hasRoom waits until a batch may be leased; false when none is to be leased any more.
func (r *run) hasRoom() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !r.isOver() && r.leased+r.batchSize > r.most {
		r.room.Wait()
	}
	return !r.isOver()
}

// took counts what was leased.
func (r *run) took(messages []inbox.Message) {
	now := r.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leased += len(messages)
	r.report.Taken += len(messages)
	for _, m := range messages {
		if !m.Inserted.IsZero() {
			r.report.OldestAge = max(r.report.OldestAge, now.Sub(m.Inserted))
		}
	}
}

// settled counts a message off.
func (r *run) settled(it *item) {
	r.mu.Lock()
	r.leased--
	r.room.Signal()
	r.mu.Unlock()
	it.settled.Done()
}

// over tells that no new work is to be begun.
func (r *run) over() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.isOver()
}

// isOver is over for who holds the lock.
func (r *run) isOver() bool {
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
