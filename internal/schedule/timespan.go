package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseTimeSpan reads "[-][d.]hh:mm[:ss[.fffffff]]", "d:hh:mm:ss" or a whole number of days.
func ParseTimeSpan(text string) (time.Duration, error) {
	refused := fmt.Errorf("%q is not a TimeSpan such as 00:05:00", text)
	clock, negative := strings.CutPrefix(strings.TrimSpace(text), "-")
	days := "0"
	if head, tail, ok := strings.Cut(clock, "."); ok && strings.Contains(tail, ":") {
		days, clock = head, tail
	}
	clock, fraction, fractional := strings.Cut(clock, ".")
	parts := strings.Split(clock, ":")
	switch {
	case len(parts) == 1 && days == "0" && !fractional:
		days, parts = parts[0], []string{"0", "0", "0"}
	case len(parts) == 2 && !fractional:
		parts = append(parts, "0")
	case len(parts) == 4 && days == "0":
		days, parts = parts[0], parts[1:]
	}
	if len(parts) != 3 || (fractional && fraction == "") || len(fraction) > 7 {
		return 0, refused
	}
	limits := []uint64{100_000, 23, 59, 59, 9_999_999}
	units := []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second, 100 * time.Nanosecond}
	var total time.Duration
	for i, part := range []string{days, parts[0], parts[1], parts[2], (fraction + "0000000")[:7]} {
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil || n > limits[i] || strings.HasPrefix(part, "+") {
			return 0, refused
		}
		total += time.Duration(n) * units[i]
	}
	if negative {
		total = -total
	}
	return total, nil
}
