package timer

import (
	"fmt"
	"time"

	"leadrelay/internal/schedule"
)

// Schedule says when a timer fires: a cron expression, or a TimeSpan between two runs (functions-host.md §6.1).
type Schedule struct {
	cron  *schedule.Cron
	every time.Duration
}

// ParseSchedule reads a schedule whose settings have been put in.
func ParseSchedule(text string) (Schedule, error) {
	c, err := schedule.ParseCron(text)
	if err == nil {
		return Schedule{cron: c}, nil
	}
	every, errSpan := schedule.ParseTimeSpan(text)
	if errSpan != nil || every <= 0 {
		return Schedule{}, fmt.Errorf("The schedule expression '%s' was not recognized as a valid cron expression or timespan string: %w", text, err)
	}
	return Schedule{every: every}, nil
}

// Next returns the first occurrence after t, by the machine's local time, or the zero time if there is none.
func (s Schedule) Next(t time.Time) time.Time {
	if s.cron == nil {
		return t.Add(s.every)
	}
	return s.cron.Next(t.Local())
}

// AdjustForDST is true of cron expressions (§2.4).
func (s Schedule) AdjustForDST() bool { return s.cron != nil }

// SubMinute reports whether the timer is too quick to be monitored: more than one occurrence in the minute after t, or a TimeSpan
// below a minute (§6.1).
func (s Schedule) SubMinute(t time.Time) bool {
	if s.cron == nil {
		return s.every < time.Minute
	}
	first := s.cron.Next(t)
	if first.IsZero() {
		return false
	}
	second := s.cron.Next(first)
	return !second.IsZero() && second.Before(t.Add(time.Minute))
}
