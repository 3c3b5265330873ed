package timer

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"leadrelay/local/host/newtonsoft"
)

// Status is what is remembered of a timer between two runs of the host (functions-host.md §2.4, §6.1). Zero times are .NET's "0001-01-01".
type Status struct {
	Last, Next, LastUpdated time.Time
}

// MarshalJSON writes the status as the real host's blob has it.
func (s Status) MarshalJSON() ([]byte, error) { return []byte(newtonsoft.Compact(s.object())), nil }

// UnmarshalJSON reads a status blob.
func (s *Status) UnmarshalJSON(text []byte) error {
	var fields struct{ Last, Next, LastUpdated string }
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	for into, value := range map[*time.Time]string{&s.Last: fields.Last, &s.Next: fields.Next, &s.LastUpdated: fields.LastUpdated} {
		t, err := parseTime(value)
		if err != nil {
			return fmt.Errorf("timer status: %w", err)
		}
		*into = t
	}
	return nil
}

func parseTime(text string) (time.Time, error) {
	if text == "" || strings.HasPrefix(text, "0001-01-01T00:00:00") {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil { // an older host wrote local times without an offset
		t, err = time.ParseInLocation("2006-01-02T15:04:05.999999999", text, time.Local)
	}
	return t.Local(), err
}

func (s Status) object() *newtonsoft.Object {
	o := &newtonsoft.Object{}
	for _, f := range []struct {
		name string
		at   time.Time
	}{{"Last", s.Last}, {"Next", s.Next}, {"LastUpdated", s.LastUpdated}} {
		text := "0001-01-01T00:00:00+00:00"
		if !f.at.IsZero() {
			text = newtonsoft.DateTimeOffset(f.at.Local())
		}
		o.Set(f.name, text)
	}
	return o
}

// Info is the value of a timer trigger (§2.4); status is nil for a timer that is not monitored.
func Info(s Schedule, status *Status, pastDue bool) *newtonsoft.Object {
	schedule := &newtonsoft.Object{}
	schedule.Set("AdjustForDST", s.AdjustForDST())
	o := &newtonsoft.Object{}
	o.Set("Schedule", schedule)
	o.Set("ScheduleStatus", nil)
	if status != nil {
		o.Set("ScheduleStatus", status.object())
	}
	o.Set("IsPastDue", pastDue)
	return o
}

// resume works out where a monitored timer stands at the start of its listener (§6.1): the status to go on with, whether it must be
// saved, and whether the timer is past due. found is nil if there never was one.
func resume(s Schedule, found *Status, now time.Time) (status Status, save, pastDue bool) {
	if found == nil { // the first start ever: remember the next occurrence, do not fire
		return Status{Next: s.Next(now), LastUpdated: now}, true, false
	}
	status = *found
	base := status.Last
	if base.IsZero() {
		base = status.LastUpdated
	}
	expected := status.Next
	if !base.IsZero() {
		expected = s.Next(base)
	}
	if !expected.Equal(status.Next) { // the schedule was changed: count from now, and not as past due
		if now.After(expected) {
			expected = s.Next(now)
		}
		status, save = Status{Next: expected, LastUpdated: base}, true
	}
	return status, save, now.After(status.Next)
}
