package salesforce

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"leadrelay/internal/lead"
)

// record is a Lead as it was looked up.
type record struct {
	ID        string
	converted bool
	contact   string         // that a converted lead has become
	values    map[string]any // by field
}

func (r *record) isConverted() bool { return r != nil && r.converted }

// maxList is how many bytes of keys one query names: a URI may have 16,384.
const maxList = 10_000

// look finds the records of the jobs' leads: under their own key, or, of an activity, under the key that its partner
// refers to.
func (c *CRM) look(ctx context.Context, jobs []*job) error {
	var keys []string
	ordering := map[string]bool{}
	for _, j := range jobs {
		for i, key := range j.rendered.Keys {
			if (i == 0 || j.activity()) && !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
		for _, f := range j.rendered.Lead.Fields {
			if f.Newest != "" {
				ordering[f.Newest] = true
			}
		}
	}
	fields := []string{"Id", "IsConverted", "ConvertedContactId", c.mapping.KeyField()}
	for name := range ordering {
		fields = append(fields, name)
	}
	slices.Sort(fields[4:])
	found := map[string][]*record{}
	for _, part := range lists(keys) {
		if err := c.lookUp(ctx, fields, part, found); err != nil {
			return err
		}
	}
	for _, j := range jobs {
		j.take(found)
	}
	return nil
}

// take is the job's record among those that were found.
func (j *job) take(found map[string][]*record) {
	for i, key := range j.rendered.Keys {
		if i > 0 && !j.activity() {
			return
		}
		switch list := found[key]; {
		case len(list) > 1:
			j.out.Err = lead.Errorf(lead.Refused, "the lead's key stands in %d records", len(list))
			return
		case len(list) == 1:
			j.key, j.found = key, list[0]
			return
		}
	}
}

// lists cuts the keys into lists that a URI can hold.
func lists(keys []string) [][]string {
	var out [][]string
	size := maxList
	for _, key := range keys {
		if size += len(key) + len("%27%27%2C"); size > maxList {
			out, size = append(out, nil), len(key)
		}
		out[len(out)-1] = append(out[len(out)-1], key)
	}
	return out
}

func (c *CRM) lookUp(ctx context.Context, fields, keys []string, found map[string][]*record) error {
	key := c.mapping.KeyField()
	rows, err := c.query(ctx, "SELECT "+strings.Join(fields, ",")+" FROM Lead WHERE "+key+" IN ("+texts(keys)+")")
	if err != nil {
		return err
	}
	for _, row := range rows {
		r := &record{values: row}
		r.ID, _ = row["Id"].(string)
		r.converted, _ = row["IsConverted"].(bool)
		r.contact, _ = row["ConvertedContactId"].(string)
		if value, ok := row[key].(string); ok && r.ID != "" {
			value = strings.ToLower(value) // the org compares without case (§2.1); our keys have none
			found[value] = append(found[value], r)
		}
	}
	return nil
}

// texts are SOQL literals; \ and ' are escaped.
func texts(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
	}
	return strings.Join(out, ",")
}

// query runs SOQL. One page holds far more than we ask for.
func (c *CRM) query(ctx context.Context, soql string) ([]map[string]any, error) {
	body, err := c.call(ctx, request{method: http.MethodGet, path: "/query?q=" + url.QueryEscape(soql)})
	if err != nil {
		return nil, err
	}
	var page struct {
		Done    bool             `json:"done"`
		Records []map[string]any `json:"records"`
	}
	if json.Unmarshal(body, &page) != nil || !page.Done {
		return nil, lead.Errorf(lead.Unavailable, "the org's answer to a query cannot be read")
	}
	return page.Records, nil
}

// later tells whether the org's time is after ours. What cannot be read is not.
func later(theirs, ours any) bool {
	a, okA := moment(theirs)
	b, okB := moment(ours)
	return okA && okB && a.After(b)
}

// moment reads a datetime: the org writes 2026-03-02T10:30:00.000+0000.
func moment(v any) (time.Time, bool) {
	s, _ := v.(string)
	for _, layout := range []string{"2006-01-02T15:04:05.999Z0700", time.RFC3339Nano} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
