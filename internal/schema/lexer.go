package schema

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// lexer reads JSON as jsontext does: strict in grammar and UTF-8, but twice as fast, because a schema says what comes
// next. Its methods are false for what is not there.
type lexer struct {
	body []byte
	at   int // up to where it is read
}

// next skips white space and looks at the byte behind it; 0 is the end, or a byte that begins nothing.
func (x *lexer) next() byte {
	for x.at < len(x.body) {
		switch c := x.body[x.at]; c {
		case ' ', '\n', '\t', '\r':
			x.at++
		default:
			return c
		}
	}
	return 0
}

// take skips white space, and c if it comes next.
func (x *lexer) take(c byte) bool {
	if x.next() != c {
		return false
	}
	x.at++
	return true
}

// word takes a literal if it comes next.
func (x *lexer) word(w string) bool {
	if x.next() != w[0] || len(x.body)-x.at < len(w) || string(x.body[x.at:x.at+len(w)]) != w {
		return false
	}
	x.at += len(w)
	return true
}

// quoted takes a string, quotes included; plain says that it stands for itself.
func (x *lexer) quoted() (s []byte, plain, ok bool) {
	if x.next() != '"' {
		return nil, false, false
	}
	b, start := x.body, x.at
	plain, ascii := true, true
	for i := start + 1; i < len(b); i++ {
		for i+8 < len(b) {
			skip := ordinary(binary.LittleEndian.Uint64(b[i:]))
			if i += skip; skip < 8 {
				break
			}
		}
		switch c := b[i]; {
		case c == '"':
			x.at = i + 1
			s = b[start:x.at]
			return s, plain, ascii || utf8.Valid(s)
		case c < ' ':
			return nil, false, false
		case c == '\\':
			plain = false
			i++ // what it escapes is judged when it is unquoted
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return nil, false, false
}

// ordinary is how many of the eight bytes of word, the lowest first, come before one that ends a string, escapes, is a
// control character or not ASCII.
func ordinary(word uint64) int {
	const each, high = 0x0101010101010101, 0x8080808080808080
	// Each term has a byte's high bit set if the byte is one of those, and above such a byte perhaps others.
	special := word | (word - each*' ') | (word ^ each*'"' - each) | (word ^ each*'\\' - each)
	return bits.TrailingZeros64(special&high) / 8
}

// number takes a number.
func (x *lexer) number() ([]byte, bool) {
	x.next()
	start := x.at
	x.one('-')
	if !x.one('0') && !x.digits() || x.one('.') && !x.digits() {
		return nil, false
	}
	if x.one('e') || x.one('E') {
		if !x.one('+') {
			x.one('-')
		}
		if !x.digits() {
			return nil, false
		}
	}
	return x.body[start:x.at], true
}

// one takes c if it stands right here.
func (x *lexer) one(c byte) bool {
	if x.at == len(x.body) || x.body[x.at] != c {
		return false
	}
	x.at++
	return true
}

// digits takes those that stand right here, at least one.
func (x *lexer) digits() bool {
	start := x.at
	for x.at < len(x.body) && x.body[x.at] >= '0' && x.body[x.at] <= '9' {
		x.at++
	}
	return x.at > start
}
