package rest

import (
	"bytes"
	_ "embed" // the default template and map
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
)

//go:embed template.json
var defaultTemplate []byte

// template is a JSON document whose texts may hold placeholders:
//
//	${key} ${about} ${receipt} ${received}   the lead's key, "lead" or "activity", the event's receipt and time (RFC 3339)
//	${fields} ${fields.email}                what the map gives, whole or one field
//	${payload} ${payload.a.b}                the partner's JSON, whole or by a path
//
// A text that is one placeholder becomes the value with its own type, and a member whose value is not there is left out. Within a longer
// text a placeholder is spliced in as text, empty when it is not there. It is read once and then only written.
type template struct{ root node }

// maxTemplate bounds a template's file, in bytes.
const maxTemplate = 64 << 10

// node writes a part of the body; false: there is nothing, and nothing was written.
type node interface {
	write(b []byte, v *values) ([]byte, bool)
}

// fixed is JSON as it stands in the template.
type fixed []byte

func (f fixed) write(b []byte, _ *values) ([]byte, bool) { return append(b, f...), true }

// members are those of an object, in the order of their names.
type members []member

type member struct {
	name  []byte // quoted, with its colon
	value node
}

func (m members) write(b []byte, v *values) ([]byte, bool) {
	b = append(b, '{')
	first := true
	for _, one := range m {
		before := len(b)
		if !first {
			b = append(b, ',')
		}
		var ok bool
		if b, ok = one.value.write(append(b, one.name...), v); !ok {
			b = b[:before]
			continue
		}
		first = false
	}
	return append(b, '}'), true
}

// elements are those of a list. What is not there is null: the places of the others stay.
type elements []node

func (e elements) write(b []byte, v *values) ([]byte, bool) {
	b = append(b, '[')
	for i, one := range e {
		if i > 0 {
			b = append(b, ',')
		}
		before, ok := len(b), false
		if b, ok = one.write(b, v); !ok {
			b = append(b[:before], "null"...)
		}
	}
	return append(b, ']'), true
}

// spliced is a text around placeholders: what stands before each, and at the end.
type spliced struct {
	before []string
	names  []node
	end    string
}

func (s spliced) write(b []byte, v *values) ([]byte, bool) {
	var text []byte
	for i, name := range s.names {
		text = append(text, s.before[i]...)
		from := len(text)
		var ok bool
		if text, ok = name.write(text, v); !ok {
			text = text[:from]
		} else if text[from] == '"' {
			plain, _ := jsontext.AppendUnquote(nil, text[from:]) // we have quoted it, or it was well-formed
			text = append(text[:from], plain...)
		}
	}
	b, _ = jsontext.AppendQuote(b, append(text, s.end...)) // both are UTF-8
	return b, true
}

// parseTemplate reads a template; columns are the map's fields.
func parseTemplate(text []byte, columns []string) (template, error) {
	if len(text) > maxTemplate {
		return template{}, fmt.Errorf("is longer than %d bytes", maxTemplate)
	}
	if err := lead.WellFormed(text); err != nil {
		return template{}, err
	}
	r := &reader{dec: jsontext.NewDecoder(bytes.NewBuffer(text)), columns: columns}
	if r.dec.PeekKind() != '{' {
		return template{}, errors.New("must be a JSON object")
	}
	return template{r.read()}, errors.Join(r.wrong...)
}

// reader reads a well-formed template, and collects the names that no event can have.
type reader struct {
	dec     *jsontext.Decoder
	columns []string
	wrong   []error
}

func (r *reader) read() node {
	switch r.dec.PeekKind() {
	case '{':
		_, _ = r.dec.ReadToken()
		out := members{}
		for r.dec.PeekKind() != '}' {
			name, _ := r.dec.ReadValue()
			quoted := append(bytes.Clone(name), ':')
			out = append(out, member{quoted, r.read()})
		}
		_, _ = r.dec.ReadToken()
		slices.SortFunc(out, func(a, b member) int { return bytes.Compare(a.name, b.name) })
		return out
	case '[':
		_, _ = r.dec.ReadToken()
		out := elements{}
		for r.dec.PeekKind() != ']' {
			out = append(out, r.read())
		}
		_, _ = r.dec.ReadToken()
		return out
	case '"':
		t, _ := r.dec.ReadToken()
		return r.text(t.String())
	}
	v, _ := r.dec.ReadValue()
	return fixed(bytes.Clone(v))
}

// text reads a text of the template.
func (r *reader) text(s string) node {
	out := spliced{}
	for {
		before, rest, found := strings.Cut(s, "${")
		name, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			out.end = s
			break
		}
		out.before, out.names = append(out.before, before), append(out.names, r.name(name))
		s = after
	}
	switch {
	case len(out.names) == 0:
		quoted, _ := jsontext.AppendQuote(nil, s)
		return fixed(quoted)
	case len(out.names) == 1 && out.before[0] == "" && out.end == "":
		return out.names[0]
	}
	return out
}

// name reads what stands in a placeholder.
func (r *reader) name(name string) node {
	field, isField := strings.CutPrefix(name, "fields.")
	path, isPath := strings.CutPrefix(name, "payload.")
	steps := strings.Split(path, ".")
	switch {
	case slices.Contains([]string{"key", "about", "receipt", "received", "fields", "payload"}, name):
		return whole(name)
	case isField && slices.Contains(r.columns, field):
		return oneField(field)
	case isPath && !slices.Contains(steps, ""):
		return payloadPath(steps)
	}
	r.wrong = append(r.wrong, fmt.Errorf("there is no ${%s}", name))
	return fixed("null")
}
