package schema

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
)

// plan is a schema, compiled.
type plan struct {
	root *object
	// room is a struct of the payload and of places for all that it may point to, but the elements of arrays.
	room   reflect.Type
	fields []field // those of the payload and of its objects, by slot
}

// field is where a value goes: a field of one of the structs in the room.
type field struct {
	at, index int // the struct's field of the room, and its own field in it
	place     int // the field of the room that it may point to, or none
}

// none is the index of nothing.
const none = -1

// object is a struct of the schema: what its members are and what is asked of them.
type object struct {
	path    string   // what stands before its members' names in a path: "", "businessAddress."
	members []member // in the order of the fields, which is the document's
	byName  map[string]*member
	needs   []need
	extra   int  // the slot of the field of type Extra, or none
	raw     int  // the same of Raw
	keeps   bool // it has a Raw, or an object in it has
}

// member is a named member of an object.
type member struct {
	name   string
	path   string // "businessAddress.city"
	next   int    // the index of the member behind it
	kind   kind
	slot   int
	object *object    // for nested
	texts  []textRule // for a text, or for each of an array's
	bounds []bound    // for a number
	zeroOK bool       // `omitempty`: zero passes all bounds
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
	path string
	slot int
	hard bool // `required`; else `expected`
}

// newPlan compiles a struct type. It panics on what it does not know.
func newPlan(t reflect.Type, tables map[string]map[string]bool) *plan {
	c := &compiler{tables: tables}
	root := c.object(t, c.place(t), "")
	return &plan{root: root, room: reflect.StructOf(c.room), fields: c.fields}
}

// object compiles one struct, which lies in the room's field at, and those that it points to.
func (c *compiler) object(t reflect.Type, at int, path string) *object {
	if t.Kind() != reflect.Struct || slices.Contains(c.above, t) {
		panic(fmt.Sprintf("schema: %v is no struct, or holds itself", t))
	}
	c.above = append(c.above, t)
	o := &object{path: path, members: make([]member, 0, t.NumField()), byName: map[string]*member{}, extra: none, raw: none}
	for i := range t.NumField() {
		c.start(t.Field(i))
		slot := len(c.fields)
		c.fields = append(c.fields, field{at: at, index: i, place: none})
		switch name := c.field.Tag.Get("json"); {
		case c.field.Type == reflect.TypeFor[Extra]() && name == ",embed" && c.take("extra"):
			o.extra = slot
		case c.field.Type == reflect.TypeFor[Raw]() && name == "-":
			o.raw, o.keeps = slot, true
		case !c.field.IsExported() || showName(name) != name || o.byName[name] != nil:
			c.fail("name")
		default:
			o.members = append(o.members, member{name: name, path: path + name, next: len(o.members) + 1, slot: slot})
			o.byName[name] = &o.members[len(o.members)-1]
			c.member(o, o.byName[name])
		}
		c.done()
	}
	c.above = c.above[:len(c.above)-1]
	return o
}

// member compiles a member by its type: the rules that such a value can have, in the order in which they are judged.
func (c *compiler) member(o *object, m *member) {
	t := c.field.Type
	m.kind = c.kind(t)
	if t.Kind() == reflect.Pointer {
		c.fields[m.slot].place = c.place(t.Elem())
	}
	switch m.kind {
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
		m.object = c.object(t.Elem(), c.fields[m.slot].place, m.path+".")
		o.keeps = o.keeps || m.object.keeps
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

// member finds a member by its name. Members mostly come in the document's order, so the next is tried first.
func (o *object) member(name []byte, next int) *member {
	if next < len(o.members) && string(name) == o.members[next].name {
		return &o.members[next]
	}
	return o.byName[string(name)]
}
