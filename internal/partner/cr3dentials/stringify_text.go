package cr3dentials

import (
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// text writes a string with JavaScript's escapes: short ones where there are, \u00xx for other controls, \udxxx for
// half a surrogate pair, everything else as it is.
func (s *stringifier) text() bool {
	if !s.one(`"`) {
		return false
	}
	s.out = append(s.out, '"')
	for s.at < len(s.in) {
		switch c := s.in[s.at]; {
		case c == '"':
			s.at++
			s.out = append(s.out, '"')
			return true
		case c < ' ':
			return false
		case c == '\\':
			if !s.escape() {
				return false
			}
		default:
			s.out = append(s.out, c)
			s.at++
		}
	}
	return false
}

// escape reads one escape, or two that make a surrogate pair.
func (s *stringifier) escape() bool {
	s.at++
	if s.at == len(s.in) {
		return false
	}
	c := s.in[s.at]
	s.at++
	switch c {
	case '"', '\\', '/':
		s.write(rune(c))
	case 'b':
		s.write('\b')
	case 'f':
		s.write('\f')
	case 'n':
		s.write('\n')
	case 'r':
		s.write('\r')
	case 't':
		s.write('\t')
	case 'u':
		unit, ok := s.unit(s.at)
		if !ok {
			return false
		}
		s.at += 4
		if s.at+1 < len(s.in) && s.in[s.at] == '\\' && s.in[s.at+1] == 'u' {
			if low, ok := s.unit(s.at + 2); ok && utf16.DecodeRune(unit, low) != utf8.RuneError {
				unit = utf16.DecodeRune(unit, low)
				s.at += 6
			}
		}
		s.write(unit)
	default:
		return false
	}
	return true
}

// unit is the four hexadecimal digits at at.
func (s *stringifier) unit(at int) (rune, bool) {
	if at+4 > len(s.in) || s.in[at] == '+' || s.in[at] == '-' {
		return 0, false
	}
	u, err := strconv.ParseUint(string(s.in[at:at+4]), 16, 16)
	return rune(u), err == nil
}

// write appends one character as JSON.stringify does; a lone surrogate is a rune of its own here.
func (s *stringifier) write(r rune) {
	switch {
	case r == '"' || r == '\\':
		s.out = append(s.out, '\\', byte(r))
	case r == '\b':
		s.out = append(s.out, `\b`...)
	case r == '\f':
		s.out = append(s.out, `\f`...)
	case r == '\n':
		s.out = append(s.out, `\n`...)
	case r == '\r':
		s.out = append(s.out, `\r`...)
	case r == '\t':
		s.out = append(s.out, `\t`...)
	case r < ' ' || utf16.IsSurrogate(r):
		s.out = fmt.Appendf(s.out, `\u%04x`, r)
	default:
		s.out = utf8.AppendRune(s.out, r)
	}
}
