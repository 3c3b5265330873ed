// Package drain is a lender's flow: lease, decode, order, upsert and settle, until an inbox is empty or time is nearly up.
//
// A message leaves its inbox only after the CRM has what it says, after something newer made it void, or after it was
// put away with a reason (DESIGN 3, Drain). What happened to a lead's CRM record is remembered in the lead's state row.
package drain

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/inbox"
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
	InFlight int               // leads worked on side by side at most; 0 means 64, which is the most. As many messages are leased ahead, or up to 32
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

// How a run works (facts/performance.md §6: calls in flight decide, and nothing waits for a batch).
const (
	batchSize     = 32 // messages leased at once at most
	leasedAhead   = 4  // times the leads in flight; few calls that lease are cheap calls
	mostInFlight  = 64 // leads worked on side by side
	callsAtOnce   = 8  // settlements of one lead, renewals and far payloads of one batch side by side
	batchCalls    = 2  // Upserts under way at once of a CRM that takes changes by the batch
	defaultLease  = 5 * time.Minute
	settleTimeout = 10 * time.Second
	defaultMargin = 30 * time.Second
	failedCalls   = 3  // Upserts in a row, and
	failedChanges = 32 // changes in them, of which nothing came through, after which the CRM is left alone until the next run
)

func (d *Drainer) lease() time.Duration {
	if d.Lease == 0 {
		return defaultLease
	}
	return d.Lease
}

// upsertTimeout, from the first claim on, ends an Upsert before the claims on its leads end, which last as long as a lease.
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
	defer r.free()
	if err := lane.CRM.Check(ctx); err != nil {
		return r.finish(fmt.Errorf("lane %s: the CRM takes nothing now: %w", lane.Name, err))
	}
	for r.hasRoom() {
		messages, err := lane.Inbox.Receive(ctx, r.batchSize, r.messageLease)
		if err != nil && ctx.Err() == nil {
			r.complain(fmt.Errorf("lane %s: inbox: %w", lane.Name, err))
		}
		if len(messages) == 0 {
			break
		}
		r.took(messages)
		r.running.Go(func() { r.batch(messages) })
	}
	r.running.Wait()
	return r.finish(nil)
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
