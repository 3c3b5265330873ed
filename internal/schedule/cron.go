package schedule

import (
	"fmt"
	"strings"
	"time"
)

// Cron is a parsed expression. Its fields hold one bit for each allowed value.
type Cron struct {
	second, minute, hour, day, month, weekday uint64
}

// ParseCron reads six fields, or five without the seconds. Unlike with Unix cron, a day must match both its fields.
func ParseCron(expression string) (*Cron, error) {
	fields := strings.Fields(expression)
	if len(fields) == 5 {
		fields = append([]string{"0"}, fields...)
	}
	if len(fields) != 6 {
		return nil, fmt.Errorf("cron expression %q has %d fields, not six or five", expression, len(fields))
	}
	c := &Cron{}
	kinds := []field{
		{name: "second", max: 59}, {name: "minute", max: 59}, {name: "hour", max: 23},
		{name: "day of month", min: 1, max: 31}, {name: "month", min: 1, max: 12, names: monthNames()},
		{name: "day of week", max: 6, names: weekdayNames()},
	}
	for i, into := range []*uint64{&c.second, &c.minute, &c.hour, &c.day, &c.month, &c.weekday} {
		bits, err := kinds[i].parse(fields[i])
		if err != nil {
			return nil, fmt.Errorf("cron expression %q: %s: %w", expression, kinds[i].name, err)
		}
		*into = bits
	}
	return c, nil
}

// Next is the first occurrence after t, by the wall clock of t's location, or the zero time if there is none.
func (c *Cron) Next(t time.Time) time.Time {
	const horizon = 366 * 41 // 29 February on a given weekday comes at most 40 years apart
	year, month, day := t.Date()
	for ahead := range horizon {
		date := time.Date(year, month, day+ahead, 12, 0, 0, 0, t.Location()) // noon: every day has one
		if !has(c.month, int(date.Month())) || !has(c.day, date.Day()) || !has(c.weekday, int(date.Weekday())) {
			continue
		}
		if at, ok := c.within(date, t); ok {
			return at
		}
	}
	return time.Time{}
}

// within returns the first occurrence on the given date that is after t.
func (c *Cron) within(date, t time.Time) (time.Time, bool) {
	year, month, day := date.Date()
	clock := func(h, m, sec int) time.Time { return time.Date(year, month, day, h, m, sec, 0, t.Location()) }
	for h := range 24 {
		if !has(c.hour, h) || !clock(h, 59, 59).After(t) {
			continue
		}
		for m := range 60 {
			if !has(c.minute, m) || !clock(h, m, 59).After(t) {
				continue
			}
			for sec := range 60 {
				if at := clock(h, m, sec); has(c.second, sec) && at.After(t) {
					return at, true
				}
			}
		}
	}
	return time.Time{}, false
}

func has(bits uint64, value int) bool { return bits&(1<<value) != 0 }

func monthNames() []string {
	names := make([]string, 12)
	for i := range names {
		names[i] = time.Month(i + 1).String()
	}
	return names
}

func weekdayNames() []string {
	names := make([]string, 7)
	for i := range names {
		names[i] = time.Weekday(i).String()
	}
	return names
}
