package newtonsoft

import (
	"regexp"
	"strings"
	"time"
)

// Date is a .NET DateTime: a moment and whether its text named UTC, an offset (now the machine's own), or neither.
type Date struct {
	Time time.Time
	// Zone is "Z", "offset" or "".
	Zone string
}

// dated turns a string that looks like an ISO date and time into a Date, as Newtonsoft does unless told otherwise.
// This is the one place of unconfirmed fact N9: how date-looking strings are re-formatted (functions-host.md §3).
func dated(text string) Value {
	if len(text) < 19 || len(text) > 40 || text[10] != 'T' {
		return text
	}
	m := regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,7})?(Z|[+-]\d\d:\d\d)?$`).FindStringSubmatch(text)
	if m == nil {
		return text
	}
	zone, parseAs := m[3], m[3]
	if zone == "" {
		parseAs = "Z"
	}
	t, err := time.Parse("2006-01-02T15:04:05.9999999Z07:00", m[1]+m[2]+parseAs)
	if err != nil {
		return text
	}
	if zone != "" && zone != "Z" {
		return Date{Time: t.Local(), Zone: "offset"}
	}
	return Date{Time: t.UTC(), Zone: zone}
}

// String is the date as Newtonsoft writes it: seven digits of a second at most, no trailing zeros.
func (d Date) String() string {
	text := d.Time.Format("2006-01-02T15:04:05.9999999")
	switch d.Zone {
	case "Z":
		return text + "Z"
	case "offset":
		return text + Offset(d.Time)
	}
	return text
}

// Invariant is the date as .NET's invariant culture writes it.
func (d Date) Invariant() string { return d.Time.Format("01/02/2006 15:04:05") }

// DateTimeOffset writes a moment as Newtonsoft writes a DateTimeOffset: "2026-01-02T03:04:05.0123456+00:00".
func DateTimeOffset(t time.Time) string {
	return t.Format("2006-01-02T15:04:05.9999999") + Offset(t)
}

// Offset is the moment's offset from UTC, "+00:00" and never "Z".
func Offset(t time.Time) string {
	return strings.Replace(t.Format("-07:00"), "Z", "+00:00", 1)
}
