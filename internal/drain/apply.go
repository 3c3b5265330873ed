package drain

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"leadrelay/internal/crm"
	"leadrelay/internal/deadline"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
)

// step is one change of one lead that was claimed.
type step struct {
	group *group
	item  *item
	claim ledger.LeadClaim
	until context.Context  // ends before the claim does
	told  chan crm.Outcome // where the gather tells what became of it
}

// change is what the CRM is told.
func (s *step) change() crm.Change {
	it := s.item
	return crm.Change{Event: it.event, Version: it.version, Payload: it.payload, Hash: it.hash, Known: s.claim.Known}
}

// work tells the CRM one change of a lead after the other, until nothing is left.
func (r *run) work(g *group) {
	for it := r.desk.next(g); it != nil; it = r.desk.next(g) {
		switch {
		case r.over():
			r.releaseAll(g, 0, "")
		case it.isLost():
			g.pop()
			r.giveUp(it)
		default:
			r.apply(g, it)
		}
	}
}

// apply brings one change to its end: it claims the lead, tells the CRM, and writes down what it said.
func (r *run) apply(g *group, it *item) {
	began := r.gather.begin()
	s := r.claim(g, it)
	switch {
	case s == nil:
		r.gather.end(began)
	case r.gather != nil:
		r.settle(s, r.gather.tell(s, began))
	default:
		r.settle(s, r.upsert([]*step{s})[0])
	}
}

// claim claims the lead for a change. Without a claim it gives nil and has done with the change what was to be done.
func (r *run) claim(g *group, it *item) *step {
	change := ledger.LeadChange{Version: it.version, Hash: it.hash + r.mapHash, Activity: it.event.About == lead.Activity}
	until := r.upserts.Within(r.upsertTimeout())
	claim, err := r.States.Claim(r.claims.Within(settleTimeout), g.key, change, r.Now().Add(r.lease()))
	if err != nil {
		if lead.KindOf(err) == lead.Address {
			r.stop(fmt.Errorf("lane %s: %w", r.lane.Name, err))
		}
		r.releaseAll(g, backoff(it.first.Tries, lead.RetryAfter(err)), err.Error())
		return nil
	}
	switch claim.Verdict {
	case ledger.LeadStale:
		r.through(g, it, stale)
	case ledger.LeadUnchanged:
		r.through(g, it, unchanged)
	case ledger.LeadBusy:
		wait := min(max(claim.Until.Sub(r.Now()), firstDelay), lastDelay)
		r.releaseAll(g, wait, "another version of the lead is being worked on")
	default:
		return &step{group: g, item: it, claim: claim, until: until}
	}
	return nil
}

// through ends the next change of a lead with a result after which no older version is needed.
func (r *run) through(g *group, it *item, what result) {
	g.pop()
	r.ack(it, what)
	if it.event.About == lead.LeadEvent && len(g.leads) > 0 {
		older := g.leads
		g.leads = nil
		each(len(older), func(i int) { r.ack(older[i], superseded) })
	}
}

// upsert tells the CRM. A panic of its driver is an error of every change that it was told.
func (r *run) upsert(steps []*step) (outcomes []crm.Outcome) {
	changes, until := make([]crm.Change, len(steps)), steps[0].until
	for i, s := range steps {
		changes[i] = s.change()
		until = deadline.Sooner(until, s.until)
	}
	defer func() {
		if recover() != nil {
			r.Log.ErrorContext(r.ctx, "crm panicked", "lane", r.lane.Name, "stack", string(debug.Stack()))
			outcomes = allFailed(len(steps), "the CRM's driver panicked")
		}
		r.count(outcomes)
	}()
	outcomes = r.lane.CRM.Upsert(until, changes)
	if len(outcomes) != len(changes) {
		outcomes = allFailed(len(steps), "the CRM's driver gave too few outcomes")
	}
	return outcomes
}

func allFailed(n int, why string) []crm.Outcome {
	out := make([]crm.Outcome, n)
	for i := range out {
		out[i].Err = lead.Errorf(lead.Internal, "%s", why)
	}
	return out
}

// count stops the lane when the way is broken, or when nothing comes through: there is no sense in spending a try of
// every lead on a CRM that is down.
func (r *run) count(outcomes []crm.Outcome) {
	if r.ctx.Err() != nil {
		return
	}
	through := false
	var down error
	for _, o := range outcomes {
		switch {
		case o.Err == nil, refused(o.Err), errors.Is(o.Err, crm.ErrNoLead):
			through = true
		case paused(o.Err):
			r.stop(fmt.Errorf("lane %s: %w", r.lane.Name, o.Err))
			return
		case broken(o.Err):
			r.stop(fmt.Errorf("lane %s: the CRM takes nothing before this is mended: %w", r.lane.Name, o.Err))
			return
		default:
			down = o.Err
		}
	}
	if r.inARow(len(outcomes), through) {
		r.stop(fmt.Errorf("lane %s: nothing comes through to the CRM: %w", r.lane.Name, down))
	}
}

// inARow counts calls, and changes in them, of which nothing came through; true when it is enough of both.
func (r *run) inARow(changes int, through bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if through {
		r.failedCalls, r.failedChanges = 0, 0
		return false
	}
	r.failedCalls++
	r.failedChanges += changes
	return r.failedCalls >= failedCalls && r.failedChanges >= failedChanges
}

// paused tells a CRM that takes nothing from anybody for a while, and was not told the change.
func paused(err error) bool { return errors.Is(err, crm.ErrPaused) }

// broken tells errors after which nothing will pass before somebody mends it.
func broken(err error) bool {
	kind := lead.KindOf(err)
	return kind == lead.Address || kind == lead.Unauthorized
}

// refused tells errors of a change that can never pass.
func refused(err error) bool {
	kind := lead.KindOf(err)
	return kind == lead.Refused || kind == lead.Invalid || kind == lead.TooLarge
}

// each runs f for 0 to n-1, a few side by side.
func each(n int, f func(i int)) {
	if n == 1 {
		f(0)
		return
	}
	slots := make(chan struct{}, callsAtOnce)
	var wg sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			f(i)
		})
	}
	wg.Wait()
}
