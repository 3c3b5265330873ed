package schema

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
)

// alone is the index of a value that is no element of an array.
const alone = -1

// text reads a text or null, which is nil: the member's value, or element i of it. A text goes to place, and to points there.
func (r *reader) text(m *member, i int, to **string, place *string) bool {
	v, err := r.dec.ReadValue()
	if err != nil || v.Kind() != '"' {
		return err == nil && v.Kind() == 'n'
	}
	*place = r.unquote(v)
	*to = place
	return r.abides(m, i, *place)
}

// unquote is the text that v, the JSON string read last, stands for.
func (r *reader) unquote(v jsontext.Value) string {
	if bytes.IndexByte(v, '\\') >= 0 {
		return unquoted(v)
	}
	s := r.literal(v)
	return s[1 : len(s)-1]
}

// literal is v, the scalar read last, as a part of the copy of the body.
func (r *reader) literal(v jsontext.Value) string {
	end := int(r.dec.InputOffset())
	return r.copy[end-len(v) : end]
}

// abides judges a text by the member's rules. It is false for a fault.
func (r *reader) abides(m *member, i int, s string) bool {
	for _, rule := range m.texts {
		if rule.holds(s) {
			continue
		}
		if rule.note == "" {
			return false
		}
		path := m.name
		if i != alone {
			path += "[" + strconv.Itoa(i) + "]"
		}
		r.notes = append(r.notes, lead.Note{Code: rule.note, Field: path})
		return true // one finding a value, as the validator does
	}
	return true
}

// texts reads an array of texts or null, which is nil; an element may be null, too.
func (r *reader) texts(m *member, to *[]*string) bool {
	token, err := r.dec.ReadToken()
	if err != nil || token.Kind() != '[' {
		return err == nil && token.Kind() == 'n'
	}
	if r.dec.StackDepth() > lead.MaxDepth {
		return false
	}
	r.list = r.list[:0]
	for r.dec.PeekKind() != ']' {
		var s *string
		if !r.text(m, len(r.list), &s, &grow(&r.elems, 1)[0]) {
			return false
		}
		r.list = append(r.list, s)
	}
	*to = grow(&r.lists, len(r.list))
	copy(*to, r.list)
	clear(r.list)
	_, err = r.dec.ReadToken()
	return err == nil
}

// grow takes n zero values off room, and makes room first when there is none.
func grow[V any](room *[]V, n int) []V {
	if *room == nil || len(*room) < n {
		*room = make([]V, max(n, 8))
	}
	taken := (*room)[:n:n]
	*room = (*room)[n:]
	return taken
}

// decimal reads a number or null, which is empty.
func (r *reader) decimal(m *member, to *lead.Decimal) bool {
	v, err := r.dec.ReadValue()
	if err != nil || v.Kind() != '0' {
		return err == nil && v.Kind() == 'n'
	}
	*to = lead.Decimal(r.literal(v))
	if len(m.bounds) == 0 {
		return true
	}
	f := to.Float()
	return m.zeroOK && f == 0 || !slices.ContainsFunc(m.bounds, func(b bound) bool { return !b.holdsReal(f) })
}

// integer reads a whole number, written as one, or null, which is nil.
func (r *reader) integer(m *member, to **int64, place *int64) bool {
	v, err := r.dec.ReadValue()
	if err != nil || v.Kind() != '0' {
		return err == nil && v.Kind() == 'n'
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil {
		return false
	}
	*place = n
	*to = place
	return !slices.ContainsFunc(m.bounds, func(b bound) bool { return !b.holdsWhole(n) })
}

// boolean reads true, false or null, which is nil.
func (r *reader) boolean(to **bool, place *bool) bool {
	token, err := r.dec.ReadToken()
	if err != nil || token.Kind() != 't' && token.Kind() != 'f' {
		return err == nil && token.Kind() == 'n'
	}
	*place = token.Bool()
	*to = place
	return true
}

// value reads a value of any kind as it lies in the body, which it aliases.
func (r *reader) value() (jsontext.Value, bool) {
	start := r.dec.InputOffset()
	if !r.skip() {
		return nil, false
	}
	return bytes.TrimLeft(r.since(start), ": \t\r\n"), true
}

// skip passes over one value and sees how deep it nests.
func (r *reader) skip() bool {
	for depth := r.dec.StackDepth(); ; {
		if _, err := r.dec.ReadToken(); err != nil || r.dec.StackDepth() > lead.MaxDepth {
			return false
		}
		if r.dec.StackDepth() == depth {
			return true
		}
	}
}

// since is what was read of the body since start. Nobody can append to it.
func (r *reader) since(start int64) []byte {
	return slices.Clip(r.body[start:r.dec.InputOffset()])
}
