package table

import (
	"encoding/base64"
	"encoding/hex"
	"strings"

	"leadrelay/local/azuresim/wire"
)

// filter decides about one entity.
type filter interface{ match(*entity) bool }

type (
	both    struct{ a, b filter }
	either  struct{ a, b filter }
	negated struct{ a filter }
	compare struct {
		name string
		op   string
		v    value
	}
	truth struct{ name string } // a boolean property on its own
	fixed bool
)

func (f both) match(e *entity) bool    { return f.a.match(e) && f.b.match(e) }
func (f either) match(e *entity) bool  { return f.a.match(e) || f.b.match(e) }
func (f negated) match(e *entity) bool { return !f.a.match(e) }
func (f fixed) match(*entity) bool     { return bool(f) }
func (f truth) match(e *entity) bool {
	v, ok := e.get(f.name)
	return ok && v.kind == boolean && v.n == 1
}

// get finds a property, the three own ones too.
func (e *entity) get(name string) (value, bool) {
	switch name {
	case "PartitionKey":
		return value{kind: text, s: e.partition}, true
	case "RowKey":
		return value{kind: text, s: e.row}, true
	case "Timestamp":
		return value{kind: datetime, n: e.tick}, true
	}
	for i := range e.props {
		if e.props[i].name == name {
			return e.props[i].value, true
		}
	}
	return value{}, false
}

// match: a property that is not there, or of another type, matches no comparison.
func (f compare) match(e *entity) bool {
	v, ok := e.get(f.name)
	if !ok {
		return false
	}
	n, ok := order(v, f.v)
	if !ok {
		return false
	}
	switch f.op {
	case "eq":
		return n == 0
	case "ne":
		return n != 0
	case "lt":
		return n < 0
	case "le":
		return n <= 0
	case "gt":
		return n > 0
	}
	return n >= 0
}

// order compares two values of comparable types.
func order(a, b value) (int, bool) {
	numeric := func(k kind) bool { return k == int32s || k == int64s || k == double }
	switch {
	case numeric(a.kind) && numeric(b.kind):
		if a.kind == double || b.kind == double {
			x, y := a.float(), b.float()
			return sign(x < y, x > y), x == x && y == y
		}
		return sign(a.n < b.n, a.n > b.n), true
	case a.kind != b.kind:
		return 0, false
	case a.kind == boolean, a.kind == datetime:
		return sign(a.n < b.n, a.n > b.n), true
	case a.kind == binary:
		x, _ := base64.StdEncoding.DecodeString(a.s) // was checked
		y, _ := base64.StdEncoding.DecodeString(b.s)
		return strings.Compare(string(x), string(y)), true
	}
	return strings.Compare(a.s, b.s), true
}

func sign(less, more bool) int {
	switch {
	case less:
		return -1
	case more:
		return 1
	}
	return 0
}

func badFilter() *wire.Error {
	return wire.Errorf(400, "InvalidInput", "One of the request inputs is not valid. A binary operator with incompatible types was detected, or the syntax of the filter is wrong.")
}

// parseFilter reads $filter: eq, ne, lt, le, gt, ge, and, or, not and parentheses over properties and literals.
func parseFilter(s string) (filter, *wire.Error) {
	tokens, ok := lex(s)
	if !ok {
		return nil, badFilter()
	}
	p := parser{tokens: tokens}
	f, ok := p.or()
	if !ok || p.i != len(p.tokens) {
		return nil, badFilter()
	}
	return f, nil
}

// token is a word (an identifier or an operator), a parenthesis, or a literal.
type token struct {
	word    string
	literal bool
	v       value
}

func lex(s string) (out []token, ok bool) {
	for {
		s = strings.TrimLeft(s, " \t")
		if s == "" {
			return out, true
		}
		var t token
		switch c := s[0]; {
		case c == '(' || c == ')':
			t, s = token{word: s[:1]}, s[1:]
		case c == '\'':
			text0, rest, ok := quoted(s)
			if !ok {
				return nil, false
			}
			t, s = token{literal: true, v: value{kind: text, s: text0}}, rest
		default:
			n := strings.IndexAny(s, " ()'")
			if n < 0 {
				n = len(s)
			}
			word, rest := s[:n], s[n:]
			var ok bool
			if t, s, ok = classify(word, rest); !ok {
				return nil, false
			}
		}
		out = append(out, t)
	}
}

// quoted reads 'it”s'.
func quoted(s string) (text, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		return b.String(), s[i+1:], true
	}
	return "", "", false
}

// classify tells a word: datetime'…', guid'…', X'…', binary'…', a number, a boolean, or a name.
func classify(word, rest string) (token, string, bool) {
	if strings.HasPrefix(rest, "'") {
		body, rest, ok := quoted(rest)
		if !ok {
			return token{}, "", false
		}
		v, err := value{}, badFilter()
		switch strings.ToLower(word) {
		case "datetime":
			v, err = moment(body)
		case "guid":
			v, err = uuid(body)
		case "x", "binary":
			if raw, decodeErr := hex.DecodeString(body); decodeErr == nil {
				v, err = value{kind: binary, s: base64.StdEncoding.EncodeToString(raw)}, nil
			}
		}
		return token{literal: true, v: v}, rest, err == nil
	}
	switch {
	case word == "true" || word == "false":
		n := int64(0)
		if word == "true" {
			n = 1
		}
		return token{literal: true, v: value{kind: boolean, n: n}}, rest, true
	case strings.IndexByte("-+.0123456789", word[0]) >= 0:
		annotation := ""
		if digits, long := strings.CutSuffix(strings.ToUpper(word), "L"); long {
			word, annotation = digits, "Edm.Int64"
		}
		v, err := number(word, annotation)
		if err == nil && v.kind == double && !strings.ContainsAny(word, ".eE") {
			v, err = number(word, "Edm.Int64")
		}
		return token{literal: true, v: v}, rest, err == nil
	}
	return token{word: word}, rest, true
}
