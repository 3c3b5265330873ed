// Package table is the table service: entities, ETags, queries and transactions as Azure keeps them.
package table

import (
	"encoding/base64"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"leadrelay/local/azuresim/ordered"
	"leadrelay/local/azuresim/wire"
)

// MaxBody is how large a transaction may be, in bytes (facts/azure-storage.md §8).
const MaxBody = 4 << 20

// maxPage is how many entities a page holds.
const maxPage = 1000

// Store holds the tables of one account. Names are the same in any case.
type Store struct {
	mu       sync.RWMutex
	tables   map[string]*table // by lower case
	deleted  map[string]time.Time
	deletion time.Duration
	page     int
}

// NewStore makes an empty store. deletion is how long the name of a deleted table cannot be used; page is the most that a
// page holds, 0 for Azure's own 1,000.
func NewStore(deletion time.Duration, page int) *Store {
	if page <= 0 {
		page = maxPage
	}
	return &Store{tables: map[string]*table{}, deleted: map[string]time.Time{}, deletion: deletion, page: min(page, maxPage)}
}

// table is one table; its lock is its own.
type table struct {
	mu       sync.RWMutex
	name     string
	rows     ordered.Map[*entity]
	last     int64 // the latest tick: every change has its own
	policies []wire.Policy
}

func (t *table) tick(now time.Time) int64 {
	t.last = max(t.last+1, wire.Ticks(now))
	return t.last
}

func (s *Store) find(name string) (*table, *wire.Error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if t := s.tables[strings.ToLower(name)]; t != nil {
		return t, nil
	}
	return nil, wire.Errorf(404, "TableNotFound", "The table specified does not exist.")
}

// Policy finds a stored access policy.
func (s *Store) Policy(name, id string) (wire.Policy, bool) {
	t, err := s.find(name)
	if err != nil {
		return wire.Policy{}, false
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, p := range t.policies {
		if p.ID == id {
			return p, true
		}
	}
	return wire.Policy{}, false
}

// Row is an entity as it lies in a table. The values are string, int32, int64, float64, bool, time.Time and []byte.
type Row struct {
	PartitionKey, RowKey, ETag string
	Timestamp                  time.Time
	Properties                 map[string]any
}

// Rows are the entities of a table in order of key. A table that is not there has none.
func (s *Store) Rows(name string) []Row {
	t, err := s.find(name)
	if err != nil {
		return nil
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	out := make([]Row, 0, t.rows.Len())
	for _, e := range t.rows.From("") {
		r := Row{PartitionKey: e.partition, RowKey: e.row, ETag: e.etag(), Timestamp: when(e.tick), Properties: map[string]any{}}
		for _, p := range e.props {
			r.Properties[p.name] = p.any()
		}
		out = append(out, r)
	}
	return out
}

func (v value) any() any {
	switch v.kind {
	case int32s:
		return int32(v.n)
	case int64s:
		return v.n
	case double:
		return math.Float64frombits(uint64(v.n))
	case boolean:
		return v.n == 1
	case datetime:
		return when(v.n)
	case binary:
		b, _ := base64.StdEncoding.DecodeString(v.s) // was checked
		return b
	}
	return v.s
}

// Clear takes all entities out of a table.
func (s *Store) Clear(name string) {
	if t, err := s.find(name); err == nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.rows = ordered.Map[*entity]{}
	}
}

// Names are the tables in order.
func (s *Store) Names() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []string
	for _, t := range s.tables {
		out = append(out, t.name)
	}
	slices.Sort(out)
	return out
}

var namePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*$`)

func checkTable(name string) *wire.Error {
	switch {
	case len(name) < 3 || len(name) > 63:
		return wire.Errorf(400, "OutOfRangeInput", "The specified resource name length is not within the permissible limits.")
	case !namePattern.MatchString(name) || strings.EqualFold(name, "tables"):
		return wire.Errorf(400, "InvalidResourceName", "The specifed resource name contains invalid characters.")
	}
	return nil
}
