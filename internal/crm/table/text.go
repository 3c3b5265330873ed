package table

import (
	"strings"
	"unicode/utf8"
)

// forbidden tells the characters that a text of the service cannot be trusted to hold.
func forbidden(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
}

// plainText is a text for a column: without forbidden characters, and cut to maxColumn bytes.
func plainText(s string) string {
	s = strings.Map(func(r rune) rune {
		if forbidden(r) {
			return -1
		}
		return r
	}, s)
	if len(s) <= maxColumn {
		return s
	}
	end := maxColumn
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// readable tells whether a text can be a property as it is: UTF-8 without forbidden characters, and not longer than maxText
// as the service counts it, in UTF-16.
func readable(b []byte) bool {
	n := 0
	for i := 0; i < len(b); n++ {
		if c := b[i]; c >= ' ' && c < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 || forbidden(r) {
			return false
		}
		if r > 0xFFFF {
			n++
		}
		i += size
	}
	return n <= maxText
}
