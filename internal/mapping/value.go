package mapping

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
)

// A value is nil, bool, string, [lead.Decimal], []any or map[string]any of these.

// errNotJSON is a payload that no map can read.
func errNotJSON() error { return lead.Errorf(lead.Refused, "the payload is not well-formed JSON") }

// tree decodes a payload; numbers keep their digits.
func tree(payload []byte) (any, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(payload))
	out, err := value(dec)
	if err != nil {
		return nil, errNotJSON()
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return nil, errNotJSON()
	}
	return out, nil
}

// value decodes the next value.
func value(dec *jsontext.Decoder) (any, error) {
	t, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch t.Kind() {
	case '{':
		return object(dec)
	case '[':
		list := []any{}
		for dec.PeekKind() != ']' {
			v, err := value(dec)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := dec.ReadToken()
		return list, err
	case '"':
		return t.String(), nil
	case '0':
		return lead.Decimal(t.String()), nil
	case 't', 'f':
		return t.Bool(), nil
	}
	return nil, nil
}

func object(dec *jsontext.Decoder) (any, error) {
	members := map[string]any{}
	for dec.PeekKind() != '}' {
		t, err := dec.ReadToken()
		if err != nil {
			return nil, err
		}
		name := t.String()
		if members[name], err = value(dec); err != nil {
			return nil, err
		}
	}
	_, err := dec.ReadToken()
	return members, err
}

// compilePath splits a dotted path, and finds what it reads when it is one of our own terms.
func (c *compiler) compilePath(path string) ([]string, term, error) {
	if path == "." {
		return []string{}, nil, nil
	}
	parts := strings.Split(path, ".")
	if slices.Contains(parts, "") {
		return nil, nil, errors.New("has an empty step")
	}
	if parts[0] != "lead" && parts[0] != "event" {
		return parts, nil, nil
	}
	read, ok := c.terms[path]
	for name := range c.terms {
		if inner := len(parts) > 1 && strings.HasPrefix(name, path+"."); inner {
			read, ok = func(s *source) any { v, _ := at(s.nested(c.terms), parts); return v }, true
			break
		}
	}
	if !ok {
		return nil, nil, fmt.Errorf("we have no %s (a payload's own member of that name needs an expr)", path)
	}
	return parts, read, nil
}

// at follows a path; false: there is nothing, not even null. Nothing is beneath null, a text, a number or a list.
func at(v any, path []string) (any, bool) {
	for _, step := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = m[step]; !ok {
			return nil, false
		}
	}
	return v, true
}

// loose is a value as expressions see it: whole numbers are int, others float64.
func loose(v any) any {
	switch v := v.(type) {
	case lead.Decimal:
		if i, err := strconv.Atoi(string(v)); err == nil {
			return i
		}
		return v.Float()
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = loose(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			out[k] = loose(v[k])
		}
		return out
	}
	return v
}

// number is a computed number as a decimal; false when it is none that JSON can say.
func number(f float64) (any, bool) {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	return lead.Decimal(s), !strings.ContainsAny(s, "NI") && len(s) <= 40
}
