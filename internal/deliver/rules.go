package deliver

import (
	"fmt"

	"leadrelay/internal/destination"
	"leadrelay/internal/lead"
	"leadrelay/internal/partner"
	"leadrelay/internal/registry"
	"leadrelay/internal/rule"
)

// rules are what a destination's configuration compiles to.
type rules struct {
	filter     *rule.Filter
	projection *rule.Projection
	template   *rule.Template
	err        error
}

// rulesOf are those of a destination as it is; the latest table has them, unless it was changed just now.
func (d *Deliverer) rulesOf(to *registry.Destination) *rules {
	if r := d.tables.latest.Load().rulesOf(to); r != nil {
		return r
	}
	return compile(to.Config)
}

// CheckRules says what is wrong with the rules of a configuration.
func CheckRules(c registry.Config) error { return compile(c).err }

func compile(c registry.Config) *rules {
	r := &rules{}
	if c.Filter != "" {
		if r.filter, r.err = rule.Compile(c.Filter); r.err != nil {
			r.err = fmt.Errorf("filter: %w", r.err)
			return r
		}
	}
	if len(c.Include)+len(c.Exclude) > 0 {
		if r.projection, r.err = rule.NewProjection(c.Include, c.Exclude); r.err != nil {
			r.err = fmt.Errorf("include and exclude: %w", r.err)
			return r
		}
	}
	if c.Format == "template" {
		if r.template, r.err = rule.NewTemplate([]byte(c.Template)); r.err != nil {
			r.err = fmt.Errorf("template: %w", r.err)
		}
	}
	return r
}

// match says whether the filter says yes; without one everything passes.
func (r *rules) match(e *rule.Event) (bool, error) {
	switch {
	case r.err != nil:
		return false, r.err
	case r.filter == nil:
		return true, nil
	}
	return r.filter.Match(e)
}

// asked is the filter as an index of filters takes it: nil for rules that always fail.
func (r *rules) asked() *rule.Filter {
	switch {
	case r.err != nil:
		return nil
	case r.filter == nil:
		return &rule.Filter{}
	}
	return r.filter
}

// noRequest is the request of a payload that came before: its proofs were judged at the door.
func noRequest() partner.Request { return partner.Request{} }

// render is what a destination gets of an event: less what its projection takes away, in its format.
func (d *Deliverer) render(j *job) (destination.Delivery, error) {
	out := destination.Delivery{ID: j.row.Key(), LeadID: j.event.Subject, Received: j.event.Time, ContentType: "application/json", Repeat: j.repeat}
	r := d.rulesOf(j.to)
	if r.err != nil {
		return out, &lead.Error{Kind: lead.Address, Err: r.err} // a person can mend it
	}
	e := j.event
	if r.projection != nil {
		data, err := r.projection.Apply(e.Data)
		if err != nil {
			return out, &lead.Error{Kind: lead.Refused, Err: fmt.Errorf("the projection failed: %w", err)}
		}
		e.Data = data
	}
	switch j.to.Config.Format {
	case "cloudevents":
		e.Tags = j.row.Tags
		out.Body, out.ContentType = e.AppendJSON(nil), "application/cloudevents+json"
	case "template":
		in := rule.NewEvent(lead.Event{Type: e.Type, Lead: lead.Lead{Partner: e.Partner, ID: e.Subject}}, e.Data)
		in.ID, in.Time = e.ID, e.Time
		body, err := r.template.Render(in)
		if err != nil {
			return out, &lead.Error{Kind: lead.Refused, Err: fmt.Errorf("the template failed: %w", err)}
		}
		out.Body = body
	default:
		out.Body = e.Data
	}
	return out, nil
}
