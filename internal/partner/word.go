package partner

import (
	"strings"

	"leadrelay/internal/lead"
)

// Invalid is the error of a payload that breaks its document.
func Invalid(faults ...lead.Fault) error { return &lead.Error{Kind: lead.Invalid, Faults: faults} }

// Word is a partner's own word as part of an event type: lower case, at most 64 characters of a-z, 0-9, "_", "." and
// "-", anything else as "_".
func Word(s string) string {
	if len(s) <= 64 && !strings.ContainsFunc(s, notInWord) {
		return s
	}
	b := []byte(strings.ToLower(s[:min(len(s), 64)]))
	for i, c := range b {
		if notInWord(rune(c)) {
			b[i] = '_'
		}
	}
	return string(b[:min(len(b), 64)])
}

func notInWord(c rune) bool {
	return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '.' && c != '-'
}
