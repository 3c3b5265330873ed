package deliver

import (
	"context"
	"fmt"
	"path"
	"slices"

	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
	"leadrelay/internal/rule"
)

// Tags of a delivery, and of an envelope that is sent as one.
const (
	TagFraud     = "fraud_score"         // the fraud score is above 0
	TagApplicant = "duplicate_applicant" // the same applicant came under another lead id within thirty days
)

// route decides for which destinations an event is, and why it is not for the others. It looks at the destinations as
// they are now; the ledger keeps the decision with the event.
func (d *Deliverer) route(ctx context.Context, m *ledger.Message, initial bool, all *registry.Snapshot) ([]ledger.Target, *ledger.Passed, error) {
	if m.Reject != nil {
		return nil, nil, nil
	}
	e, err := d.decoded(ctx, m, initial)
	if err != nil {
		return nil, nil, err
	}
	if alarm := e.Event.Alarm; alarm != "" && d.Alarm != nil {
		if err := d.Alarm(ctx, m.Envelope.Partner, alarm, m.Envelope.Time); err != nil {
			return nil, nil, err
		}
	}
	t := d.tables.of(all)
	targets, dropped, err := d.match(ctx, t, m, e)
	if err != nil {
		return nil, nil, err
	}
	return targets, t.passed(e, targets, dropped), nil
}

// match are the destinations of an event, and those that it would be for if its applicant had not come before.
func (d *Deliverer) match(ctx context.Context, t *table, m *ledger.Message, e *rule.Event) (targets []ledger.Target, dropped []ledger.Decision, err error) {
	l := t.lane(originOf(e))
	var few [64]int
	for _, n := range l.index.Candidates(e, few[:0]) {
		i := l.to[n]
		to := &t.of.All[i]
		if updatePasses(&to.Config, e) != "" {
			continue
		}
		yes, failed := t.rules[i].match(e)
		if !yes && failed == nil {
			continue
		}
		target := ledger.Target{ID: to.ID, Name: to.Name, Shadow: to.Wanted == registry.Shadow}
		if failed != nil {
			target.Wait = "the filter failed: " + failed.Error()
		}
		why, err := d.caution(ctx, to, m, e, &target)
		switch {
		case err != nil:
			return nil, nil, err
		case why != "":
			dropped = append(dropped, ledger.Decision{Destination: to.ID, Why: why})
		default:
			targets = append(targets, target)
		}
	}
	return targets, dropped, nil
}

// passed is what is kept of why an event is not for the other destinations: each reason when there are few, else those
// that the settings do not tell.
func (t *table) passed(e *rule.Event, targets []ledger.Target, dropped []ledger.Decision) *ledger.Passed {
	out := &ledger.Passed{Count: t.present - len(targets), At: t.of.Read, Kept: dropped}
	if out.Count > ledger.MostKept || out.Count == len(dropped) {
		return out
	}
	out.Kept = nil
	for i := range t.of.All {
		to := &t.of.All[i]
		if len(targets) > 0 && targets[0].ID == to.ID {
			targets = targets[1:] // they are in the same order
			continue
		}
		if len(dropped) > 0 && dropped[0].Destination == to.ID {
			out.Kept, dropped = append(out.Kept, dropped[0]), dropped[1:]
			continue
		}
		if to.Wanted == registry.Removed {
			continue
		}
		why := Passes(to, e)
		if why == "" {
			why = ledger.WhyFilter
		}
		out.Kept = append(out.Kept, ledger.Decision{Destination: to.ID, Why: why})
	}
	return out
}

// decoded is the event as filters see it, initial when it is no update. One that cannot be decoded (its partner's settings
// are gone, or its schema has changed since it was accepted) still has what its envelope says.
func (d *Deliverer) decoded(ctx context.Context, m *ledger.Message, initial bool) (*rule.Event, error) {
	if err := d.Ledger.Resolve(ctx, m); err != nil {
		return nil, err
	}
	env := m.Envelope
	event := lead.Event{Type: env.Type, Lead: lead.Lead{Partner: env.Partner, ID: env.Subject}}
	if p, ok := d.Partners[env.Partner]; ok {
		if full, err := p.Decode(noRequest(), env.Data); err == nil {
			event = full
		}
	}
	e := rule.NewEvent(event, env.Data)
	e.ID, e.Time, e.Initial, e.Test = env.ID, env.Time, initial, env.Test
	return e, nil
}

// caution adds to the target what is suspicious about an event that is meant for it; why says that it is dropped for that.
func (d *Deliverer) caution(ctx context.Context, to *registry.Destination, m *ledger.Message, e *rule.Event, t *ledger.Target) (why string, err error) {
	if e.Event.Lead.FraudScore.Float() > 0 {
		t.Tags = append(t.Tags, TagFraud)
	}
	if limit := to.Config.FraudLimit; limit > 0 && e.Event.Lead.FraudScore.Float() >= limit {
		t.Wait = fmt.Sprintf("the fraud score is at or above %v", limit)
	}
	if to.Config.Duplicates == "deliver" || e.Event.Lead.DuplicateID == "" {
		return "", nil
	}
	memory := to.ID
	if t.Shadow {
		memory += "|shadow" // what it would have got is no reason to drop what it is to get later
	}
	again, err := d.Ledger.SameApplicant(ctx, memory, e.Event.Lead.DuplicateID, *m)
	switch {
	case err != nil || !again:
		return "", err
	case to.Config.Duplicates == "drop":
		return ledger.WhyApplicant, nil
	}
	t.Tags = append(t.Tags, TagApplicant)
	return "", nil
}

func originOf(e *rule.Event) origin { return origin{e.Event.Lead.Partner, e.Event.Type} }

// Passes says which of a destination's simple conditions passes an event by: its partners, its event types, or updates.
func Passes(to *registry.Destination, e *rule.Event) (why string) {
	if why := originPasses(&to.Config, originOf(e)); why != "" {
		return why
	}
	return updatePasses(&to.Config, e)
}

// originPasses says why nothing of an origin is for a destination.
func originPasses(c *registry.Config, o origin) (why string) {
	switch {
	case len(c.Partners) > 0 && !slices.Contains(c.Partners, o.partner):
		return ledger.WhyPartner
	case len(c.Events) > 0 && !slices.ContainsFunc(c.Events, func(p string) bool { ok, _ := path.Match(p, o.kind); return ok }):
		return ledger.WhyType
	}
	return ""
}

func updatePasses(c *registry.Config, e *rule.Event) (why string) {
	if c.Updates == "initial" && e.Event.About == lead.LeadEvent && !e.Initial {
		return ledger.WhyUpdate
	}
	return ""
}
