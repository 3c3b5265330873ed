package schema

import (
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
)

// reader reads one body after another by a plan, all into the same room: to make room for each would cost more than to
// read it. Its methods are false for what it leaves to [Schema.Thorough].
type reader struct {
	room    reflect.Value
	payload any    // points to the payload, in the room
	slots   []slot // in the room
	round   uint   // counts the bodies

	lexer
	depth   int       // how deep what is read is nested
	objects []*object // those that came
	found   []found   // the texts that came
	letters []byte    // of these texts, one behind the other
	elems   []string  // places for those in arrays
	lists   []*string // the arrays, one behind the other
	names   [][]byte  // in the objects that are being skipped
	notes   []lead.Note
}

// found is a text that came, or a decimal.
type found struct {
	*member
	element int // its index in an array, or alone
	end     int // of its letters
	place   *string
}

// alone is the index of a value that is no element of an array.
const alone = -1

// slot is a field in the room, found once: reflection takes longer to find it than a reader to fill it.
type slot struct {
	field  reflect.Value
	to     any           // points to the field: **string, *lead.Decimal
	place  any           // what the field may point to: *string, *int64
	placed reflect.Value // the same
	round  uint          // the latest in which its member came
}

func newReader(p *plan) *reader {
	room := reflect.New(p.room).Elem()
	r := &reader{room: room, payload: room.Field(0).Addr().Interface(), slots: make([]slot, len(p.fields))}
	for i, f := range p.fields {
		s := &r.slots[i]
		s.field = room.Field(f.at).Field(f.index)
		s.to = s.field.Addr().Interface()
		if f.place != none {
			s.placed = room.Field(f.place).Addr()
			s.place = s.placed.Interface()
		}
	}
	r.clear()
	return r
}

// clear forgets the latest body.
func (r *reader) clear() {
	const most = 1 << 16 // letters to keep room for: those of a large lead
	r.room.SetZero()
	r.round++
	r.lexer, r.depth, r.notes = lexer{}, 0, nil
	clear(r.elems)
	clear(r.lists)
	clear(r.names[:cap(r.names)])
	r.objects, r.found, r.letters = r.objects[:0], r.found[:0], r.letters[:0]
	r.elems, r.lists, r.names = r.elems[:0], r.lists[:0], r.names[:0]
	if cap(r.lists) == 0 || cap(r.letters)+8*(cap(r.found)+cap(r.names)) > most {
		r.found, r.letters, r.elems, r.lists, r.names = nil, nil, nil, make([]*string, 0, 8), nil
	}
}

// read fills the payload from body.
func (r *reader) read(o *object, body []byte) ([]lead.Note, bool) {
	r.body = body
	ok := r.object(o) && r.next() == 0 && r.at == len(body) && r.judge()
	return sorted(r.notes), ok
}

// object reads an object.
func (r *reader) object(o *object) bool {
	r.next()
	start := r.at
	if !r.enter('{') {
		return false
	}
	var unknown Extra
	next := 0
	for first := true; !r.take('}'); first = false {
		if !first && !r.take(',') {
			return false
		}
		name, ok := r.name()
		if !ok || !r.take(':') {
			return false
		}
		if m := o.member(name, next); m == nil {
			if unknown, ok = r.unknown(unknown, name); !ok {
				return false
			}
		} else if next = m.next; !r.member(m) {
			return false
		}
	}
	r.depth--
	r.objects = append(r.objects, o)
	if o.extra != none && unknown != nil {
		*r.slots[o.extra].to.(*Extra) = unknown
		r.notes = append(r.notes, unknownFields(o.path, unknown)...)
	}
	if o.raw != none {
		*r.slots[o.raw].to.(*Raw) = r.since(start)
	}
	return true
}

// name reads a member's name.
func (r *reader) name() ([]byte, bool) {
	v, plain, ok := r.quoted()
	switch {
	case !ok:
		return nil, false
	case plain:
		return v[1 : len(v)-1], true
	default:
		name, err := jsontext.AppendUnquote(nil, v)
		return name, err == nil
	}
}

// unknown writes down the name of a member that the schema does not name, and skips its value.
func (r *reader) unknown(unknown Extra, name []byte) (Extra, bool) {
	if _, twice := unknown[string(name)]; twice {
		return unknown, false
	}
	if unknown == nil {
		unknown = Extra{}
	}
	unknown[string(name)] = Skipped{}
	return unknown, r.skip()
}

// member reads the value of a member.
func (r *reader) member(m *member) bool {
	s := &r.slots[m.slot]
	if s.round == r.round {
		return false
	}
	s.round = r.round
	switch m.kind {
	case text:
		return r.text(m, alone, s.to.(**string), s.place.(*string))
	case plainText:
		var there *string
		return r.text(m, alone, &there, s.to.(*string))
	case texts:
		return r.texts(m, s.to.(*[]*string))
	case decimal:
		return r.decimal(m, (*string)(s.to.(*lead.Decimal)))
	case integer:
		return r.integer(m, s.to.(**int64), s.place.(*int64))
	case boolean:
		return r.boolean(s.to.(**bool), s.place.(*bool))
	case nested:
		return r.nested(m, s)
	case anything:
		v, ok := r.value()
		*s.to.(*jsontext.Value) = v
		return ok
	case own:
		v, ok := r.value()
		return ok && s.to.(json.Unmarshaler).UnmarshalJSON(v) == nil
	default: // ownPointer
		v, ok := r.value()
		if !ok || v.Kind() == 'n' {
			return ok
		}
		s.field.Set(s.placed)
		return s.place.(json.Unmarshaler).UnmarshalJSON(v) == nil
	}
}

// nested reads an object or null, which is nil.
func (r *reader) nested(m *member, s *slot) bool {
	if r.next() != '{' {
		return r.word("null")
	}
	s.field.Set(s.placed)
	return r.object(m.object)
}
