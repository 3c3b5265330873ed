package drain

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
)

// slice brings the groups of some leads to their end; a lead that another batch is at comes after the others.
func (r *run) slice(groups []*group) {
	locked, others := r.leads.try(groups)
	r.rounds(locked)
	r.leads.unlock(locked...)
	for _, g := range others {
		r.leads.lock(g)
		r.rounds([]*group{g})
		r.leads.unlock(g)
	}
	for g := r.nextMoved(); g != nil; g = r.nextMoved() {
		r.leads.lock(g)
		r.rounds([]*group{g})
		r.leads.unlock(g)
	}
}

// step is one change of one lead that was claimed.
type step struct {
	group *group
	item  *item
	claim ledger.LeadClaim
}

// rounds tells the CRM one change of each lead at a time, until nothing is left.
func (r *run) rounds(groups []*group) {
	for len(groups) > 0 {
		if r.over() {
			for _, g := range groups {
				r.releaseAll(g, 0, "")
			}
			return
		}
		steps := make([]*step, len(groups))
		each(len(groups), func(i int) { steps[i] = r.claim(groups[i]) })
		steps = present(steps)
		if len(steps) > 0 {
			outcomes := r.upsert(steps)
			each(len(steps), func(i int) { r.settle(steps[i], outcomes[i]) })
		}
		groups = unfinished(groups)
	}
}

// claim claims the lead for its next change. Without a claim it gives nil and has done with the change what was to be done.
func (r *run) claim(g *group) *step {
	it := g.next()
	if it.isLost() {
		g.pop()
		r.giveUp(it)
		return nil
	}
	change := ledger.LeadChange{Version: it.version, Hash: it.hash + r.mapHash(), Activity: it.event.About == lead.Activity}
	claim, err := r.States.Claim(r.ctx, g.key, change, r.Now().Add(r.lease()))
	if err != nil {
		if lead.KindOf(err) == lead.Address {
			r.stop(fmt.Errorf("lane %s: %w", r.lane.Name, err))
		}
		r.releaseAll(g, backoff(it.first.Tries, lead.RetryAfter(err)), err.Error())
		return nil
	}
	switch claim.Verdict {
	case ledger.LeadStale:
		r.through(g, stale)
	case ledger.LeadUnchanged:
		r.through(g, unchanged)
	case ledger.LeadBusy:
		wait := min(max(claim.Until.Sub(r.Now()), firstDelay), lastDelay)
		r.releaseAll(g, wait, "another version of the lead is being worked on")
	default:
		return &step{group: g, item: it, claim: claim}
	}
	return nil
}

// mapHash makes a change whose map has changed another change.
func (r *run) mapHash() string {
	if m, ok := r.lane.CRM.(crm.Mapped); ok {
		return "+" + m.MapHash()
	}
	return ""
}

// through ends the next change of a lead with a result after which no older version is needed.
func (r *run) through(g *group, what result) {
	it := g.next()
	g.pop()
	r.ack(it, what)
	if it.event.About == lead.LeadEvent {
		for _, older := range g.leads {
			r.ack(older, superseded)
		}
		g.leads = nil
	}
}

// upsert tells the CRM. A panic of its driver is an error of every change that it was told.
func (r *run) upsert(steps []*step) (outcomes []crm.Outcome) {
	changes := make([]crm.Change, len(steps))
	for i, s := range steps {
		changes[i] = crm.Change{Event: s.item.event, Version: s.item.version, Payload: s.item.payload}
	}
	ctx, cancel := context.WithTimeout(r.ctx, r.upsertTimeout())
	defer cancel()
	defer func() {
		if recover() != nil {
			r.Log.ErrorContext(r.ctx, "crm panicked", "lane", r.lane.Name, "stack", string(debug.Stack()))
			outcomes = allFailed(len(steps), "the CRM's driver panicked")
		}
		r.count(outcomes)
	}()
	outcomes = r.lane.CRM.Upsert(ctx, changes)
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
	if through {
		r.setStreak(0)
	} else if r.setStreak(1) >= failuresInARow {
		r.stop(fmt.Errorf("lane %s: nothing comes through to the CRM: %w", r.lane.Name, down))
	}
}

// setStreak adds to the failures in a row; 0 ends them.
func (r *run) setStreak(add int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if add == 0 {
		r.streak = 0
	}
	r.streak += add
	return r.streak
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

func present(steps []*step) []*step {
	var out []*step
	for _, s := range steps {
		if s != nil {
			out = append(out, s)
		}
	}
	return out
}

func unfinished(groups []*group) []*group {
	var out []*group
	for _, g := range groups {
		if g.next() != nil {
			out = append(out, g)
		}
	}
	return out
}
