package salesforce

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
)

// maxCollection is how many records one call takes (§2.2).
const maxCollection = 200

// collection are records on their way, one for each key: the org refuses a key that stands twice in a call (§2.2).
type collection struct{ entries []*entry }

type entry struct {
	key    string
	fields map[string]any
	jobs   []*job
}

// add puts a record in, or adds to the one of the same key what is newer.
func (c *collection) add(key string, fields map[string]any, j *job) {
	i := slices.IndexFunc(c.entries, func(e *entry) bool { return e.key == key })
	if i < 0 {
		c.entries = append(c.entries, &entry{key: key, fields: fields, jobs: []*job{j}})
		return
	}
	e := c.entries[i]
	maps.Copy(e.fields, fields)
	e.jobs = append(e.jobs, j)
}

// collectionCall is how a collection is sent.
type collectionCall struct {
	method, path string // behind /composite/sobjects
	object       string
	assign       string // Sforce-Auto-Assign; empty where no rule can apply
	parent       bool   // the records are of leads that were found: one that is gone since is no lead
}

// result is what became of one item.
type result struct {
	ID      string `json:"id"`
	Success bool   `json:"success"`
	Created bool   `json:"created"`
	Errors  []said `json:"errors"`
}

// write sends a collection and gives each job its outcome. When the whole call is refused for what one record says (a
// value that cannot be read refuses all, as JSON_PARSER_ERROR), each record is sent alone: the others are not to blame.
func (c *CRM) write(ctx context.Context, to collectionCall, col collection) {
	if len(col.entries) == 0 {
		return
	}
	results, err := c.post(ctx, to, col.entries)
	if err != nil && refused(err) && len(col.entries) > 1 {
		for _, e := range col.entries {
			c.write(ctx, to, collection{entries: []*entry{e}})
		}
		return
	}
	for i, e := range col.entries {
		if err != nil {
			fail(e.jobs, err)
			continue
		}
		for _, j := range e.jobs {
			c.settle(j, results[i], to)
		}
	}
}

func refused(err error) bool {
	kind := lead.KindOf(err)
	return kind == lead.Refused || kind == lead.TooLarge
}

func (c *CRM) settle(j *job, r result, to collectionCall) {
	switch {
	case !r.Success:
		j.out = crm.Outcome{Err: c.itemFault(r, to)}
	case to.object != "Lead": // an event or a task: the outcome's id is the lead's
		if r.Created || to.method == http.MethodPost {
			j.out.Result = crm.Updated
		}
	case r.Created:
		j.out = crm.Outcome{ID: r.ID, Result: crm.Created}
	default:
		j.out = crm.Outcome{ID: r.ID, Result: crm.Updated}
	}
}

func (c *CRM) itemFault(r result, to collectionCall) error {
	if len(r.Errors) == 0 {
		return lead.Errorf(lead.Unavailable, "the org failed an item and does not say why")
	}
	s := r.Errors[0]
	if to.parent && gone(s.code()) {
		return &lead.Error{Kind: lead.Unavailable, Code: s.code(), Err: crm.ErrNoLead}
	}
	err := c.fault(s, http.StatusBadRequest)
	err.Code = s.code()
	if hint := c.hint(http.StatusBadRequest, s.code()); hint != "" && err.Err == nil {
		err.Err = errors.New(hint)
	}
	return err
}

// post sends the records and reads one result for each, by index (§2.2): 200 says only that the request was well formed.
func (c *CRM) post(ctx context.Context, to collectionCall, entries []*entry) ([]result, error) {
	records := make([]map[string]any, len(entries))
	for i, e := range entries {
		records[i] = maps.Clone(e.fields)
		records[i]["attributes"] = map[string]any{"type": to.object}
	}
	header := http.Header{}
	if to.assign != "" {
		header.Set("Sforce-Auto-Assign", to.assign)
	}
	if to.object == "Lead" && c.allowSave {
		header.Set("Sforce-Duplicate-Rule-Header", "allowSave=true; includeRecordDetails=false; runAsCurrentUser=true")
	}
	body, err := c.call(ctx, request{method: to.method, path: "/composite/sobjects" + to.path, header: header,
		body: map[string]any{"allOrNone": false, "records": records}})
	if err != nil {
		return nil, err
	}
	var results []result
	if json.Unmarshal(body, &results) != nil || len(results) != len(entries) {
		return nil, lead.Errorf(lead.Unavailable, "the org's answer does not fit the request")
	}
	return results, nil
}
