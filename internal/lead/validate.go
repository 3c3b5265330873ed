package lead

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/go-playground/validator/v10"
)

// MaxFindings is how many faults, and how many notes, are kept of one payload.
const MaxFindings = 50

// Extra collects the names of the members of an object that a schema does not name; their values are skipped.
// A schema struct has it as the field `Extra lead.Extra `json:",embed" validate:"extra"“.
type Extra map[string]Skipped

// Skipped is a JSON value of any kind that nobody looks at.
type Skipped struct{}

// UnmarshalJSONFrom skips one value.
func (*Skipped) UnmarshalJSONFrom(dec *jsontext.Decoder) error { return dec.SkipValue() }

// Validator checks decoded payloads against the `validate` tags of their structs. Beside the hard tags of
// go-playground/validator it knows
//
//	uuid            hexadecimal 8-4-4-4-12, either case
//	datetimeoffset  RFC 3339 with a zone
//	timestamp       the same, the zone may be missing
//	expected        soft: the document promises the field; its absence is a NoteAbsentField
//	lookup=name     soft: a value that the named table lacks is a NoteUnknownValue; empty is no value
//	extra           soft, for [Extra]: each name is a NoteUnknownField
//
// Paths are JSON names: "businessAddress.city", "collateralTypes[2]". It may be used side by side.
type Validator struct{ rules *validator.Validate }

// NewValidator makes a validator with a driver's lookup tables. It is dear: make one for each driver, not one a payload.
func NewValidator(lookups map[string][]string) *Validator {
	tables := make(map[string]map[string]bool, len(lookups))
	for name, values := range lookups {
		tables[name] = make(map[string]bool, len(values))
		for _, value := range values {
			tables[name][value] = true
		}
	}
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	v.RegisterCustomTypeFunc(func(field reflect.Value) any { return decimalValue(Decimal(field.String())) }, Decimal(""))
	for tag, rule := range map[string]validator.Func{
		"uuid":           func(fl validator.FieldLevel) bool { return IsUUID(fl.Field().String()) },
		"datetimeoffset": func(fl validator.FieldLevel) bool { return zoned(fl.Field().String()) },
		"timestamp":      func(fl validator.FieldLevel) bool { return !ParseTime(fl.Field().String()).IsZero() },
		"expected":       func(fl validator.FieldLevel) bool { return present(fl.Field()) },
		"extra":          func(fl validator.FieldLevel) bool { return fl.Field().Len() == 0 },
		"lookup": func(fl validator.FieldLevel) bool {
			value := fl.Field().String()
			return value == "" || tables[fl.Param()][value]
		},
	} {
		if err := v.RegisterValidation(tag, rule, tag == "expected"); err != nil {
			panic("lead: rule " + tag + ": " + err.Error()) // a fixed list: only a typing error above can fail
		}
	}
	return &Validator{rules: v}
}

// decimalValue is what range rules compare; an absent decimal has no value, so that `omitempty` passes over it.
func decimalValue(d Decimal) any {
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

// Validate checks payload, a pointer to a struct, and tells what breaks a rule and what is merely odd, each in order
// of path and at most [MaxFindings] long. Neither holds a value.
func (v *Validator) Validate(payload any) ([]Fault, []Note) {
	err := v.rules.Struct(payload)
	if err == nil {
		return nil, nil
	}
	broken, ok := err.(validator.ValidationErrors)
	if !ok {
		panic("lead: Validate wants a pointer to a struct") // a driver's mistake, never a payload's
	}
	top := reflect.TypeOf(payload).Elem().Name() + "." // the namespace begins with it, unless the type has no name
	var faults []Fault
	var notes []Note
	for _, fe := range broken {
		path := strings.TrimPrefix(fe.Namespace(), top)
		switch fe.Tag() {
		case "expected":
			notes = append(notes, Note{Code: NoteAbsentField, Field: path})
		case "lookup":
			notes = append(notes, Note{Code: NoteUnknownValue, Field: path})
		case "extra":
			notes = append(notes, unknownFields(path, fe.Value())...)
		default:
			faults = append(faults, Fault{Field: path, Rule: ruleText(fe)})
		}
	}
	slices.SortFunc(faults, func(a, b Fault) int { return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Rule, b.Rule)) })
	slices.SortFunc(notes, func(a, b Note) int { return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Code, b.Code)) })
	return faults[:min(len(faults), MaxFindings)], notes[:min(len(notes), MaxFindings)]
}

func ruleText(fe validator.FieldError) string {
	if fe.Param() == "" {
		return fe.Tag()
	}
	return fe.Tag() + "=" + fe.Param()
}

// unknownFields notes each name beside path, which is that of the Extra field itself.
func unknownFields(path string, value any) []Note {
	extra, _ := value.(Extra)
	parent := path[:strings.LastIndexByte(path, '.')+1]
	notes := make([]Note, 0, len(extra))
	for name := range extra {
		notes = append(notes, Note{Code: NoteUnknownField, Field: parent + showName(name)})
	}
	return notes
}

// showName is a member's name as a note may show it: one that is no plain identifier might be a person's data.
func showName(name string) string {
	if name == "" || len(name) > 64 || (name[0] >= '0' && name[0] <= '9') {
		return "?"
	}
	for _, c := range []byte(name) {
		if c != '_' && c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return "?"
		}
	}
	return name
}

// IsUUID says whether s is 8-4-4-4-12 hexadecimal digits, in either case.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')
		if dash != (c == '-') || (!dash && !hex) {
			return false
		}
	}
	return true
}

// ParseTime reads RFC 3339 with any number of fractional digits (those after the ninth are dropped), a zone without a
// colon as PHP writes it, or no zone, which is taken for UTC. What is none of these gives the zero time.
func ParseTime(s string) time.Time {
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// zoned says whether s is a time that names its zone.
func zoned(s string) bool {
	if _, err := time.Parse(time.RFC3339, s); err == nil {
		return true
	}
	_, err := time.Parse("2006-01-02T15:04:05Z0700", s)
	return err == nil
}
