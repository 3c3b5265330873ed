package schema

import (
	"fmt"
	"reflect"
	"slices"
	"unsafe"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
)

// plan is a schema, compiled.
type plan struct {
	root object
	// room is a struct of the payload and a place for everything that it may point to, but the elements of arrays:
	// all of it is one allocation.
	room reflect.Type
}

// object is a struct of the schema: where each member goes and what is asked of it.
type object struct {
	members []member // in the order of the fields, which is the document's
	byName  map[string]*member
	needs   []need
	extra   uintptr // where the field of type Extra lies in the struct, or none
	raw     uintptr // the same of Raw
	keeps   bool    // it has a Raw, or an object in it has
}

// none is the place of no field.
const none = ^uintptr(0)

// member is a named member of an object.
type member struct {
	name   string
	quoted string // as it stands in JSON: `"city"`
	next   int    // the index of the member behind it
	kind   kind
	field  uintptr      // where its field lies in the struct
	place  uintptr      // where, in the room, lies what the field points to
	typ    reflect.Type // the field's, for own
	object *object      // for nested
	texts  []textRule   // for a text, or for each of an array's
	bounds []bound      // for a number
	zeroOK bool         // `omitempty`: zero passes all bounds
}

// kind is how a member is read.
type kind uint8

const (
	text       kind = iota // *string
	plainText              // string
	texts                  // []*string
	decimal                // lead.Decimal
	integer                // *int64
	boolean                // *bool
	nested                 // *struct
	anything               // jsontext.Value
	own                    // a type that reads itself
	ownPointer             // a pointer to one
)

// need is a field that the document promises.
type need struct {
	*member
	hard bool // `required`; else `expected`
}

// newPlan compiles a struct type. It panics on what it does not know.
func newPlan(t reflect.Type, tables map[string]map[string]bool) *plan {
	c := &compiler{tables: tables}
	p := &plan{root: *c.object(t)}
	fields := []reflect.StructField{{Name: "Payload", Type: t}}
	for i, m := range c.placed {
		fields = append(fields, reflect.StructField{Name: fmt.Sprintf("Place%d", i), Type: m.typ.Elem()})
	}
	p.room = reflect.StructOf(fields)
	for i, m := range c.placed {
		m.place = p.room.Field(i + 1).Offset
	}
	return p
}

// object compiles one struct and those that it points to.
func (c *compiler) object(t reflect.Type) *object {
	if t.Kind() != reflect.Struct || slices.Contains(c.above, t) {
		panic(fmt.Sprintf("schema: %v is no struct, or holds itself", t))
	}
	c.above = append(c.above, t)
	o := &object{members: make([]member, 0, t.NumField()), byName: map[string]*member{}, extra: none, raw: none}
	for i := range t.NumField() {
		c.start(t.Field(i))
		switch name := c.field.Tag.Get("json"); {
		case c.field.Type == reflect.TypeFor[Extra]() && name == ",embed" && c.take("extra"):
			o.extra = c.field.Offset
		case c.field.Type == reflect.TypeFor[Raw]() && name == "-":
			o.raw, o.keeps = c.field.Offset, true
		case !c.field.IsExported() || showName(name) != name || o.byName[name] != nil:
			c.fail("name")
		default:
			o.members = append(o.members, member{name: name, quoted: `"` + name + `"`, next: len(o.members) + 1, field: c.field.Offset, typ: c.field.Type})
			m := &o.members[len(o.members)-1]
			o.byName[name] = m
			c.member(o, m)
		}
		c.done()
	}
	c.above = c.above[:len(c.above)-1]
	return o
}

// member compiles a member by its type: the rules that such a value can have, in the order in which they are judged.
func (c *compiler) member(o *object, m *member) {
	switch m.kind = c.kind(m.typ); m.kind {
	case text:
		if c.promise(o, m, "required", "expected") || c.peek("omitnil") {
			c.take("omitnil")
			m.texts = c.textRules()
		}
	case plainText:
		if c.promise(o, m, "required") {
			m.texts = c.textRules()
		}
	case texts:
		if c.take("omitempty") && c.take("dive") && c.take("omitnil") {
			m.texts = c.textRules()
		}
	case decimal:
		if c.promise(o, m, "expected") || c.peek("omitempty") {
			m.zeroOK = c.take("omitempty")
			m.bounds = c.bounds()
		}
	case integer:
		if c.promise(o, m, "required", "expected") || c.peek("omitnil") {
			c.take("omitnil")
			m.bounds = c.bounds()
		}
	case boolean, ownPointer:
		c.promise(o, m, "required", "expected")
	case nested:
		c.promise(o, m, "required", "expected")
		c.done()
		m.object = c.object(m.typ.Elem())
		o.keeps = o.keeps || m.object.keeps
	}
	if m.typ.Kind() == reflect.Pointer {
		c.placed = append(c.placed, m)
	}
}

// kind says how a field of type t is read.
func (c *compiler) kind(t reflect.Type) kind {
	readsItself := func(t reflect.Type) bool { return reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) }
	switch t {
	case reflect.TypeFor[*string]():
		return text
	case reflect.TypeFor[string]():
		return plainText
	case reflect.TypeFor[[]*string]():
		return texts
	case reflect.TypeFor[lead.Decimal]():
		return decimal
	case reflect.TypeFor[*int64]():
		return integer
	case reflect.TypeFor[*bool]():
		return boolean
	case reflect.TypeFor[jsontext.Value]():
		return anything
	}
	switch {
	case t.Kind() == reflect.Pointer && readsItself(t.Elem()):
		return ownPointer
	case t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct:
		return nested
	case readsItself(t):
		return own
	}
	c.fail("type")
	return 0
}

// member finds a name as it stands in JSON. Members mostly come in the document's order, so the next is tried first.
func (o *object) member(quoted []byte, next int) *member {
	if next < len(o.members) && string(quoted) == o.members[next].quoted {
		return &o.members[next]
	}
	if slices.Contains(quoted, '\\') {
		return o.byName[unquoted(quoted)]
	}
	return o.byName[string(quoted[1:len(quoted)-1])]
}

// unquoted is the text that a JSON string stands for. A decoder has read it: it is right.
func unquoted(quoted []byte) string {
	b, _ := jsontext.AppendUnquote(nil, quoted)
	return string(b)
}

// keepRaw fills the Raw fields of the struct at in, which was read from text, and of those that it points to.
func (o *object) keepRaw(in unsafe.Pointer, text []byte) {
	if !o.keeps {
		return
	}
	if o.raw != none {
		*at[Raw](in, o.raw) = slices.Clip(text)
	}
	var values map[string]jsontext.Value
	if err := json.Unmarshal(text, &values); err != nil {
		panic("schema: an object that was read cannot be read again")
	}
	for _, m := range o.members {
		if m.kind == nested && *at[unsafe.Pointer](in, m.field) != nil {
			m.object.keepRaw(*at[unsafe.Pointer](in, m.field), values[m.name])
		}
	}
}
