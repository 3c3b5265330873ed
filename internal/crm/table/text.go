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

// utf16Len is the length of a text as the service counts it.
func utf16Len(b []byte) (n int) {
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		n++
		if r > 0xFFFF {
			n++
		}
		b = b[size:]
	}
	return n
}
