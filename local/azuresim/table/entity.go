package table

import (
	"net/url"
	"strings"
	"time"

	"leadrelay/local/azuresim/wire"
)

// entity is a row. It never changes: a change makes another.
type entity struct {
	partition, row string
	props          []property
	tick           int64 // of the last change, in units of 100 ns; the ETag and Timestamp
}

type property struct {
	name string
	value
}

// Limits of an entity (facts/azure-storage.md §8).
const (
	maxEntity     = 1 << 20 // bytes
	maxProperties = 252
	maxName       = 255  // characters of a property's name
	maxKey        = 1024 // bytes in UTF-16
)

// key is where a row lies: no key holds a NUL, so rows are in order of partition, then row.
func key(partition, row string) string { return partition + "\x00" + row }

// etag is W/"datetime'…'".
func (e *entity) etag() string { return `W/"datetime'` + url.QueryEscape(moment7(e.tick)) + `'"` }

// moment7 writes a tick with all seven digits.
func moment7(tick int64) string { return when(tick).Format("2006-01-02T15:04:05.0000000Z") }

func when(tick int64) time.Time {
	const year1 = -62135596800
	return time.Unix(year1+tick/10_000_000, tick%10_000_000*100).UTC()
}

// parseEntity reads an entity; it may lack its keys.
func parseEntity(body []byte) (e *entity, keys [2]bool, err *wire.Error) {
	fields, err := parseObject(string(body))
	if err != nil {
		return nil, keys, err
	}
	e = &entity{props: make([]property, 0, len(fields))}
	for i, f := range fields {
		switch {
		case strings.HasSuffix(f.name, "@odata.type"), strings.HasPrefix(f.name, "odata."), f.name == "Timestamp":
			continue
		case f.name == "PartitionKey":
			e.partition, keys[0] = f.text, f.kind == 's'
			continue
		case f.name == "RowKey":
			e.row, keys[1] = f.text, f.kind == 's'
			continue
		case f.kind == '0': // null is as if it were not there
			continue
		}
		v, err := convert(f, annotation(fields, i))
		if err != nil {
			return nil, keys, err
		}
		if err := checkName(f.name); err != nil {
			return nil, keys, err
		}
		e.props = append(e.props, property{f.name, v})
	}
	return e, keys, nil
}

// annotation finds the type of a member, mostly beside it.
func annotation(fields []field, i int) string {
	const suffix = "@odata.type"
	name := fields[i].name
	is := func(f field) bool {
		return len(f.name) == len(name)+len(suffix) && strings.HasPrefix(f.name, name) && strings.HasSuffix(f.name, suffix)
	}
	for _, j := range []int{i - 1, i + 1} {
		if j >= 0 && j < len(fields) && is(fields[j]) {
			return fields[j].text
		}
	}
	for _, f := range fields {
		if is(f) {
			return f.text
		}
	}
	return ""
}

func checkName(name string) *wire.Error {
	if len(name) > maxName {
		return wire.Errorf(400, "PropertyNameTooLong", "The property name exceeds the maximum allowed length (255).")
	}
	for i, r := range name {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0x80
		if !letter && (i == 0 || r < '0' || r > '9') {
			return wire.Errorf(400, "PropertyNameInvalid", "The property name is invalid.")
		}
	}
	if name == "" {
		return wire.Errorf(400, "PropertyNameInvalid", "The property name is invalid.")
	}
	return nil
}

// check holds the whole entity against the limits.
func (e *entity) check() *wire.Error {
	for _, k := range []string{e.partition, e.row} {
		if !keyOK(k) {
			return wire.Errorf(400, "OutOfRangeInput", "One of the request inputs is out of range.")
		}
		if 2*utf16Len(k) > maxKey {
			return wire.Errorf(400, "KeyValueTooLarge", "The specified key is too large.")
		}
	}
	if len(e.props) > maxProperties {
		return wire.Errorf(400, "TooManyProperties", "The entity contains more properties than allowed.")
	}
	size := 4 + 2*(utf16Len(e.partition)+utf16Len(e.row))
	for _, p := range e.props {
		size += 8 + 2*utf16Len(p.name) + p.size()
	}
	if size > maxEntity {
		return wire.Errorf(400, "EntityTooLarge", "The entity is larger than the maximum size permitted (1MB).")
	}
	return nil
}

// merged is e with the properties of other put over its own.
func (e *entity) merged(other *entity) *entity {
	out := &entity{partition: e.partition, row: e.row, props: append(make([]property, 0, len(e.props)+len(other.props)), e.props...)}
next:
	for _, p := range other.props {
		for i := range e.props {
			if e.props[i].name == p.name {
				out.props[i] = p
				continue next
			}
		}
		out.props = append(out.props, p)
	}
	return out
}

// metadata is how much of OData a client wants.
type metadata uint8

const (
	minimal metadata = iota
	none
	full
)

func wants(r *wire.Request) metadata {
	format := r.Query.Get("$format")
	if format == "" {
		format = r.Header.Get("Accept")
	}
	switch {
	case strings.Contains(format, "nometadata"):
		return none
	case strings.Contains(format, "fullmetadata"):
		return full
	}
	return minimal
}

func (m metadata) contentType() string {
	return "application/json;odata=" + [...]string{"minimalmetadata", "nometadata", "fullmetadata"}[m] + ";streaming=true;charset=utf-8"
}

// append writes an entity; head is "odata.metadata" of a single one, "" in a list. only are the properties of $select, nil
// for all.
func (e *entity) append(b []byte, m metadata, head string, only map[string]bool) []byte {
	b = append(b, '{')
	start := len(b)
	comma := func() {
		if len(b) > start {
			b = append(b, ',')
		}
	}
	if head != "" && m != none {
		b = wire.AppendJSON(append(b, `"odata.metadata":`...), head)
	}
	if m != none {
		comma()
		b = wire.AppendJSON(append(b, `"odata.etag":`...), e.etag())
	}
	for _, own := range [...][2]string{{"PartitionKey", e.partition}, {"RowKey", e.row}, {"Timestamp", moment7(e.tick)}} {
		if only != nil && !only[own[0]] {
			continue
		}
		comma()
		if m == full && own[0] == "Timestamp" {
			b = append(b, `"Timestamp@odata.type":"Edm.DateTime",`...)
		}
		b = wire.AppendJSON(append(wire.AppendJSON(b, own[0]), ':'), own[1])
	}
	for _, p := range e.props {
		if only != nil && !only[p.name] {
			continue
		}
		comma()
		if m != none && p.annotated() {
			b = append(wire.AppendJSON(b, p.name+"@odata.type"), ':')
			b = append(wire.AppendJSON(b, p.kind.name()), ',')
		}
		b = p.append(append(wire.AppendJSON(b, p.name), ':'))
	}
	return append(b, '}')
}
