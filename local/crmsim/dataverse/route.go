package dataverse

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// route answers an admitted call.
func (s *Server) route(q *request) (answer, *failure) {
	switch {
	case q.path == "WhoAmI" || q.path == "WhoAmI()":
		return body(http.StatusOK, map[string]any{"@odata.context": Base + "$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse", "UserId": UserID})
	case strings.HasPrefix(q.path, "EntityDefinitions("):
		return s.metadata(q)
	case q.path == "$batch", strings.Contains(q.path, "Microsoft.Dynamics.CRM."):
		return answer{}, &failure{http.StatusNotImplemented, "", "This stand-in has no batches and no actions."}
	}
	a, fail := s.parseAddress(q.path)
	if fail != nil {
		return answer{}, fail
	}
	whole := a.id == "" && a.column == ""
	switch {
	case q.method == http.MethodGet && whole:
		return s.list(q, a)
	case q.method == http.MethodGet:
		return s.retrieve(q, a)
	case q.method == http.MethodPatch && !whole:
		return s.upsert(q, a)
	case q.method == http.MethodPost && whole:
		return s.create(q, a)
	case q.method == http.MethodDelete && !whole:
		return s.remove(q, a)
	}
	return answer{}, &failure{http.StatusMethodNotAllowed, "", "The requested resource does not support http method '" + q.method + "'."}
}

func body(status int, v any) (answer, *failure) {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return answer{}, &failure{http.StatusInternalServerError, "", "The answer could not be written."}
	}
	return answer{status: status, header: map[string]string{"Content-Type": "application/json; odata.metadata=minimal"}, body: b}, nil
}

func (s *Server) retrieve(q *request, a address) (answer, *failure) {
	r := s.find(a)
	if r == nil {
		return answer{}, a.missing()
	}
	shown, fail := show(q, a.table, r)
	if fail != nil {
		return answer{}, fail
	}
	return body(http.StatusOK, shown)
}

// list knows $select and $top only: the adapter never lists.
func (s *Server) list(q *request, a address) (answer, *failure) {
	if q.query["$filter"] != "" || q.query["$expand"] != "" {
		return answer{}, &failure{http.StatusNotImplemented, "", "This stand-in has no $filter."}
	}
	top := len(s.rows[a.table.Set])
	if v := q.query["$top"]; v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return answer{}, bad(codeURL, "$top must be a positive number.")
		}
		top = min(top, n)
	}
	out := []map[string]any{}
	for _, r := range s.sorted(a.table.Set)[:top] {
		shown, fail := show(q, a.table, r)
		if fail != nil {
			return answer{}, fail
		}
		out = append(out, shown)
	}
	return body(http.StatusOK, map[string]any{"value": out})
}

// show is a record as $select wants it, with its etag.
func show(q *request, t *Table, r *row) (map[string]any, *failure) {
	out := map[string]any{"@odata.etag": etagOf(r), t.ID: r.id}
	names := []string{}
	if list := q.query["$select"]; list != "" {
		names = strings.Split(list, ",")
	} else {
		for name := range t.Columns {
			names = append(names, name)
		}
	}
	for _, name := range names {
		c := t.Columns[name]
		if c == nil && strings.HasPrefix(name, "_") { // _ownerid_value
			c = t.Columns[strings.TrimSuffix(name[1:], "_value")]
		} else if c != nil && len(c.Targets) > 0 && q.query["$select"] != "" {
			name = "_" + name + "_value"
		}
		if c == nil {
			return nil, bad(codeURL, "Could not find a property named '"+name+"' on type 'Microsoft.Dynamics.CRM."+t.Logical+"'.")
		}
		plain := strings.TrimSuffix(strings.TrimPrefix(name, "_"), "_value")
		if name == t.ID {
			continue
		}
		v, ok := r.values[name]
		if !ok {
			v, ok = r.values[plain]
		}
		if !ok {
			v = value("null")
		}
		out[name] = v
	}
	return out, nil
}

func etagOf(r *row) string { return `W/"` + strconv.FormatInt(r.etag, 10) + `"` }

func (s *Server) remove(_ *request, a address) (answer, *failure) {
	r := s.find(a)
	if r == nil {
		return answer{}, a.missing()
	}
	delete(s.rows[a.table.Set], r.id)
	return answer{status: http.StatusNoContent}, nil
}

func (s *Server) sorted(set string) []*row {
	var out []*row
	for _, r := range s.rows[set] {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b *row) int { return strings.Compare(a.id, b.id) })
	return out
}
