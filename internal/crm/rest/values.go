package rest

import (
	"bytes"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
	"leadrelay/internal/mapping"
)

// values are what the placeholders of one body stand for.
type values struct {
	key, about, receipt, received string
	fields                        []mapping.Field // of a new record, by name
	payload                       []byte          // well-formed JSON
}

// whole is a placeholder of one word.
type whole string

func (w whole) write(b []byte, v *values) ([]byte, bool) {
	switch w {
	case "key":
		return text(b, v.key)
	case "about":
		return text(b, v.about)
	case "receipt":
		return text(b, v.receipt)
	case "received":
		return text(b, v.received)
	case "payload":
		return compact(b, v.payload)
	}
	return v.appendFields(b), true
}

// text writes a text that is there.
func text(b []byte, s string) ([]byte, bool) {
	if s == "" {
		return b, false
	}
	b, _ = jsontext.AppendQuote(b, s) // what is no UTF-8 becomes U+FFFD
	return b, true
}

// compact writes well-formed JSON without white space, all else as it came; null is not there.
func compact(b []byte, v jsontext.Value) ([]byte, bool) {
	if len(v) == 0 || v.Kind() == 'n' {
		return b, false
	}
	return lead.AppendCompact(b, v), true
}

func (v *values) appendFields(b []byte) []byte {
	b = append(b, '{')
	first := true
	for _, f := range v.fields {
		if f.Once && f.Value == nil {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		b, _ = jsontext.AppendQuote(b, f.Name)
		b = appendValue(append(b, ':'), f.Value)
		first = false
	}
	return append(b, '}')
}

// oneField is a placeholder of a field.
type oneField string

func (name oneField) write(b []byte, v *values) ([]byte, bool) {
	for _, f := range v.fields {
		if f.Name == string(name) && f.Value != nil {
			return appendValue(b, f.Value), true
		}
	}
	return b, false
}

// appendValue writes what a map gives.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		b, _ = jsontext.AppendQuote(b, v) // what is no UTF-8 becomes U+FFFD
		return b
	case lead.Decimal:
		if v == "" {
			return append(b, "null"...)
		}
		return append(b, v...)
	case bool:
		if v {
			return append(b, "true"...)
		}
		return append(b, "false"...)
	}
	out, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return append(b, "null"...) // a map gives nothing else (mapping.Field)
	}
	return append(b, out...)
}

// payloadPath is a placeholder of a path into the payload. Nothing is beneath null, a text, a number or a list.
type payloadPath []string

func (path payloadPath) write(b []byte, v *values) ([]byte, bool) {
	at := jsontext.Value(v.payload)
	for _, step := range path {
		if at = child(at, step); at == nil {
			return b, false
		}
	}
	return compact(b, at)
}

// child is the member of an object, nil when there is none.
func child(v jsontext.Value, name string) jsontext.Value {
	dec := jsontext.NewDecoder(bytes.NewBuffer(v))
	if dec.PeekKind() != '{' {
		return nil
	}
	_, _ = dec.ReadToken()
	for dec.PeekKind() == '"' {
		t, err := dec.ReadToken()
		if err != nil {
			return nil
		}
		found := t.String() == name
		inner, err := dec.ReadValue()
		if err != nil {
			return nil
		}
		if found {
			return inner
		}
	}
	return nil
}
