package dataverse

import (
	"context"
	"maps"
	"math/big"
	"net/http"
	"strings"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
	"leadrelay/internal/mapping"
)

// putActivity writes what happened to a lead: columns of its record, and a note and a task beside it. Without a record
// there is nothing to write to, and no stub is made.
func (c *CRM) putActivity(ctx context.Context, r mapping.Rendered) (crm.Outcome, error) {
	have, err := c.find(ctx, r)
	if err != nil {
		return crm.Outcome{}, err
	}
	id, _ := have["leadid"].(string)
	if id == "" {
		return crm.Outcome{}, noLead()
	}
	out := crm.Outcome{ID: id}
	if body := news(r.Lead.Fields, have); len(body) > 0 {
		q := call{method: http.MethodPatch, path: "leads(" + id + ")", match: "*", body: body, what: "lead"}
		if _, err := c.do(ctx, q); err != nil {
			if gone(err) {
				err = noLead()
			}
			return crm.Outcome{}, err
		}
		out.Result = crm.Updated
	}
	for _, also := range r.Also {
		wrote, _, err := c.attach(ctx, also, r.Event, id)
		if err != nil {
			return crm.Outcome{}, err
		}
		if wrote {
			out.Result = crm.Updated
		}
	}
	return out, nil
}

// Note writes an activity that is tied to no lead as a note and a task of their own, as the map has them. The id of the
// outcome is the first one's.
func (c *CRM) Note(ctx context.Context, ch crm.Change) crm.Outcome {
	r, err := c.render(ch)
	if err == nil && len(r.Also) == 0 {
		err = lead.Errorf(lead.Refused, "the map writes no note for events of type %.64q", ch.Event.Type)
	}
	if err != nil {
		return crm.Outcome{Err: told("", err)}
	}
	if err := c.gate.enter(ctx); err != nil {
		return crm.Outcome{Err: told("", &lead.Error{Kind: lead.Unavailable, Err: err})}
	}
	defer c.gate.leave()
	var out crm.Outcome
	for _, also := range r.Also {
		wrote, id, err := c.attach(ctx, also, r.Event, "")
		if err != nil {
			return crm.Outcome{Err: c.suspect(ctx, err)}
		}
		if wrote {
			out.Result = crm.Created
		}
		if out.ID == "" {
			out.ID = id
		}
	}
	return out
}

// find reads the lead that an event is about, by its own key or by the one that the partner refers to; nil: there is none.
func (c *CRM) find(ctx context.Context, r mapping.Rendered) (map[string]any, error) {
	for _, key := range r.Keys {
		got, err := c.do(ctx, call{method: http.MethodGet, path: c.leadAt(key) + "?$select=" + names(r.Lead.Fields), what: "lead"})
		if err == nil {
			return got.body, nil
		}
		if !gone(err) {
			return nil, err
		}
	}
	return nil, nil
}

// object is a table that is written beside leads.
type object struct{ set, bind string }

// beside says which objects a map may name (facts/crm.md §1.8).
func beside(name string) (object, bool) {
	o, ok := map[string]object{
		"note": {"annotations", "objectid_lead@odata.bind"},
		"task": {"tasks", "regardingobjectid_lead_task@odata.bind"},
	}[name]
	return o, ok
}

// attach writes a note or a task once: its id is made of the event's, so that a second time it is there already.
func (c *CRM) attach(ctx context.Context, rec mapping.Record, event, leadID string) (wrote bool, id string, err error) {
	o, ok := beside(rec.Object)
	if !ok {
		return false, "", told(rec.Object, lead.Errorf(lead.Address, "the map names an object that the driver does not know"))
	}
	body := maps.Clone(rec.Create())
	if leadID != "" {
		body[o.bind] = "/leads(" + leadID + ")"
	}
	id = mapping.ID(rec.Object, event)
	_, err = c.do(ctx, call{method: http.MethodPatch, path: o.set + "(" + id + ")", none: "*", body: body, what: rec.Object})
	switch {
	case coded(err, http.StatusPreconditionFailed) && !coded(err, http.StatusPreconditionFailed, codeDuplicate, codeEtag):
		return false, id, nil // it stands there
	case gone(err):
		return false, "", noLead() // the lead that it is bound to
	}
	return err == nil, id, err
}

// news are the fields that the record does not say yet. A field whose `newest` is later in the record is left alone.
func news(fields []mapping.Field, have map[string]any) map[string]any {
	out := map[string]any{}
	values := map[string]any{}
	for _, f := range fields {
		values[f.Name] = f.Value
	}
	for _, f := range fields {
		if f.Once || f.Newest != "" && later(have[f.Newest], values[f.Newest]) || equal(f.Value, have[f.Name]) {
			continue
		}
		out[f.Name] = f.Value
	}
	return out
}

// later tells whether the time a is after b.
func later(a, b any) bool {
	x, okA := a.(string)
	y, okB := b.(string)
	return okA && okB && lead.ParseTime(x).After(lead.ParseTime(y))
}

// equal compares a value of ours with one of the organisation's: numbers by what they are worth, times by when they are.
func equal(a, b any) bool {
	switch x := a.(type) {
	case lead.Decimal:
		y, ok := b.(lead.Decimal)
		if !ok || len(y) > 40 || strings.ContainsAny(string(x+y), "eE") {
			return x == y
		}
		r, okA := new(big.Rat).SetString(string(x))
		s, okB := new(big.Rat).SetString(string(y))
		return okA && okB && r.Cmp(s) == 0
	case string:
		y, ok := b.(string)
		if !ok {
			return false
		}
		t, errA := time.Parse(time.RFC3339, x)
		u, errB := time.Parse(time.RFC3339, y)
		return x == y || errA == nil && errB == nil && t.Equal(u)
	}
	return a == b
}
