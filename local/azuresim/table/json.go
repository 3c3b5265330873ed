package table

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"leadrelay/local/azuresim/wire"
)

// field is one member of a flat JSON object. kind is the value's: 's' string, 'n' number, 't' true, 'f' false, '0' null.
type field struct {
	name string
	kind byte
	text string // of a string, unescaped; of a number, its digits
}

func badJSON() *wire.Error {
	return wire.Errorf(400, "InvalidInput", "One of the request inputs is not valid.")
}

// parseObject reads a JSON object whose values are no objects and no arrays: all that an entity can be.
func parseObject(s string) ([]field, *wire.Error) {
	p := scanner{s: strings.TrimPrefix(s, "\ufeff")}
	out := make([]field, 0, 16)
	if !p.take('{') {
		return nil, badJSON()
	}
	if p.take('}') {
		return out, p.end()
	}
	for {
		name, ok := p.quoted()
		if !ok || !p.take(':') {
			return nil, badJSON()
		}
		f, ok := p.value()
		if !ok {
			return nil, badJSON()
		}
		f.name = name
		out = append(out, f)
		if p.take(',') {
			continue
		}
		if !p.take('}') {
			return nil, badJSON()
		}
		return out, p.end()
	}
}

type scanner struct {
	s string
	i int
}

func (p *scanner) space() {
	for p.i < len(p.s) && strings.IndexByte(" \t\r\n", p.s[p.i]) >= 0 {
		p.i++
	}
}

func (p *scanner) take(c byte) bool {
	p.space()
	if p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

func (p *scanner) end() *wire.Error {
	if p.space(); p.i != len(p.s) {
		return badJSON()
	}
	return nil
}

func (p *scanner) value() (field, bool) {
	p.space()
	rest := p.s[p.i:]
	switch {
	case strings.HasPrefix(rest, `"`):
		text, ok := p.quoted()
		return field{kind: 's', text: text}, ok
	case strings.HasPrefix(rest, "true"):
		p.i += 4
		return field{kind: 't'}, true
	case strings.HasPrefix(rest, "false"):
		p.i += 5
		return field{kind: 'f'}, true
	case strings.HasPrefix(rest, "null"):
		p.i += 4
		return field{kind: '0'}, true
	}
	n := 0
	for n < len(rest) && strings.IndexByte("+-.eE0123456789", rest[n]) >= 0 {
		n++
	}
	p.i += n
	_, err := strconv.ParseFloat(rest[:n], 64)
	return field{kind: 'n', text: rest[:n]}, n > 0 && err == nil && rest[0] != '+' && rest[0] != '.'
}

// quoted reads a string. What needs no unescaping is not copied.
func (p *scanner) quoted() (string, bool) {
	if !p.take('"') {
		return "", false
	}
	start := p.i
	for ; p.i < len(p.s); p.i++ {
		switch c := p.s[p.i]; {
		case c == '"':
			text := p.s[start:p.i]
			p.i++
			return text, utf8.ValidString(text)
		case c == '\\':
			return p.escaped(start)
		case c < ' ':
			return "", false
		}
	}
	return "", false
}

func (p *scanner) escaped(start int) (string, bool) {
	b := append(make([]byte, 0, len(p.s)-start), p.s[start:p.i]...)
	for p.i < len(p.s) {
		c := p.s[p.i]
		p.i++
		switch {
		case c == '"':
			return string(b), utf8.Valid(b)
		case c < ' ':
			return "", false
		case c != '\\':
			b = append(b, c)
			continue
		}
		if p.i == len(p.s) {
			return "", false
		}
		c = p.s[p.i]
		p.i++
		if at := strings.IndexByte(`"\/bfnrt`, c); at >= 0 {
			b = append(b, "\"\\/\b\f\n\r\t"[at])
			continue
		}
		r, ok := p.hex()
		if c != 'u' || !ok {
			return "", false
		}
		if utf16.IsSurrogate(r) {
			low, ok := rune(0), false
			if strings.HasPrefix(p.s[p.i:], `\u`) {
				p.i += 2
				low, ok = p.hex()
			}
			if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
				return "", false
			}
		}
		b = utf8.AppendRune(b, r)
	}
	return "", false
}

// hex reads four digits.
func (p *scanner) hex() (rune, bool) {
	if p.i+4 > len(p.s) {
		return 0, false
	}
	n, err := strconv.ParseUint(p.s[p.i:p.i+4], 16, 16)
	p.i += 4
	return rune(n), err == nil
}
