package schema

import (
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// text reads a text or null, which is nil: the member's value, or an element of it. A text will lie in place, and to
// points there.
func (r *reader) text(m *member, element int, to **string, place *string) bool {
	if r.next() != '"' {
		return r.word("null")
	}
	v, plain, ok := r.quoted()
	if !ok {
		return false
	}
	if plain {
		r.letters = append(r.letters, v[1:len(v)-1]...)
	} else {
		var err error
		if r.letters, err = jsontext.AppendUnquote(r.letters, v); err != nil {
			return false
		}
	}
	*to = place
	r.found = append(r.found, found{m, element, len(r.letters), place})
	return true
}

// texts reads an array of texts or null, which is nil; an element may be null, too.
func (r *reader) texts(m *member, to *[]*string) bool {
	if r.next() != '[' {
		return r.word("null")
	}
	if !r.enter('[') {
		return false
	}
	start := len(r.lists)
	for !r.take(']') {
		if len(r.lists) > start && !r.take(',') {
			return false
		}
		r.elems = append(r.elems, "") // when they move, those before stay where they are pointed to
		var s *string
		if !r.text(m, len(r.lists)-start, &s, &r.elems[len(r.elems)-1]) {
			return false
		}
		r.lists = append(r.lists, s)
	}
	r.depth--
	*to = slices.Clip(r.lists[start:])
	return true
}

// decimal reads a number or null, which is empty. Its text will lie in place.
func (r *reader) decimal(m *member, place *string) bool {
	if r.next() == 'n' {
		return r.word("null")
	}
	v, ok := r.number()
	r.letters = append(r.letters, v...)
	r.found = append(r.found, found{m, alone, len(r.letters), place})
	return ok
}

// integer reads a whole number, written as one, or null, which is nil.
func (r *reader) integer(m *member, to **int64, place *int64) bool {
	if r.next() == 'n' {
		return r.word("null")
	}
	v, ok := r.number()
	if !ok {
		return false
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	*place = n
	*to = place
	return err == nil && !slices.ContainsFunc(m.bounds, func(b bound) bool { return !b.holdsWhole(n) })
}

// boolean reads true, false or null, which is nil.
func (r *reader) boolean(to **bool, place *bool) bool {
	switch r.next() {
	case 't':
		*place, *to = true, place
		return r.word("true")
	case 'f':
		*to = place
		return r.word("false")
	default:
		return r.word("null")
	}
}
