package deliver

import (
	"context"
	"errors"
	"slices"
	"time"

	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
	"leadrelay/internal/rule"
)

// Reasons that nobody kept and nobody can find out any more.
const (
	whyChanged = "its settings have changed since, and the event does not say"
	whyErased  = "its filter or an update rule, which cannot be asked again: the payload is gone"
	whyOther   = "not known: judged again today it would have got it"
)

// clocksApart is how far the clock of whoever changes settings may be from that of a handler.
const clocksApart = time.Minute

// Passed says why an event was not for destinations that were there when it came: what its row says, and for the others of
// all what judging it again says, where their settings are those of then.
func (d *Deliverer) Passed(ctx context.Context, e ledger.Event, all []registry.Destination) ([]ledger.Decision, error) {
	out := slices.Clone(e.Passed.Kept)
	for i := range out {
		n := slices.IndexFunc(all, func(to registry.Destination) bool { return to.ID == out[i].Destination })
		switch {
		case n >= 0:
			out[i].Name = all[n].Name
		case out[i].Name == "":
			out[i].Name = out[i].Destination
		}
	}
	if len(out) == e.Passed.Count {
		return out, nil
	}
	in, err := d.asItCame(ctx, e)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if p, ok := d.then(&all[i], in, e); ok && p.Derived {
			out = append(out, p)
		}
	}
	return out, nil
}

// asItCame is a stored event as filters see it, nil when its payload is gone.
func (d *Deliverer) asItCame(ctx context.Context, e ledger.Event) (*rule.Event, error) {
	env, err := d.Ledger.Payload(ctx, e)
	if errors.Is(err, ledger.ErrErased) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return d.stored(ctx, e, &ledger.Message{Envelope: env, LeadKey: e.LeadKey})
}

// then says why an event was not for a destination when it came; not ok is for one that it was for, or that was not there.
func (d *Deliverer) then(to *registry.Destination, in *rule.Event, e ledger.Event) (p ledger.Decision, ok bool) {
	for _, p := range e.Passed.Kept {
		if p.Destination == to.ID {
			return p, true
		}
	}
	switch {
	case len(e.Passed.Kept) == e.Passed.Count || e.Passed.At.IsZero():
		return p, false // all is kept that was
	case to.Wanted == registry.Removed || to.Created.After(e.Passed.At) || slices.Contains(e.Destinations, to.ID):
		return p, false
	}
	p = ledger.Decision{Destination: to.ID, Name: to.Name, Why: whyChanged, Derived: true}
	if to.Changed.Add(clocksApart).Before(e.Passed.At) {
		p.Why = d.whyThen(to, in, e)
	}
	return p, true
}

// whyThen judges an event again for a destination that it was not for, by settings that are those of then.
func (d *Deliverer) whyThen(to *registry.Destination, in *rule.Event, e ledger.Event) string {
	if why := originPasses(&to.Config, origin{e.Partner, e.Type}); why != "" {
		return why
	}
	if in == nil {
		return whyErased
	}
	if why := updatePasses(&to.Config, in); why != "" {
		return why
	}
	switch yes, err := d.rulesOf(to).match(in); {
	case !yes && err == nil:
		return ledger.WhyFilter
	case to.Config.Duplicates == "drop" && in.Event.Lead.DuplicateID != "":
		return ledger.WhyApplicant // nothing else is left
	}
	return whyOther
}
