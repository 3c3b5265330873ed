package salesforce

import (
	"context"
	"net/http"
	"slices"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
	"leadrelay/internal/mapping"
)

// job is one change on its way into the org.
type job struct {
	change   crm.Change
	rendered mapping.Rendered
	key      string  // under which the lead's record is, or will be
	found    *record // the lead's record as it was looked up; nil: none, or nobody looked
	out      crm.Outcome
}

func (j *job) activity() bool { return j.change.Event.About == lead.Activity }

// also gives what the change writes into another object.
func (j *job) also(object string) (mapping.Record, bool) {
	i := slices.IndexFunc(j.rendered.Also, func(r mapping.Record) bool { return r.Object == object })
	if i < 0 {
		return mapping.Record{}, false
	}
	return j.rendered.Also[i], true
}

// fail ends the jobs that have not failed yet.
func fail(jobs []*job, err error) {
	for _, j := range jobs {
		if j.out.Err == nil {
			j.out = crm.Outcome{Err: err}
		}
	}
}

// left are the jobs that have not failed and fit.
func left(jobs []*job, fits func(*job) bool) []*job {
	var out []*job
	for _, j := range jobs {
		if j.out.Err == nil && fits(j) {
			out = append(out, j)
		}
	}
	return out
}

// BatchSize implements [crm.Batched]: a collection is one call of the org's daily allocation.
func (c *CRM) BatchSize() int { return maxCollection }

// Upsert implements [crm.CRM]: at most 200 changes a call, one call for the leads, and one more for each of these that the
// changes need: to look leads up, to write activities, events, tasks.
func (c *CRM) Upsert(ctx context.Context, changes []crm.Change) []crm.Outcome {
	jobs := make([]*job, len(changes))
	for i, ch := range changes {
		jobs[i] = c.open(ch)
	}
	told := left(jobs, func(j *job) bool { return j.change.Event.About != lead.Notice })
	if err := c.gate.closed(c.now()); err != nil {
		fail(told, err)
		told = nil
	}
	for part := range slices.Chunk(told, maxCollection) {
		c.apply(ctx, part)
	}
	outcomes := make([]crm.Outcome, len(jobs))
	for i, j := range jobs {
		outcomes[i] = j.out
	}
	return outcomes
}

func (c *CRM) open(ch crm.Change) *job {
	j := &job{change: ch}
	if j.rendered, j.out.Err = c.mapping.Render(ch.Event, ch.Payload); j.out.Err == nil && len(j.rendered.Keys) > 0 {
		j.key = j.rendered.Keys[0]
	}
	return j
}

// apply brings some changes into the org: the leads first, then what hangs on them. A change that breaks off in between
// is told again and ends the same.
func (c *CRM) apply(ctx context.Context, jobs []*job) {
	if err := c.look(ctx, left(jobs, c.needsLook)); err != nil {
		fail(left(jobs, c.needsLook), err)
	}
	for _, j := range left(jobs, (*job).activity) {
		if j.found == nil {
			j.out.Err = &lead.Error{Kind: lead.Unavailable, Err: crm.ErrNoLead}
		}
	}
	c.writeLeads(ctx, jobs)
	c.writeEvents(ctx, left(jobs, func(*job) bool { return true }))
}

// needsLook tells the changes that depend on what the org has: an activity needs its lead, a default must not replace what
// is there, a late event not what is newer, and only new leads are assigned.
func (c *CRM) needsLook(j *job) bool {
	r := j.rendered.Lead
	_, event := j.also("event") // of a converted lead it has no parent
	return j.activity() || event || r.HasOnce() || c.assignment != "FALSE" ||
		slices.ContainsFunc(r.Fields, func(f mapping.Field) bool { return f.Newest != "" })
}

// writeLeads writes the Lead records. Updates never run the assignment rules: owners would jump (§2.4).
func (c *CRM) writeLeads(ctx context.Context, jobs []*job) {
	var create, update, byID collection
	for _, j := range left(jobs, func(*job) bool { return true }) {
		fields := j.leadFields()
		switch {
		case j.found.isConverted() && j.converted():
		case j.activity():
			if len(fields) > 0 {
				fields["Id"] = j.found.ID
				byID.add(j.found.ID, fields, j)
			}
			j.out = crm.Outcome{ID: j.found.ID, Result: crm.Updated}
		default:
			fields[c.mapping.KeyField()] = j.key
			if c.assignment != "FALSE" && j.found == nil {
				create.add(j.key, fields, j)
			} else {
				update.add(j.key, fields, j)
			}
		}
	}
	byKey := "/Lead/" + c.mapping.KeyField()
	c.write(ctx, collectionCall{method: http.MethodPatch, path: byKey, object: "Lead", assign: c.assignment}, create)
	c.write(ctx, collectionCall{method: http.MethodPatch, path: byKey, object: "Lead", assign: "FALSE"}, update)
	c.write(ctx, collectionCall{method: http.MethodPatch, object: "Lead", assign: "FALSE", parent: true}, byID)
}

// converted is what becomes of a change of a lead that people have converted (§2.4): its event is written without a parent;
// what has none is Refused.
func (j *job) converted() bool {
	j.out = crm.Outcome{ID: j.found.ID}
	if _, ok := j.also("event"); !ok {
		j.out = crm.Outcome{Err: lead.Errorf(lead.Refused, "the lead was converted in the org and takes no updates")}
	}
	return true
}

// leadFields are the fields of the lead's record: those of a new record when there is none, without those that the
// org has from a later event.
func (j *job) leadFields() map[string]any {
	r := j.rendered.Lead
	r.Fields = slices.DeleteFunc(slices.Clone(r.Fields), func(f mapping.Field) bool {
		if f.Newest == "" || j.found == nil {
			return false
		}
		i := slices.IndexFunc(r.Fields, func(by mapping.Field) bool { return by.Name == f.Newest })
		return i >= 0 && later(j.found.values[f.Newest], r.Fields[i].Value)
	})
	if j.found == nil {
		return r.Create()
	}
	return r.Update()
}
