// Package schedule says when something is due: an NCrontab expression or the time between two runs, as Azure Functions reads timers.
//
// Its source is facts/functions-host.md §6.1: six fields "{second} {minute} {hour} {day} {month} {day-of-week}", five
// without the first, or a TimeSpan such as "00:05:00".
package schedule

import (
	"fmt"
	"strings"
	"time"
)

// Schedule is when something is due. The zero Schedule is due always.
type Schedule struct {
	cron  *Cron
	every time.Duration
}

// Parse reads a schedule; the empty text is the zero Schedule. Its error says what is wrong with the text.
func Parse(text string) (Schedule, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Schedule{}, nil
	}
	if !strings.ContainsAny(text, " \t") {
		every, err := ParseTimeSpan(text)
		if err != nil || every <= 0 {
			return Schedule{}, fmt.Errorf("%q is neither an NCrontab expression of five or six fields nor a TimeSpan such as 00:05:00", text)
		}
		return Schedule{every: every}, nil
	}
	c, err := ParseCron(text)
	if err != nil {
		return Schedule{}, err
	}
	return Schedule{cron: c}, nil
}

// Always tells the zero Schedule, which is due whenever it is asked.
func (s Schedule) Always() bool { return s == Schedule{} }

// Next is the first moment after t when it is due, by the wall clock of t's location; zero when there is none.
// For the zero Schedule it is t.
func (s Schedule) Next(t time.Time) time.Time {
	if s.cron == nil {
		return t.Add(s.every)
	}
	return s.cron.Next(t)
}

// Due tells whether it has become due after last and up to now.
func (s Schedule) Due(last, now time.Time) bool {
	next := s.Next(last)
	return s.Always() || !next.IsZero() && !next.After(now)
}
