package schema

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
)

// value reads a value of any kind as it lies in the body, which it aliases.
func (r *reader) value() (jsontext.Value, bool) {
	r.next()
	start := r.at
	ok := r.skip()
	return r.since(start), ok
}

// since is what was read of the body since start. Nobody can append to it.
func (r *reader) since(start int) []byte { return slices.Clip(r.body[start:r.at]) }

// skip passes over one value of any kind that is well-formed.
func (r *reader) skip() bool {
	switch r.next() {
	case '{':
		return r.skipObject()
	case '[':
		return r.skipArray()
	case '"':
		_, ok := r.name()
		return ok
	case 't':
		return r.word("true")
	case 'f':
		return r.word("false")
	case 'n':
		return r.word("null")
	default:
		_, ok := r.number()
		return ok
	}
}

func (r *reader) skipArray() bool {
	if !r.enter('[') {
		return false
	}
	for first := true; !r.take(']'); first = false {
		if !first && !r.take(',') || !r.skip() {
			return false
		}
	}
	r.depth--
	return true
}

func (r *reader) skipObject() bool {
	if !r.enter('{') {
		return false
	}
	outer := len(r.names)
	for first := true; !r.take('}'); first = false {
		if !first && !r.take(',') {
			return false
		}
		name, ok := r.name()
		if !ok || !r.take(':') {
			return false
		}
		r.names = append(r.names, name)
		if !r.skip() {
			return false
		}
	}
	r.depth--
	names := r.names[outer:]
	slices.SortFunc(names, bytes.Compare)
	for i := range names[min(1, len(names)):] {
		if bytes.Equal(names[i], names[i+1]) {
			return false
		}
	}
	r.names = r.names[:outer]
	return true
}

// enter begins an object or an array.
func (r *reader) enter(brace byte) bool {
	r.depth++
	return r.depth <= lead.MaxDepth && r.take(brace)
}
