package schema

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/go-playground/validator/v10"

	"leadrelay/internal/lead"
)

// rules is go-playground/validator with our tags.
type rules struct{ validate *validator.Validate }

func newRules(tables map[string]map[string]bool) *rules {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	v.RegisterCustomTypeFunc(func(field reflect.Value) any { return decimalValue(lead.Decimal(field.String())) }, lead.Decimal(""))
	for tag, rule := range map[string]validator.Func{
		"uuid":           func(fl validator.FieldLevel) bool { return lead.IsUUID(fl.Field().String()) },
		"datetimeoffset": func(fl validator.FieldLevel) bool { return lead.IsZonedTime(fl.Field().String()) },
		"timestamp":      func(fl validator.FieldLevel) bool { return timestamp(fl.Field().String()) },
		"expected":       func(fl validator.FieldLevel) bool { return present(fl.Field()) },
		"extra":          func(fl validator.FieldLevel) bool { return fl.Field().Len() == 0 },
		"lookup": func(fl validator.FieldLevel) bool {
			value := fl.Field().String()
			return value == "" || tables[fl.Param()][value]
		},
	} {
		if err := v.RegisterValidation(tag, rule, tag == "expected"); err != nil {
			panic("schema: rule " + tag + ": " + err.Error()) // a fixed list: only a typing error above can fail
		}
	}
	return &rules{validate: v}
}

// decimalValue is what range rules compare; an absent decimal has no value, so that `omitempty` passes over it.
func decimalValue(d lead.Decimal) any {
	if d == "" {
		return nil
	}
	return d.Float()
}

// present tells a value from null and absence. A decimal that is there arrives as a float64, and zero is a value.
func present(field reflect.Value) bool {
	switch field.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return !field.IsNil()
	default:
		return field.IsValid()
	}
}

// decode fills payload, a pointer to a zero struct, from body, and judges it.
func (r *rules) decode(body []byte, payload any) ([]lead.Note, error) {
	if err := json.Unmarshal(body, payload); err != nil {
		return nil, invalid(err)
	}
	faults, notes := r.judge(payload)
	if len(faults) > 0 {
		return nil, &lead.Error{Kind: lead.Invalid, Faults: faults}
	}
	return notes, nil
}

// judge tells what breaks a rule and what is merely odd, each in order of path and at most lead.MaxFindings long.
// Neither holds a value.
func (r *rules) judge(payload any) ([]lead.Fault, []lead.Note) {
	err := r.validate.Struct(payload)
	if err == nil {
		return nil, nil
	}
	broken, ok := err.(validator.ValidationErrors)
	if !ok {
		panic("schema: a payload is a pointer to a struct") // New sees to it
	}
	top := reflect.TypeOf(payload).Elem().Name() + "." // the namespace begins with it, unless the type has no name
	var faults []lead.Fault
	var notes []lead.Note
	for _, fe := range broken {
		path := strings.TrimPrefix(fe.Namespace(), top)
		switch fe.Tag() {
		case "expected":
			notes = append(notes, lead.Note{Code: lead.NoteAbsentField, Field: path})
		case "lookup":
			notes = append(notes, lead.Note{Code: lead.NoteUnknownValue, Field: path})
		case "extra":
			extra, _ := fe.Value().(Extra)
			notes = append(notes, unknownFields(path[:strings.LastIndexByte(path, '.')+1], extra)...)
		default:
			faults = append(faults, lead.Fault{Field: path, Rule: ruleText(fe)})
		}
	}
	slices.SortFunc(faults, func(a, b lead.Fault) int {
		return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Rule, b.Rule))
	})
	return faults[:min(len(faults), lead.MaxFindings)], sorted(notes)
}

func ruleText(fe validator.FieldError) string {
	if fe.Param() == "" {
		return fe.Tag()
	}
	return fe.Tag() + "=" + fe.Param()
}

// invalid keeps of a decoder's error where it is and what was wanted, and nothing of the text around it.
func invalid(err error) error {
	var wrong *json.SemanticError
	if !errors.As(err, &wrong) {
		return lead.Errorf(lead.Invalid, "not well-formed JSON")
	}
	return &lead.Error{Kind: lead.Invalid, Faults: []lead.Fault{{Field: dotted(wrong.JSONPointer), Rule: "type: " + jsonType(wrong.GoType)}}}
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

// keepRaw fills the Raw fields of in, a struct that was read from text, and of the objects in it.
func (p *plan) keepRaw(o *object, in reflect.Value, text []byte) {
	if !o.keeps {
		return
	}
	if o.raw != none {
		in.Field(p.fields[o.raw].index).SetBytes(slices.Clip(text))
	}
	var values map[string]jsontext.Value
	if err := json.Unmarshal(text, &values); err != nil {
		panic("schema: an object that was read cannot be read again")
	}
	for _, m := range o.members {
		if m.kind == nested && !in.Field(p.fields[m.slot].index).IsNil() {
			p.keepRaw(m.object, in.Field(p.fields[m.slot].index).Elem(), values[m.name])
		}
	}
}
