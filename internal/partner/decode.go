package partner

import (
	"errors"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
)

// Decode reads body into payload, a pointer to a driver's schema struct, and checks it by rules. It fails with Invalid,
// naming fields and rules and never values: a wrong type as "type: number", a broken rule by its tag.
// Member names match by case. What is merely odd comes back as notes.
func Decode(body []byte, payload any, rules *lead.Validator) ([]lead.Note, error) {
	if err := json.Unmarshal(body, payload); err != nil {
		return nil, invalid(err)
	}
	faults, notes := rules.Validate(payload)
	if len(faults) > 0 {
		return nil, Invalid(faults...)
	}
	return notes, nil
}

// Invalid is the error of a payload that breaks its document.
func Invalid(faults ...lead.Fault) error { return &lead.Error{Kind: lead.Invalid, Faults: faults} }

// invalid keeps of a decoder's error where it is and what was wanted, and nothing of the text around it.
func invalid(err error) error {
	var wrong *json.SemanticError
	if !errors.As(err, &wrong) {
		return lead.Errorf(lead.Invalid, "not well-formed JSON")
	}
	return Invalid(lead.Fault{Field: dotted(wrong.JSONPointer), Rule: "type: " + jsonType(wrong.GoType)})
}

// dotted turns a JSON pointer into a field path. Schemas hold no maps that are looked into, so a number is an index.
func dotted(p jsontext.Pointer) string {
	var b strings.Builder
	for token := range p.Tokens() {
		switch {
		case token != "" && strings.Trim(token, "0123456789") == "":
			b.WriteString("[" + token + "]")
		case b.Len() > 0:
			b.WriteString("." + token)
		default:
			b.WriteString(token)
		}
	}
	return b.String()
}

// jsonType is what a Go type wants to see in JSON. A type of a driver's own says it by a method JSONType.
func jsonType(t reflect.Type) string {
	if t == nil {
		return "unknown"
	}
	if t == reflect.TypeFor[lead.Decimal]() {
		return "number"
	}
	if own, ok := reflect.Zero(t).Interface().(interface{ JSONType() string }); ok {
		return own.JSONType()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return jsonType(t.Elem())
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Int64:
		return "integer"
	case reflect.Slice:
		return "array"
	default:
		return "object"
	}
}

// Word is a partner's own word as part of an event type: lower case, at most 64 characters of a-z, 0-9, "_", "." and
// "-", anything else as "_".
func Word(s string) string {
	b := []byte(strings.ToLower(s[:min(len(s), 64)]))
	for i, c := range b {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '.' && c != '-' {
			b[i] = '_'
		}
	}
	return string(b[:min(len(b), 64)])
}
