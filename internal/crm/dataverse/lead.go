package dataverse

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
	"leadrelay/internal/mapping"
)

// The columns of a record's state, and the status of a new one.
const (
	stateColumn  = "statecode"
	statusColumn = "statuscode"
	newStatus    = "1"
)

const representation = "return=representation"

// leadAt is the address of a lead by its key.
func (c *CRM) leadAt(key string) string {
	if field := c.Mapping.KeyField(); field != "" {
		return "leads(" + field + "='" + url.PathEscape(strings.ReplaceAll(key, "'", "''")) + "')"
	}
	return "leads(" + key + ")"
}

// putLead brings a lead's record to what the event says.
func (c *CRM) putLead(ctx context.Context, r mapping.Rendered) (crm.Outcome, error) {
	state := map[string]any{}
	for _, f := range r.Lead.Fields {
		if (f.Name == stateColumn || f.Name == statusColumn) && f.Value != nil {
			state[f.Name] = f.Value
		}
	}
	got, err := c.write(ctx, r, len(state) > 0)
	if err != nil {
		return crm.Outcome{}, err
	}
	id, _ := got.body["leadid"].(string)
	if id == "" { // 204: the preference was not honoured
		id = r.Keys[0]
	}
	if len(state) > 0 && differs(state, got.body) {
		q := call{method: http.MethodPatch, path: c.leadAt(r.Keys[0]), match: "*", body: state, what: "lead: state"}
		if _, err := c.do(ctx, q); err != nil {
			if gone(err) {
				err = told("lead: state", lead.Errorf(lead.Unavailable, "the record was deleted a moment ago"))
			}
			return crm.Outcome{}, err
		}
	}
	if got.status == http.StatusCreated {
		return crm.Outcome{ID: id, Result: crm.Created}, nil
	}
	return crm.Outcome{ID: id, Result: crm.Updated}, nil
}

// write creates or updates the record. Fields for a new record only need two kinds of PATCH; else one does.
func (c *CRM) write(ctx context.Context, r mapping.Rendered, withState bool) (reply, error) {
	q := call{method: http.MethodPatch, path: c.leadAt(r.Keys[0]) + "?$select=leadid", prefer: representation, what: "lead"}
	if withState {
		q.path += "," + stateColumn + "," + statusColumn
	}
	fresh, old := withoutState(r.Lead.Create()), withoutState(r.Lead.Update())
	if !r.Lead.HasOnce() {
		q.body = fresh
		return c.race(ctx, q)
	}
	for range 2 { // somebody may create or delete the record between the two
		q.body, q.match, q.none = old, "*", ""
		got, err := c.do(ctx, q)
		if err == nil || !gone(err) {
			return got, err
		}
		q.body, q.match, q.none = fresh, "", "*"
		if got, err = c.do(ctx, q); err == nil || !coded(err, http.StatusPreconditionFailed, codePrimary, codeKeyTaken) {
			return got, err
		}
	}
	return reply{}, told("lead", lead.Errorf(lead.Unavailable, "somebody else is creating or deleting the record"))
}

// race repeats once an upsert that lost the race for a new key: now it is an update (facts/crm.md §1.2).
func (c *CRM) race(ctx context.Context, q call) (reply, error) {
	got, err := c.do(ctx, q)
	if coded(err, http.StatusPreconditionFailed, codeKeyTaken) {
		return c.do(ctx, q)
	}
	return got, err
}

func withoutState(fields map[string]any) map[string]any {
	out := maps.Clone(fields)
	delete(out, stateColumn)
	delete(out, statusColumn)
	return out
}

// differs tells whether the record is to be brought to another state. An open record keeps the status that people gave it
// when the lead itself is merely New.
func differs(want, have map[string]any) bool {
	if have == nil {
		return true
	}
	if s, ok := want[stateColumn]; ok && !equal(s, have[stateColumn]) {
		return true
	}
	s, ok := want[statusColumn]
	return ok && !equal(s, have[statusColumn]) && !equal(s, lead.Decimal(newStatus))
}

// names are the columns of some fields, as $select wants them.
func names(fields []mapping.Field) string {
	out := []string{"leadid"}
	for _, f := range fields {
		if !strings.Contains(f.Name, "@") {
			out = append(out, f.Name)
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), ",")
}
