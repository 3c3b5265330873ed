package table

import (
	"strconv"
	"strings"

	"leadrelay/local/azuresim/wire"
)

func (s *Store) create(r *wire.Request) (wire.Answer, *wire.Error) {
	fields, err := parseObject(string(r.Body))
	if err != nil {
		return wire.Answer{}, err
	}
	name := ""
	for _, f := range fields {
		if f.name == "TableName" {
			name = f.text
		}
	}
	if err := checkTable(name); err != nil {
		return wire.Answer{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	low := strings.ToLower(name)
	if s.tables[low] != nil {
		return wire.Answer{}, wire.Errorf(409, "TableAlreadyExists", "The table specified already exists.")
	}
	if r.Now.Before(s.deleted[low]) {
		return wire.Answer{}, wire.Errorf(409, "TableBeingDeleted", "The specified table is being deleted. Try operation later.")
	}
	delete(s.deleted, low)
	s.tables[low] = &table{name: name}
	location := r.Base + "/Tables('" + name + "')"
	if strings.Contains(r.Header.Get("Prefer"), "return-no-content") {
		return wire.Answer{Status: 204}.With("Preference-Applied", "return-no-content").With("Location", location).With("Dataserviceid", location), nil
	}
	m := wants(r)
	b := []byte{'{'}
	if m != none {
		b = append(wire.AppendJSON(append(b, `"odata.metadata":`...), r.Base+"/$metadata#Tables/@Element"), ',')
	}
	b = append(wire.AppendJSON(append(b, `"TableName":`...), name), '}')
	return wire.Answer{Status: 201, Type: m.contentType(), Body: b}.With("Location", location), nil
}

func (s *Store) delete(r *wire.Request) (wire.Answer, *wire.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	low := strings.ToLower(r.Op.Resource)
	if s.tables[low] == nil {
		return wire.Answer{}, notFound()
	}
	delete(s.tables, low)
	s.deleted[low] = r.Now.Add(s.deletion)
	return wire.Answer{Status: 204}, nil
}

// list answers Query Tables.
func (s *Store) list(r *wire.Request) (wire.Answer, *wire.Error) {
	f, most, err := wanted(r, s.page)
	if err != nil {
		return wire.Answer{}, err
	}
	m := wants(r)
	b := []byte{'{'}
	if m != none {
		b = append(wire.AppendJSON(append(b, `"odata.metadata":`...), r.Base+"/$metadata#Tables"), ',')
	}
	b = append(b, `"value":[`...)
	a, n := wire.Answer{Status: 200, Type: m.contentType()}, 0
	for _, name := range s.Names() {
		if name < unmark(r.Query.Get("nexttablename")) || !f.match(&entity{props: []property{{"TableName", value{kind: text, s: name}}}}) {
			continue
		}
		if n == most {
			a = a.With("X-Ms-Continuation-Nexttablename", mark(name))
			break
		}
		if n++; n > 1 {
			b = append(b, ',')
		}
		b = append(wire.AppendJSON(append(b, `{"TableName":`...), name), '}')
	}
	a.Body = append(b, "]}"...)
	return a, nil
}

// wanted is $filter and $top.
func wanted(r *wire.Request, page int) (f filter, most int, err *wire.Error) {
	f, most = fixed(true), page
	if text := r.Query.Get("$filter"); strings.TrimSpace(text) != "" {
		if f, err = parseFilter(text); err != nil {
			return nil, 0, err
		}
	}
	if text, ok := r.Query.Lookup("$top"); ok {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxPage {
			return nil, 0, badJSON()
		}
		most = min(most, n)
	}
	return f, most, nil
}
