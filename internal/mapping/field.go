package mapping

import (
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr"

	"leadrelay/internal/lead"
)

// source is where the values of one event come from.
type source struct {
	event   *lead.Event
	id      string // [EventID]
	text    []byte // the payload
	payload any    // the same, decoded for the first rule that looks into it
	decoded bool
	broken  error // why it could not be
	env     *env  // made for the first expression
}

// tree is the payload, decoded.
func (s *source) tree() any {
	if !s.decoded {
		s.payload, s.broken = tree(s.text)
		s.decoded = true
	}
	return s.payload
}

// exprEnv is what expressions see.
func (s *source) exprEnv() env {
	if s.env == nil {
		m, _ := loose(s.tree()).(map[string]any)
		e := newEnv(s.event, s.id, m)
		s.env = &e
	}
	return *s.env
}

// value is what a field's rule points at; false: nothing, not even null. A text in rule says that the rule is broken.
func (s *source) value(f *field) (v any, ok bool, rule string) {
	switch {
	case f.fixed != nil:
		return f.fixed, true, ""
	case f.term != nil:
		return f.term(s), true, ""
	case f.program == nil:
		v, ok = at(s.tree(), f.path)
		return v, ok, ""
	}
	out, err := expr.Run(f.program, s.exprEnv())
	if err != nil { // its text may quote a value
		return nil, false, "expr fails on this payload"
	}
	if v, ok = tighten(out); !ok {
		return nil, false, "expr gives no text, number, truth value or list"
	}
	return v, true, ""
}

// tighten is what an expression gave as one of our values.
func tighten(v any) (any, bool) {
	switch v := v.(type) {
	case nil, string, bool, lead.Decimal:
		return v, true
	case float64:
		return number(v)
	}
	r := reflect.ValueOf(v)
	switch {
	case r.CanInt():
		return lead.Decimal(fmt.Sprint(r.Int())), true
	case r.Kind() == reflect.Slice:
		out := make([]any, r.Len())
		for i := range out {
			var ok bool
			if out[i], ok = tighten(r.Index(i).Interface()); !ok {
				return nil, false
			}
		}
		return out, true
	case r.Kind() == reflect.Map:
		return v, true // for `as: json`; convert refuses it otherwise
	}
	return nil, false
}

// render gives the field's value; false: the field is left alone. A text in rule says which rule the value breaks.
func (f *field) render(src *source) (out Field, ok bool, rule string) {
	out = Field{Name: f.name, Once: f.WriteOnce, Sensitive: f.Sensitive}
	v, ok, rule := src.value(f)
	if rule != "" {
		return out, false, rule
	}
	if ok && f.table != nil {
		if v, ok, rule = f.translate(v); rule != "" {
			return out, false, rule
		}
	}
	if ok && !empty(v) {
		if v, rule = f.convert(v); rule != "" {
			return out, false, rule
		}
	}
	switch {
	case ok && !empty(v):
		out.Value = v
	case f.fallback != nil:
		out.Value, out.Once = f.fallback, true
	case ok && f.OnNull == "clear":
		return out, true, ""
	default:
		return out, false, ""
	}
	return f.fit(out)
}

// empty is what says nothing: null, an empty text, an empty list.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	}
	return false
}

// translate looks a value up, or each element of a list. A value that the table lacks is told by onMissing.
func (f *field) translate(v any) (any, bool, string) {
	list, isList := v.([]any)
	if !isList {
		if empty(v) {
			return v, true, ""
		}
		list = []any{v}
	}
	var out []any
	for _, v := range list {
		word, plain := text(v)
		if !plain {
			if v != nil {
				return nil, false, "lookup: is no text, number or truth value"
			}
			continue
		}
		switch to, found := f.table[word]; {
		case found:
			out = append(out, to)
		case f.OnMissing == "raw":
			out = append(out, v)
		case f.OnMissing == "reject":
			return nil, false, "lookup: " + f.Lookup + " lacks the value"
		}
	}
	switch {
	case isList:
		return out, len(out) > 0 || len(list) == 0, ""
	case len(out) == 0:
		return nil, false, "" // not null: the partner said something that the table lacks
	}
	return out[0], true, ""
}

// fit applies max and takes out what no CRM can store.
func (f *field) fit(out Field) (Field, bool, string) {
	s, isText := out.Value.(string)
	if !isText {
		return out, true, ""
	}
	s = strings.Map(storable, s)
	if f.Max > 0 {
		short := cutUTF16(s, f.Max)
		if short != s && f.OnLong != "truncate" {
			return out, false, fmt.Sprintf("max=%d", f.Max)
		}
		out.Cut = short != s
		s = short
	}
	out.Value = s
	return out, s != "", ""
}

func storable(r rune) rune {
	if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
		return -1
	}
	return r
}

// cutUTF16 is the longest beginning of s of at most limit UTF-16 units.
func cutUTF16(s string, limit int) string {
	units := 0
	for i, r := range s {
		if units++; r > 0xFFFF {
			units++
		}
		if units > limit {
			return s[:i]
		}
	}
	return s
}

// text is a value as plain text; false for null, lists and objects.
func text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, utf8.ValidString(v)
	case lead.Decimal:
		return string(v), true
	case bool:
		return fmt.Sprint(v), true
	}
	return "", false
}
