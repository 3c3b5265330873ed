package table

import (
	"encoding/base64"
	"strconv"
	"strings"

	"leadrelay/local/azuresim/wire"
)

// query answers Query Entities: a page in order of key. A page that is full names where to go on, and there may be nothing
// more there: Azure promises no more.
func (t *table) query(r *wire.Request, page int) (wire.Answer, *wire.Error) {
	f, most, err := wanted(r, page)
	if err != nil {
		return wire.Answer{}, err
	}
	s := spanOf(f)
	from := s.first()
	if next, ok := r.Query.Lookup("nextpartitionkey"); ok {
		from = max(from, key(unmark(next), unmark(r.Query.Get("nextrowkey"))))
	}
	found, next := t.scan(f, s, from, most)
	m, only := wants(r), selected(r)
	b := append(make([]byte, 0, 512*(len(found)+1)), '{')
	if m != none {
		b = append(wire.AppendJSON(append(b, `"odata.metadata":`...), r.Base+"/$metadata#"+t.name), ',')
	}
	b = append(b, `"value":[`...)
	for i, e := range found {
		if i > 0 {
			b = append(b, ',')
		}
		b = e.append(b, m, "", only)
	}
	a := wire.Answer{Status: 200, Type: m.contentType(), Body: append(b, "]}"...)}
	if next != nil {
		a = a.With("X-Ms-Continuation-Nextpartitionkey", mark(next.partition)).With("X-Ms-Continuation-Nextrowkey", mark(next.row))
	}
	return a, nil
}

// scan collects a page; next is the first entity behind it. Entities never change, so they are written out unlocked.
func (t *table) scan(f filter, s span, from string, most int) (found []*entity, next *entity) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, e := range t.rows.From(from) {
		if s.over(e) {
			break
		}
		if len(found) == most {
			return found, e
		}
		if f.match(e) {
			found = append(found, e)
		}
	}
	return found, nil
}

// mark makes a continuation of a key, "1!8!ZGVzdA--" as Azure's, and unmark reads it.
func mark(key string) string {
	text := strings.NewReplacer("=", "-", "+", "*", "/", "_").Replace(base64.StdEncoding.EncodeToString([]byte(key)))
	return "1!" + strconv.Itoa(len(text)) + "!" + text
}

func unmark(s string) string {
	parts := strings.SplitN(s, "!", 3)
	if len(parts) != 3 {
		return s
	}
	b, err := base64.StdEncoding.DecodeString(strings.NewReplacer("-", "=", "*", "+", "_", "/").Replace(parts[2]))
	if err != nil {
		return s
	}
	return string(b)
}
