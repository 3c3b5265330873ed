package dataverse

import (
	"maps"
	"net/http"
	"strings"
)

// upsert is PATCH, by the table of facts/crm.md §1.2 (Learn, "Upsert a table row", 2026-03-09).
func (s *Server) upsert(q *request, a address) (answer, *failure) {
	r := s.find(a)
	match, none := q.header.Get("If-Match"), present(q.header.Get("If-None-Match"))
	switch {
	case none != "" && none != "*":
		return answer{}, bad(codeURL, "strict: If-None-Match must be *.")
	case r == nil && match != "":
		return answer{}, a.missing()
	case r != nil && none == "*":
		return answer{}, &failure{http.StatusPreconditionFailed, codePrimary, "A record with matching key values already exists."}
	case r != nil && match != "" && match != "*" && match != etagOf(r):
		return answer{}, &failure{http.StatusPreconditionFailed, codeEtag, "The version of the existing record doesn't match the RowVersion property provided."}
	}
	fresh := r == nil
	if fresh {
		id := a.id
		if id == "" {
			id = newID()
		}
		r = &row{id: id, values: map[string]value{a.table.ID: quoted(id)}}
		if a.column != "" {
			r.values[a.column] = quoted(a.value)
		}
	}
	if body := q.body[a.column]; a.column != "" && body != nil && value(body).text() != a.value {
		return answer{}, bad(codePayload, "strict: the key in the body is another than in the URL.") // §1.2: it would win
	}
	delete(q.body, a.column)
	return s.write(q, a, r, fresh)
}

// create is POST to the set.
func (s *Server) create(q *request, a address) (answer, *failure) {
	id := newID()
	if v := q.body[a.table.ID]; v != nil {
		if id = strings.ToLower(value(v).text()); !guid().MatchString(id) {
			return answer{}, bad(codePayload, "The id is no GUID.")
		}
		if s.rows[a.table.Set][id] != nil {
			return answer{}, &failure{http.StatusPreconditionFailed, codePrimary, "Cannot insert duplicate key."}
		}
	}
	a.id = id
	return s.write(q, a, &row{id: id, values: map[string]value{a.table.ID: quoted(id)}}, true)
}

// write applies a body to a record and stores it, or nothing.
func (s *Server) write(q *request, a address, r *row, fresh bool) (answer, *failure) {
	next := maps.Clone(r.values)
	if fail := s.apply(a.table, q.body, next, fresh); fail != nil {
		return answer{}, fail
	}
	for _, columns := range a.table.Keys {
		for _, other := range s.rows[a.table.Set] {
			v := next[columns[0]].text()
			if v != "" && other.id != r.id && strings.EqualFold(other.values[columns[0]].text(), v) {
				return answer{}, &failure{http.StatusPreconditionFailed, codeKeyTaken, "A record that has the attribute values already exists."}
			}
		}
	}
	if fail := s.duplicate(q, a.table, r.id, next); fail != nil {
		return answer{}, fail
	}
	s.etag++
	r.values, r.etag = next, s.etag
	now := quoted(s.opts.Now().UTC().Format("2006-01-02T15:04:05Z"))
	if a.table.Columns["modifiedon"] != nil {
		r.values["modifiedon"] = now
	}
	if fresh && a.table.Columns["createdon"] != nil {
		r.values["createdon"] = now
	}
	s.rows[a.table.Set][r.id] = r
	return s.written(q, a, r, fresh)
}

// duplicate is the published rule: off unless the call turns it on (§1.5).
func (s *Server) duplicate(q *request, t *Table, id string, next map[string]value) *failure {
	if t.Duplicates == "" || !strings.EqualFold(q.header.Get("MSCRM.SuppressDuplicateDetection"), "false") {
		return nil
	}
	want := next[t.Duplicates].text()
	for _, other := range s.rows[t.Set] {
		if want != "" && other.id != id && strings.EqualFold(other.values[t.Duplicates].text(), want) {
			return &failure{http.StatusPreconditionFailed, codeDuplicate, "A record was not created or updated because a duplicate of the current record already exists."}
		}
	}
	return nil
}

// written is the answer: 204, or with return=representation 201 or 200 and the record (§1.2).
func (s *Server) written(q *request, a address, r *row, fresh bool) (answer, *failure) {
	if !q.prefers("return=representation") {
		return answer{status: http.StatusNoContent, header: map[string]string{"OData-EntityId": a.entityID("https://"+q.host, r)}}, nil
	}
	shown, fail := show(q, a.table, r)
	if fail != nil {
		return answer{}, fail
	}
	status := http.StatusOK
	if fresh {
		status = http.StatusCreated
	}
	out, fail := body(status, shown)
	if fail == nil {
		out.header["Preference-Applied"] = "return=representation"
	}
	return out, fail
}
