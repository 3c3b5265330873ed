package lead

import (
	"strings"
	"time"
)

// IsUUID says whether s is 8-4-4-4-12 hexadecimal digits, in either case.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c|0x20 >= 'a' && c|0x20 <= 'f':
		case c != '-':
			return false
		}
	}
	return strings.Count(s, "-") == 4 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-'
}

// ParseTime reads RFC 3339 with any number of fractional digits (those after the ninth are dropped), a zone without a
// colon as PHP writes it, or no zone, which is taken for UTC. What is none of these gives the zero time.
func ParseTime(s string) time.Time {
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
