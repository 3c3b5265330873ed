package schema

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"leadrelay/internal/lead"
)

// compiler compiles a schema, field by field. It reads the field's `validate` tag word by word.
type compiler struct {
	tables map[string]map[string]bool
	room   []reflect.StructField
	fields []field
	above  []reflect.Type // the structs in which the field lies
	field  reflect.StructField
	words  []string // those not yet taken
}

// place makes a place in the room.
func (c *compiler) place(t reflect.Type) int {
	c.room = append(c.room, reflect.StructField{Name: fmt.Sprintf("Place%d", len(c.room)), Type: t})
	return len(c.room) - 1
}

func (c *compiler) start(f reflect.StructField) {
	c.field, c.words = f, nil
	if tag := f.Tag.Get("validate"); tag != "" {
		c.words = strings.Split(tag, ",")
	}
}

// fail panics: the schema is wrong, which every test of its driver will see.
func (c *compiler) fail(what string) {
	panic(fmt.Sprintf("schema: field %s: unknown %s: %v `%v`", c.field.Name, what, c.field.Type, c.field.Tag))
}

func (c *compiler) peek(word string) bool { return len(c.words) > 0 && c.words[0] == word }

func (c *compiler) take(word string) bool {
	if !c.peek(word) {
		return false
	}
	c.words = c.words[1:]
	return true
}

// done sees to it that every word was understood.
func (c *compiler) done() {
	if len(c.words) > 0 {
		c.fail("rule " + c.words[0])
	}
}

// promise takes one of the words that promise the field, and writes down the need. It is false when there is none.
func (c *compiler) promise(o *object, m *member, words ...string) bool {
	for _, word := range words {
		if c.take(word) {
			o.needs = append(o.needs, need{path: m.path, slot: m.slot, hard: word == "required"})
			return true
		}
	}
	return false
}

// textRule is one rule for a text.
type textRule struct {
	holds func(string) bool
	note  string // what to note when it does not hold; empty: it is a fault
}

// textRules takes the rules for a text.
func (c *compiler) textRules() []textRule {
	var out []textRule
	for ; len(c.words) > 0; c.words = c.words[1:] {
		switch word, param, _ := strings.Cut(c.words[0], "="); word {
		case "uuid":
			out = append(out, textRule{holds: lead.IsUUID})
		case "datetimeoffset":
			out = append(out, textRule{holds: lead.IsZonedTime})
		case "timestamp":
			out = append(out, textRule{holds: timestamp})
		case "lookup":
			table := c.tables[param]
			if table == nil {
				c.fail("table")
			}
			out = append(out, textRule{holds: func(s string) bool { return s == "" || table[s] }, note: lead.NoteUnknownValue})
		default:
			c.fail("rule " + word)
		}
	}
	return out
}

// bound is one rule for a number: a comparison with a whole limit.
type bound struct {
	op    string
	limit int64
}

// bounds takes the rules for a number.
func (c *compiler) bounds() []bound {
	var out []bound
	for ; len(c.words) > 0; c.words = c.words[1:] {
		op, param, _ := strings.Cut(c.words[0], "=")
		limit, err := strconv.ParseInt(param, 10, 64)
		if err != nil || !slices.Contains([]string{"gt", "gte", "lt", "lte"}, op) {
			c.fail("rule " + c.words[0])
		}
		out = append(out, bound{op, limit})
	}
	return out
}

func (b bound) holdsWhole(n int64) bool  { return b.holds(cmp.Compare(n, b.limit)) }
func (b bound) holdsReal(f float64) bool { return b.holds(cmp.Compare(f, float64(b.limit))) }

// holds judges how a number compares with the limit.
func (b bound) holds(c int) bool {
	switch b.op {
	case "gt":
		return c > 0
	case "gte":
		return c >= 0
	case "lt":
		return c < 0
	default:
		return c <= 0
	}
}
