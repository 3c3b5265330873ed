package cr3dentials

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// deepest is how deep a body may nest to be written again. What is deeper can only be proven by its raw bytes.
const deepest = 128

// stringify is JSON.stringify(JSON.parse(body)) as Node writes it: no white space, numbers as the shortest text of
// their float64, members in JavaScript's order (array indices first, ascending; then as they came; of equal names the
// last value at the first place). It is false for what JSON.parse refuses, for invalid UTF-8 and beyond deepest.
func stringify(body []byte) ([]byte, bool) {
	if !utf8.Valid(body) {
		return nil, false
	}
	s := stringifier{in: body, out: make([]byte, 0, len(body))}
	ok := s.value(0)
	s.space()
	return s.out, ok && s.at == len(s.in)
}

type stringifier struct {
	in      []byte
	at      int
	out     []byte
	members []member // of the objects that are being written, the outer ones first
}

func (s *stringifier) space() {
	for s.at < len(s.in) && (s.in[s.at] == ' ' || s.in[s.at] == '\t' || s.in[s.at] == '\n' || s.in[s.at] == '\r') {
		s.at++
	}
}

// next skips white space and takes c if it comes next.
func (s *stringifier) next(c byte) bool {
	s.space()
	if s.at < len(s.in) && s.in[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *stringifier) value(depth int) bool {
	s.space()
	if depth > deepest || s.at == len(s.in) {
		return false
	}
	switch s.in[s.at] {
	case '{':
		return s.object(depth)
	case '[':
		return s.array(depth)
	case '"':
		return s.text()
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	default:
		return s.number()
	}
}

func (s *stringifier) word(w string) bool {
	if !bytes.HasPrefix(s.in[s.at:], []byte(w)) {
		return false
	}
	s.at += len(w)
	s.out = append(s.out, w...)
	return true
}

func (s *stringifier) array(depth int) bool {
	s.at++
	s.out = append(s.out, '[')
	for first := true; !s.next(']'); first = false {
		if !first && !s.comma() || !s.value(depth+1) {
			return false
		}
	}
	s.out = append(s.out, ']')
	return true
}

func (s *stringifier) comma() bool {
	s.out = append(s.out, ',')
	return s.next(',')
}

// member says where one member of an object lies in the output: its name with quotes, a colon, its value.
type member struct{ name, value, end int }

// text is the member's name with quotes.
func (m member) text(out []byte) []byte { return out[m.name : m.value-1] }

func (s *stringifier) object(depth int) bool {
	s.at++
	s.out = append(s.out, '{')
	start, outer := len(s.out), len(s.members)
	for first := true; !s.next('}'); first = false {
		if !first && !s.comma() {
			return false
		}
		m := member{name: len(s.out)}
		if s.space(); !s.text() || !s.next(':') {
			return false
		}
		s.out = append(s.out, ':')
		m.value = len(s.out)
		if !s.value(depth + 1) {
			return false
		}
		m.end = len(s.out)
		s.members = append(s.members, m)
	}
	if members := s.members[outer:]; !inOrder(s.out, members) {
		s.reorder(start, members)
	}
	s.members = s.members[:outer]
	s.out = append(s.out, '}')
	return true
}

// inOrder says whether JavaScript holds members as they came: no name is an array index, none comes twice.
func inOrder(out []byte, members []member) bool {
	const few = 16 // to compare each with each costs less than a map
	seen := map[string]bool{}
	for i, m := range members {
		name := m.text(out)
		if rank(name) != notAnIndex || seen[string(name)] {
			return false
		}
		if len(members) > few {
			seen[string(name)] = true
		} else if slices.ContainsFunc(members[:i], func(o member) bool { return bytes.Equal(o.text(out), name) }) {
			return false
		}
	}
	return true
}

// reorder rewrites the members that begin at start as JavaScript holds them.
func (s *stringifier) reorder(start int, members []member) {
	place := make(map[string]int, len(members))
	var kept []member
	for _, m := range members {
		name := string(m.text(s.out))
		if at, twice := place[name]; twice {
			kept[at] = m
			continue
		}
		place[name] = len(kept)
		kept = append(kept, m)
	}
	slices.SortStableFunc(kept, func(a, b member) int { return cmp.Compare(rank(a.text(s.out)), rank(b.text(s.out))) })
	var again []byte
	for i, m := range kept {
		if i > 0 {
			again = append(again, ',')
		}
		again = append(again, s.out[m.name:m.end]...)
	}
	s.out = append(s.out[:start], again...)
}

// notAnIndex ranks a member behind all array indices, which go up to 2^32-2.
const notAnIndex = math.MaxUint32

// rank is the value of a quoted name that is an array index in its shortest form, else notAnIndex.
func rank(quoted []byte) uint64 {
	name := quoted[1 : len(quoted)-1]
	if len(name) == 0 || len(name) > 10 || name[0] < '0' || name[0] > '9' || (name[0] == '0' && len(name) > 1) {
		return notAnIndex
	}
	i, err := strconv.ParseUint(string(name), 10, 32)
	if err != nil {
		return notAnIndex
	}
	return i
}

// number writes a number as Number.prototype.toString does: beyond float64 it is null, minus zero is zero.
func (s *stringifier) number() bool {
	start := s.at
	s.one("-")
	if !s.one("0") && s.digits() == 0 {
		return false
	}
	if s.one(".") && s.digits() == 0 {
		return false
	}
	if s.one("eE") {
		if s.one("+-"); s.digits() == 0 {
			return false
		}
	}
	f, _ := strconv.ParseFloat(string(s.in[start:s.at]), 64) // the form is right, so an error is one of range: ±Inf
	size := math.Abs(f)
	switch {
	case math.IsInf(f, 0):
		s.out = append(s.out, "null"...)
	case f == 0:
		s.out = append(s.out, '0')
	case size < 1e-6 || size >= 1e21:
		b := strconv.AppendFloat(nil, f, 'e', -1, 64)
		if n := len(b); b[n-2] == '0' && (b[n-3] == '-' || b[n-3] == '+') { // Go writes e-07, JavaScript e-7
			b = append(b[:n-2], b[n-1])
		}
		s.out = append(s.out, b...)
	default:
		s.out = strconv.AppendFloat(s.out, f, 'f', -1, 64)
	}
	return true
}

// one takes the next byte if it is one of set.
func (s *stringifier) one(set string) bool {
	if s.at < len(s.in) && strings.IndexByte(set, s.in[s.at]) >= 0 {
		s.at++
		return true
	}
	return false
}

func (s *stringifier) digits() int {
	start := s.at
	for s.at < len(s.in) && s.in[s.at] >= '0' && s.in[s.at] <= '9' {
		s.at++
	}
	return s.at - start
}
