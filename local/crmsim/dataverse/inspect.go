package dataverse

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// Exchange is one call and what became of it.
type Exchange struct {
	Method  string
	Path    string            // with the query, as it came
	Header  map[string]string // the headers that mean something to Dataverse, in lower case
	Body    string
	Status  int
	Answer  string
	Problem string // the message of a refusal
}

// meaningful are the request headers that an exchange keeps.
func meaningful() []string {
	return []string{"Accept", "Content-Type", "If-Match", "If-None-Match", "OData-MaxVersion", "OData-Version", "Prefer", "MSCRM.SuppressDuplicateDetection"}
}

func (s *Server) keep(q *request, a answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := Exchange{Method: q.method, Path: q.raw, Header: map[string]string{}, Body: string(q.text), Status: a.status, Answer: string(a.body)}
	for _, name := range meaningful() {
		if v := q.header.Values(name); len(v) > 0 {
			e.Header[strings.ToLower(name)] = strings.Join(v, ",")
		}
	}
	if a.status >= 400 {
		var f struct {
			Error struct {
				Code    string `json:"code"`
				Message string `json:"message"`
			} `json:"error"`
		}
		if json.Unmarshal(a.body, &f) == nil {
			e.Problem = f.Error.Code + " " + f.Error.Message
		}
	}
	s.log = append(s.log, e)
}

// Log is every call so far, in the order of their ends; calls whose connection broke before they did anything are not in it.
func (s *Server) Log() []Exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// ForgetLog empties the log.
func (s *Server) ForgetLog() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = nil
}

// Records are the records of a set, by id: the columns as JSON, texts without their quotes.
func (s *Server) Records(set string) []map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []map[string]string{}
	for _, r := range s.sorted(set) {
		m := map[string]string{}
		for _, name := range slices.Sorted(maps.Keys(r.values)) {
			v := r.values[name]
			if m[name] = string(v); v.kind() == '"' {
				m[name] = v.text()
			}
		}
		out = append(out, m)
	}
	return out
}

// Edit does to a record what a person would do in the app; nothing is checked. Values are JSON.
func (s *Server) Edit(set, id string, columns map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.rows[set][id]; r != nil {
		s.etag++
		r.etag = s.etag
		for name, v := range columns {
			r.values[name] = value(v)
		}
	}
}

// Remove deletes a record as a person would.
func (s *Server) Remove(set, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.rows[set], id)
}

// Customise changes a table's schema: a column that is nil is taken away.
func (s *Server) Customise(set, column string, c *Column) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[set]
	delete(t.Columns, column)
	if c != nil {
		t.Columns[column] = c
	}
}

// SetKeyStatus is the state of the index under a table's alternate keys: Pending, InProgress, Active, Failed; empty
// takes the keys away.
func (s *Server) SetKeyStatus(set, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tables[set].KeyStatus = status; status == "" {
		s.tables[set].Keys = nil
	}
}
