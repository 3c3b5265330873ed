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
	layout, _ := timeLayout(s)
	t, err := time.Parse(layout, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// IsZonedTime says whether s is a time that [ParseTime] reads and that names its zone.
func IsZonedTime(s string) bool {
	layout, zoned := timeLayout(s)
	if !zoned {
		return false
	}
	_, err := time.Parse(layout, s)
	return err == nil
}

// timeLayout is the only layout that s may have, by its end: to try one in vain costs more than to read a time.
func timeLayout(s string) (layout string, zoned bool) {
	sign := func(c byte) bool { return c == '+' || c == '-' }
	switch n := len(s); {
	case n > 0 && s[n-1] == 'Z', n > 6 && s[n-3] == ':' && sign(s[n-6]):
		return time.RFC3339, true
	case n > 5 && sign(s[n-5]):
		return "2006-01-02T15:04:05Z0700", true
	default:
		return "2006-01-02T15:04:05", false
	}
}
