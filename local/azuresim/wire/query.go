package wire

import (
	"net/url"
	"strings"
)

// Query is a parsed query: names are lower case, as Azure compares them.
type Query []Pair

// Pair is one parameter.
type Pair struct{ Name, Value string }

// ParseQuery reads a raw query. Parameters that cannot be unescaped are dropped.
func ParseQuery(raw string) Query {
	if raw == "" {
		return nil
	}
	q := make(Query, 0, 8)
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		if name == "" {
			continue
		}
		n, err := url.QueryUnescape(name)
		if err != nil {
			continue
		}
		v, err := url.QueryUnescape(value)
		if err != nil {
			continue
		}
		q = append(q, Pair{strings.ToLower(n), v})
	}
	return q
}

// Get is the first value of a name in lower case, "" when there is none.
func (q Query) Get(name string) string {
	v, _ := q.Lookup(name)
	return v
}

// Has says whether the name is there.
func (q Query) Has(name string) bool {
	_, ok := q.Lookup(name)
	return ok
}

// Lookup is Get and Has.
func (q Query) Lookup(name string) (string, bool) {
	for i := range q {
		if q[i].Name == name {
			return q[i].Value, true
		}
	}
	return "", false
}
