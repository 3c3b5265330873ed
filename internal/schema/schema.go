// Package schema reads a partner's payload into a struct whose tags are the partner's document.
//
// `json` tags name the members and `validate` tags the rules; nothing else says what is right. Two ways follow them to
// the same verdict: [Schema.Thorough] goes through the libraries that define the tags and names every fault;
// [Schema.Quick], compiled from the tags, reads in one pass what has none. Quick has no verdict of its own: what it takes
// Thorough takes, with the same result, and fuzz tests of this package and of every driver look for the exception.
package schema

import (
	"bytes"
	"reflect"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
)

// Extra collects the names of the members of an object that a schema does not name; their values are skipped.
// A schema struct has it as the field `Extra schema.Extra `json:",embed" validate:"extra"“.
type Extra map[string]Skipped

// Skipped is a JSON value of any kind that nobody looks at.
type Skipped struct{}

// UnmarshalJSONFrom skips one value.
func (*Skipped) UnmarshalJSONFrom(dec *jsontext.Decoder) error { return dec.SkipValue() }

// Raw is the text of the object itself, byte for byte as it lies in the body, which it may alias.
// A schema struct has it as the field `Raw schema.Raw `json:"-"“.
type Raw []byte

// Schema reads the payloads of one partner into T, a struct. Its fields are
//
//	*string  *bool  *int64       optional values; nil is absent or null
//	string                       empty when absent or null
//	lead.Decimal                 a number as its text
//	[]*string                    texts
//	*struct                      an object
//	jsontext.Value               anything; it aliases the body
//	a type with UnmarshalJSON    what the type takes, or a pointer to one; it may alias the body; JSONType() says what is wanted
//	Extra, Raw                   the object's other members, its text
//
// Hard rules, whose breach is Invalid: required, gt, gte, lt, lte as in go-playground/validator, and
//
//	uuid            hexadecimal 8-4-4-4-12, either case
//	datetimeoffset  RFC 3339 with a zone
//	timestamp       the same, the zone may be missing
//
// Soft ones, whose breach is a note:
//
//	expected        the document promises the field; its absence is a lead.NoteAbsentField
//	lookup=name     a value that the named table lacks is a lead.NoteUnknownValue; empty is no value
//	extra           for Extra: each name is a lead.NoteUnknownField
//
// Rules for a value that may be absent stand behind required, expected, omitnil or (Decimal, []*string) omitempty; those
// for elements behind dive. Paths are JSON names: "businessAddress.city", "collateralTypes[2]". A Schema may be used side by side.
type Schema[T any] struct {
	plan    *plan
	rules   func() *rules // dear to make, and seldom asked
	readers sync.Pool     // of *reader
}

// New makes the schema of T with a driver's lookup tables. It is dear: make one for each driver, not one a payload.
// A type or a tag that it does not know is a driver's mistake: it panics.
func New[T any](lookups map[string][]string) *Schema[T] {
	tables := make(map[string]map[string]bool, len(lookups))
	for name, values := range lookups {
		tables[name] = make(map[string]bool, len(values))
		for _, value := range values {
			tables[name][value] = true
		}
	}
	p := newPlan(reflect.TypeFor[T](), tables)
	return &Schema[T]{plan: p, rules: sync.OnceValue(func() *rules { return newRules(tables) }), readers: sync.Pool{New: func() any { return newReader(p) }}}
}

// Decode reads body, which need not be well-formed, and hands use the payload and what is odd about it: notes in order of
// path, at most lead.MaxFindings. The payload is use's only until it returns; texts and notes taken from it stay.
// It fails with what use fails with, or with Invalid: with what lead.WellFormed says of the body, or naming fields and
// rules and never values: a wrong type as "type: number", a broken rule by its tag. Member names match by case.
func (s *Schema[T]) Decode(body []byte, use func(payload *T, notes []lead.Note) error) error {
	var err error
	if s.Quick(body, func(payload *T, notes []lead.Note) { err = use(payload, notes) }) {
		return err
	}
	payload, notes, err := s.Thorough(body)
	if err != nil {
		return err
	}
	return use(payload, notes)
}

// Quick reads a body without a fault in one pass over it, with next to no allocation. For one with a fault it is false.
func (s *Schema[T]) Quick(body []byte, use func(payload *T, notes []lead.Note)) bool {
	r := s.readers.Get().(*reader)
	defer s.readers.Put(r)
	defer r.clear()
	notes, ok := r.read(s.plan.root, body)
	if ok {
		use(r.payload.(*T), notes)
	}
	return ok
}

// Thorough says the same as [Schema.Decode] by the libraries that define the tags, several times slower.
func (s *Schema[T]) Thorough(body []byte) (*T, []lead.Note, error) {
	if err := lead.WellFormed(body); err != nil {
		return nil, nil, err
	}
	payload := new(T)
	notes, err := s.rules().decode(body, payload)
	if err != nil {
		return nil, nil, err
	}
	s.plan.keepRaw(s.plan.root, reflect.ValueOf(payload).Elem(), bytes.TrimSpace(body))
	return payload, notes, nil
}
