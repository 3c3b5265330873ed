package table

import (
	"strings"

	"leadrelay/internal/lead"
)

// rowKey names a row.
type rowKey struct{ partition, row string }

// maxKey is the length of a key that the service takes (1 KiB, told in UTF-16; here in bytes, to be safe).
const maxKey = 512

func keyOf(partner, id string) (rowKey, error) {
	k := rowKey{Key(partner), Key(id)}
	switch {
	case partner == "" || id == "":
		return k, lead.Errorf(lead.Refused, "the lead has no id")
	case len(k.partition) > maxKey || len(k.row) > maxKey:
		return k, lead.Errorf(lead.Refused, "the lead's id is too long for a key")
	}
	return k, nil
}

const hexDigits = "0123456789ABCDEF"

// Key writes an id so that a table takes it as a key: letters, digits and -._:@+=|,!()*$;~ and the space stand for
// themselves, every other byte is ^ and two hex digits. Two ids never have the same key; [ID] goes back.
func Key(id string) string {
	first := 0
	for first < len(id) && plain(id[first]) {
		first++
	}
	if first == len(id) {
		return id
	}
	var b strings.Builder
	b.WriteString(id[:first])
	for i := first; i < len(id); i++ {
		c := id[i]
		if plain(c) {
			b.WriteByte(c)
		} else {
			b.WriteByte('^')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		}
	}
	return b.String()
}

// plain leaves out what the service forbids (/ \ # ? and controls), what URLs, the SDK and filters would touch (% & ' ")
// and everything that is not ASCII, whose normal forms differ.
func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._:@+=|,!()*$;~ ", c) >= 0
}

// ID is the id that [Key] wrote.
func ID(key string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(key); i++ {
		if key[i] != '^' {
			b.WriteByte(key[i])
			continue
		}
		if i+2 >= len(key) {
			return "", errNotOurs
		}
		hi, lo := strings.IndexByte(hexDigits, key[i+1]), strings.IndexByte(hexDigits, key[i+2])
		if hi < 0 || lo < 0 {
			return "", errNotOurs
		}
		b.WriteByte(byte(hi<<4 | lo))
		i += 2
	}
	return b.String(), nil
}

// errNotOurs says that a row was written by somebody else.
var errNotOurs = lead.Errorf(lead.Internal, "a row that leadrelay did not write")
