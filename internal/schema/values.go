package schema

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
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
	r.at++
	if r.depth == lead.MaxDepth {
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

// value reads a value of any kind as it lies in the body, which it aliases.
func (r *reader) value() (jsontext.Value, bool) {
	r.next()
	start := r.at
	ok := r.skip()
	return r.since(start), ok
}

// skip passes over one value of any kind and sees how deep it nests.
func (r *reader) skip() bool {
	switch c := r.next(); {
	case c == '-' || c >= '0' && c <= '9':
		_, ok := r.number()
		return ok
	case c == '{' || c == '[':
		start := r.at
		r.at++
		if r.take(c + 2) { // it is empty: in ASCII, what closes it is two further on
			return r.depth < lead.MaxDepth
		}
		r.at = start
	}
	r.src = *bytes.NewBuffer(r.body[r.at:])
	r.open.Reset(&r.src)
	for {
		if _, err := r.open.ReadToken(); err != nil || r.depth+r.open.StackDepth() > lead.MaxDepth {
			return false
		}
		if r.open.StackDepth() == 0 {
			r.at += int(r.open.InputOffset())
			return true
		}
	}
}

// since is what was read of the body since start. Nobody can append to it.
func (r *reader) since(start int) []byte { return slices.Clip(r.body[start:r.at]) }
