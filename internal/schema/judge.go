package schema

import (
	"slices"
	"strconv"

	"leadrelay/internal/lead"
)

// judge puts the texts that came into their places, all parts of one string, and judges them; then it looks for the
// fields that the document promises. It is false for a fault.
func (r *reader) judge() bool {
	letters, start := string(r.letters), 0
	for _, f := range r.found {
		*f.place = letters[start:f.end]
		start = f.end
		if !r.abides(f) {
			return false
		}
	}
	for _, o := range r.objects {
		for _, n := range o.needs {
			switch {
			case !r.slots[n.slot].field.IsZero():
			case n.hard:
				return false
			default:
				r.notes = append(r.notes, lead.Note{Code: lead.NoteAbsentField, Field: n.path})
			}
		}
	}
	return true
}

// abides judges a text by its rules. It is false for a fault.
func (r *reader) abides(f found) bool {
	if len(f.bounds) > 0 {
		n := lead.Decimal(*f.place).Float()
		return f.zeroOK && n == 0 || !slices.ContainsFunc(f.bounds, func(b bound) bool { return !b.holdsReal(n) })
	}
	for _, rule := range f.texts {
		if rule.holds(*f.place) {
			continue
		}
		if rule.note == "" {
			return false
		}
		path := f.path
		if f.element != alone {
			path += "[" + strconv.Itoa(f.element) + "]"
		}
		r.notes = append(r.notes, lead.Note{Code: rule.note, Field: path})
		return true // one finding a value, as the validator does
	}
	return true
}
