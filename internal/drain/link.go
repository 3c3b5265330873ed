package drain

import (
	"context"
	"runtime/debug"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
)

// noLead does with the activities of a lead that the CRM does not know what can be done: those that a link ties to
// another lead go there, or each is written as a note of its own where the lane wants that, or they wait.
func (r *run) noLead(s *step, after time.Duration) {
	note, takesNotes := r.lane.CRM.(NoteTaker)
	to, linked, err := r.link(s)
	switch {
	case err != nil:
		r.endClaim(s, ledger.LeadFailed)
		r.releaseAll(s.group, after, err.Error())
	case linked:
		r.endClaim(s, ledger.LeadUntried)
		r.move(s.group, to)
	case r.lane.Notes && takesNotes:
		r.note(s, note, after)
	default:
		r.endClaim(s, ledger.LeadFailed)
		for _, it := range s.group.rest() {
			r.wait(it, after, "no lead")
		}
	}
}

// link looks up what the lead's id, a session of the partner's, is tied to. It is looked up once for each item: what is
// tied to a lead that is not there waits for that lead.
func (r *run) link(s *step) (to ledger.LeadRef, ok bool, err error) {
	if r.lane.Links == nil || s.item.linked {
		return ledger.LeadRef{}, false, nil
	}
	return r.lane.Links.Get(r.ctx, s.group.key.Partner, s.group.key.ID)
}

// move makes the activities of a group those of another lead.
func (r *run) move(g *group, to ledger.LeadRef) {
	items := g.rest()
	for _, it := range items {
		it.event.Lead.Partner, it.event.Lead.ID, it.linked = to.Partner, to.ID, true
	}
	r.tellLater(items)
}

// note writes the step's activity as a record of its own; the lead's other activities have their own turns.
func (r *run) note(s *step, taker NoteTaker, after time.Duration) {
	o := r.tellNote(s.until, taker, s.change())
	switch {
	case o.Err == nil:
		if err := r.endClaim(s, ledger.LeadApplied); err != nil {
			r.releaseAll(s.group, after, err.Error())
			return
		}
		r.through(s.group, s.item, [...]result{crm.Unchanged: unchanged, crm.Created: created, crm.Updated: updated}[o.Result])
	case refused(o.Err):
		r.endClaim(s, ledger.LeadRefused)
		s.group.pop()
		r.bury(s.item, o.Err.Error())
	default:
		r.endClaim(s, ledger.LeadFailed)
		r.releaseAll(s.group, after, o.Err.Error())
	}
}

// tellNote tells the CRM. A panic of its driver is an error as any other.
func (r *run) tellNote(ctx context.Context, taker NoteTaker, ch crm.Change) (o crm.Outcome) {
	defer func() {
		if recover() != nil { // the value may hold what it choked on
			r.Log.ErrorContext(r.ctx, "crm panicked", "lane", r.lane.Name, "stack", string(debug.Stack()))
			o = crm.Outcome{Err: lead.Errorf(lead.Internal, "the CRM's driver panicked")}
		}
	}()
	return taker.Note(ctx, ch)
}
