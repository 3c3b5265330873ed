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
func (d *Deliverer) route(ctx context.Context, m *ledger.Message, initial bool, all []registry.Destination) ([]ledger.Target, []ledger.Decision, error) {
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
	var targets []ledger.Target
	var passed []ledger.Decision
	for i := range all {
		to := &all[i]
		if to.Wanted == registry.Removed {
			continue
		}
		t := ledger.Target{ID: to.ID, Name: to.Name, Shadow: to.Wanted == registry.Shadow}
		why, err := d.matches(ctx, to, m, e, &t)
		switch {
		case err != nil:
			return nil, nil, err
		case why != "":
			passed = append(passed, ledger.Decision{Destination: to.ID, Name: to.Name, Why: why})
		default:
			targets = append(targets, t)
		}
	}
	return targets, passed, nil
}

// decoded is the event as filters see it, initial when it is no update. One that cannot be decoded (its partner's settings are gone, or its schema
// has changed since it was accepted) still has what its envelope says.
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

// matches says why an event is not for a destination, empty when it is. It adds to the target what is odd about it.
func (d *Deliverer) matches(ctx context.Context, to *registry.Destination, m *ledger.Message, e *rule.Event, t *ledger.Target) (why string, err error) {
	if why := Passes(to, e); why != "" {
		return why, nil
	}
	rules := d.rules.of(to)
	switch yes, err := rules.match(e); {
	case err != nil:
		t.Wait = "the filter failed: " + err.Error()
	case !yes:
		return "the filter says no", nil
	}
	return d.caution(ctx, to, m, e, t)
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
		return "the same applicant came under another lead id", nil
	}
	t.Tags = append(t.Tags, TagApplicant)
	return "", nil
}

// Passes says which of a destination's simple conditions passes an event by: its partners, its event types, or updates.
func Passes(to *registry.Destination, e *rule.Event) (why string) {
	c := to.Config
	switch {
	case len(c.Partners) > 0 && !slices.Contains(c.Partners, e.Event.Lead.Partner):
		return "not one of its partners"
	case len(c.Events) > 0 && !slices.ContainsFunc(c.Events, func(p string) bool { ok, _ := path.Match(p, e.Event.Type); return ok }):
		return "not one of its event types"
	case c.Updates == "initial" && e.Event.About == lead.LeadEvent && !e.Initial:
		return "an update, and it wants initial leads only"
	}
	return ""
}
