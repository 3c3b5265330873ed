package schema

import (
	"bytes"
	"reflect"
	"unsafe"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
)

// reader reads one body after another by a plan. Its methods are false for what it leaves to [Schema.Thorough].
type reader struct {
	dec  jsontext.Decoder
	src  bytes.Buffer
	list []*string // an array in the making
	job
}

// job is what belongs to one body.
type job struct {
	body  []byte
	copy  string         // of body: texts and decimals are parts of it
	room  unsafe.Pointer // to a plan's room; the payload lies at its start
	notes []lead.Note
	elems []string  // places for the texts of arrays
	lists []*string // places for arrays
}

// at is the value of type V that lies offset bytes behind base. The plan knows the offset from the field's own type.
// Reflection finds it as well, at twice the cost of reading what comes to lie there.
func at[V any](base unsafe.Pointer, offset uintptr) *V { return (*V)(unsafe.Add(base, offset)) }

// read makes a payload of body: a pointer to the plan's struct.
func (r *reader) read(p *plan, body []byte) (unsafe.Pointer, []lead.Note, bool) {
	r.job = job{body: body, copy: string(body), room: reflect.New(p.room).UnsafePointer()}
	defer func() { r.job = job{} }()
	r.src = *bytes.NewBuffer(body)
	r.dec.Reset(&r.src)
	token, err := r.dec.ReadToken()
	if err != nil || token.Kind() != '{' || !r.object(&p.root, r.room) {
		return nil, nil, false
	}
	if len(bytes.Trim(body[r.dec.InputOffset():], " \t\r\n")) > 0 {
		return nil, nil, false
	}
	return r.room, sorted(r.notes), true
}

// object reads an object whose brace was read into the struct at in, which is zero.
func (r *reader) object(o *object, in unsafe.Pointer) bool {
	if r.dec.StackDepth() > lead.MaxDepth {
		return false
	}
	start := r.dec.InputOffset() - 1
	for next := 0; ; {
		end := r.dec.InputOffset()
		token, err := r.dec.ReadToken()
		if err != nil {
			return false
		}
		if token.Kind() == '}' {
			break
		}
		name := r.body[end:r.dec.InputOffset()]
		for name[0] != '"' { // a comma and white space may stand before it
			name = name[1:]
		}
		if m := o.member(name, next); m == nil {
			o.unknown(in, name)
			if !r.skip() {
				return false
			}
		} else if next = m.next; !r.member(m, in) {
			return false
		}
	}
	if o.extra != none && *at[Extra](in, o.extra) != nil {
		r.notes = append(r.notes, unknownFields("", *at[Extra](in, o.extra))...)
	}
	if o.raw != none {
		*at[Raw](in, o.raw) = r.since(start)
	}
	return r.promised(o, in)
}

// unknown writes down the name of a member that the schema does not name, if it wants to know.
func (o *object) unknown(in unsafe.Pointer, name []byte) {
	if o.extra == none {
		return
	}
	extra := at[Extra](in, o.extra)
	if *extra == nil {
		*extra = Extra{}
	}
	(*extra)[unquoted(name)] = Skipped{}
}

// promised looks for the fields that the document promises.
func (r *reader) promised(o *object, in unsafe.Pointer) bool {
	for _, n := range o.needs {
		switch n.kind {
		case plainText, decimal:
			if *at[string](in, n.field) != "" {
				continue
			}
		default:
			if *at[unsafe.Pointer](in, n.field) != nil {
				continue
			}
		}
		if n.hard {
			return false
		}
		r.notes = append(r.notes, lead.Note{Code: lead.NoteAbsentField, Field: n.name})
	}
	return true
}

// member reads the value of a member of the struct at in.
func (r *reader) member(m *member, in unsafe.Pointer) bool {
	switch m.kind {
	case text:
		return r.text(m, alone, at[*string](in, m.field), at[string](r.room, m.place))
	case plainText:
		var s *string
		return r.text(m, alone, &s, at[string](in, m.field))
	case texts:
		return r.texts(m, at[[]*string](in, m.field))
	case decimal:
		return r.decimal(m, at[lead.Decimal](in, m.field))
	case integer:
		return r.integer(m, at[*int64](in, m.field), at[int64](r.room, m.place))
	case boolean:
		return r.boolean(at[*bool](in, m.field), at[bool](r.room, m.place))
	case nested:
		return r.nested(m, at[unsafe.Pointer](in, m.field), unsafe.Add(r.room, m.place))
	case anything:
		v, ok := r.value()
		*at[jsontext.Value](in, m.field) = v
		return ok
	default:
		return r.own(m, in)
	}
}

// nested reads an object or null, which is nil, into a field that points to a struct.
func (r *reader) nested(m *member, to *unsafe.Pointer, place unsafe.Pointer) bool {
	token, err := r.dec.ReadToken()
	if err != nil || token.Kind() != '{' {
		return err == nil && token.Kind() == 'n'
	}
	*to = place
	first := len(r.notes)
	ok := r.object(m.object, place)
	for i := first; i < len(r.notes); i++ {
		r.notes[i].Field = m.name + "." + r.notes[i].Field
	}
	return ok
}

// own has a value read itself; null is nil where the field is a pointer.
func (r *reader) own(m *member, in unsafe.Pointer) bool {
	v, ok := r.value()
	if !ok {
		return false
	}
	to, t := unsafe.Add(in, m.field), m.typ
	if m.kind == ownPointer {
		if v.Kind() == 'n' {
			return true
		}
		place := unsafe.Add(r.room, m.place)
		*(*unsafe.Pointer)(to) = place
		to, t = place, t.Elem()
	}
	return reflect.NewAt(t, to).Interface().(json.Unmarshaler).UnmarshalJSON(v) == nil
}
