package salesforce

import (
	"context"
	"net/http"
	"slices"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
)

// writeEvents writes the event records of jobs whose leads are written, by the event's own key, so that a repeated event
// is one record (§2.7), and then the tasks. A change whose event was there before has changed nothing.
func (c *CRM) writeEvents(ctx context.Context, jobs []*job) {
	var events collection
	var written []*job
	for _, j := range jobs {
		r, ok := j.also("event")
		if !ok {
			continue
		}
		fields := r.Create()
		fields[c.event.key] = j.rendered.Event
		if !j.found.isConverted() {
			fields[c.event.relation] = map[string]any{c.mapping.KeyField(): j.key}
		}
		if j.activity() {
			j.out.Result = crm.Unchanged
		}
		events.add(j.rendered.Event, fields, j)
		written = append(written, j)
	}
	c.write(ctx, collectionCall{method: http.MethodPatch, path: "/" + c.event.name + "/" + c.event.key, object: c.event.name, parent: true}, events)
	for _, j := range left(jobs, func(*job) bool { return true }) {
		c.writeTask(ctx, j, slices.Contains(written, j) && j.out.Result == crm.Updated)
	}
}

// writeTask makes the task of a change. A task has no external id (§2.7): it is made with the event's record, and on a
// repeated event only when the lead has none with that subject on that day.
func (c *CRM) writeTask(ctx context.Context, j *job, first bool) {
	r, ok := j.also("task")
	if !ok {
		return
	}
	fields := r.Create()
	fields["WhoId"] = j.out.ID
	if j.found.isConverted() {
		if j.found.contact == "" {
			return // the person is in the org no more
		}
		fields["WhoId"] = j.found.contact
	}
	if !first {
		there, err := c.taskExists(ctx, fields)
		if err != nil {
			j.out = crm.Outcome{Err: err}
			return
		}
		if there {
			return
		}
	}
	var tasks collection
	tasks.add(j.rendered.Event, fields, j)
	c.write(ctx, collectionCall{method: http.MethodPost, object: "Task", parent: true}, tasks)
}

func (c *CRM) taskExists(ctx context.Context, fields map[string]any) (bool, error) {
	who, _ := fields["WhoId"].(string)
	soql := "SELECT Id FROM Task WHERE WhoId = " + texts([]string{who})
	if subject, ok := fields["Subject"].(string); ok {
		soql += " AND Subject = " + texts([]string{subject})
	}
	if day, ok := fields["ActivityDate"].(string); ok {
		soql += " AND ActivityDate = " + day
	}
	rows, err := c.query(ctx, soql)
	return len(rows) > 0, err
}

// Note writes an activity that is tied to no lead as an event record without a parent. A map without events takes none:
// Refused.
func (c *CRM) Note(ctx context.Context, ch crm.Change) crm.Outcome {
	j := c.open(ch)
	r, ok := j.also("event")
	switch err := c.gate.closed(c.now()); {
	case j.out.Err != nil:
		return j.out
	case !ok:
		return crm.Outcome{Err: lead.Errorf(lead.Refused, "the map writes no event for this type")}
	case err != nil:
		return crm.Outcome{Err: err}
	}
	fields := r.Create()
	fields[c.event.key] = j.rendered.Event
	var events collection
	events.add(j.rendered.Event, fields, j)
	results, err := c.post(ctx, collectionCall{method: http.MethodPatch, path: "/" + c.event.name + "/" + c.event.key, object: c.event.name}, events.entries)
	switch {
	case err != nil:
		return crm.Outcome{Err: err}
	case !results[0].Success:
		return crm.Outcome{Err: c.itemFault(results[0], collectionCall{})}
	case results[0].Created:
		return crm.Outcome{ID: results[0].ID, Result: crm.Created}
	}
	return crm.Outcome{ID: results[0].ID, Result: crm.Unchanged}
}
