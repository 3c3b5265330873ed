package play

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Summary is what became of a run. Each notification is one of accepted, gave up, stopped and not sent.
type Summary struct {
	Partner  string         `json:"partner"`
	Sent     int            `json:"sent"`     // notifications that were tried
	Accepted int            `json:"accepted"` // by what the partner takes for success
	Retried  int            `json:"retried"`  // of those sent, tried more than once
	GaveUp   int            `json:"gave_up"`
	Stopped  int            `json:"stopped"`  // under way when the run was stopped
	NotSent  int            `json:"not_sent"` // the partner had switched the webhook off
	Tries    int            `json:"tries"`
	Answers  map[string]int `json:"answers"` // tries by status; "none" without an answer
	P50      Millis         `json:"p50_ms"`  // of the answers, until the whole answer was there
	P99      Millis         `json:"p99_ms"`
	Elapsed  Millis         `json:"elapsed_ms"`
	Fast     int            `json:"fast"` // what the partner's waits were divided by
	Off      bool           `json:"switched_off"`
	Then     []string       `json:"then,omitempty"` // what the partner would do now

	took []time.Duration
}

// Millis is a time that JSON tells in milliseconds, with a tenth.
type Millis time.Duration

// MarshalJSON writes a number.
func (m Millis) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, math.Round(float64(m)/1e5)/10, 'f', -1, 64), nil
}

func (s *Summary) count(step Step) {
	if step.Try == 1 {
		s.Sent++
	}
	if step.Try == 2 {
		s.Retried++
	}
	switch {
	case step.Verdict == Stopped: // an answer that nobody waited for
	case step.Attempt.Err != nil:
		s.Tries++
		s.Answers["none"]++
	default:
		s.Tries++
		s.Answers[strconv.Itoa(step.Attempt.Status)]++
		s.took = append(s.took, step.Attempt.Took)
	}
	switch step.Verdict {
	case Accepted:
		s.Accepted++
	case GaveUp:
		s.GaveUp++
	case Stopped:
		s.Stopped++
	case Retry: // not decided yet
	}
}

func (s *Summary) finish(schedule Schedule, off bool) {
	slices.Sort(s.took)
	s.P50, s.P99 = Millis(percentile(s.took, 50)), Millis(percentile(s.took, 99))
	s.Off = off
	if s.GaveUp > 0 && !(off && schedule.Off(Trial{Last: true})) { // where giving up itself switches off, that says it all
		s.Then = append(s.Then, schedule.GaveUp)
	}
	if off {
		s.Then = append(s.Then, schedule.SwitchOff)
	}
}

// percentile is the nearest rank of sorted values, 0 of none.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)*p+99)/100-1]
}

// Write tells it to a person.
func (s Summary) Write(w io.Writer, p Partner) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s sent, %d accepted, in %v\n", p.Title, Count(s.Sent, p.Unit), s.Accepted, rounded(time.Duration(s.Elapsed)))
	for _, line := range []struct {
		name string
		n    int
	}{{"retried", s.Retried}, {"gave up", s.GaveUp}, {"stopped", s.Stopped}, {"not sent", s.NotSent}} {
		if line.n > 0 {
			fmt.Fprintf(&b, "  %-9s %d\n", line.name, line.n)
		}
	}
	if len(s.Answers) > 0 {
		var answers []string
		for _, status := range slices.Sorted(maps.Keys(s.Answers)) {
			answers = append(answers, fmt.Sprintf("%s × %d", status, s.Answers[status]))
		}
		fmt.Fprintf(&b, "  %-9s %s\n", "answers", strings.Join(answers, ", "))
	}
	if len(s.took) > 0 {
		fmt.Fprintf(&b, "  %-9s p50 %v, p99 %v\n", "latency", rounded(time.Duration(s.P50)), rounded(time.Duration(s.P99)))
	}
	if s.Fast > 1 {
		fmt.Fprintf(&b, "  %-9s the waits between tries were divided by %d\n", "clock", s.Fast)
	}
	for _, then := range s.Then {
		fmt.Fprintf(&b, "%s.\n", then)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Count is a number of things: "1 lead", "2 leads".
func Count(n int, unit string) string {
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}

// rounded is a duration as people say it.
func rounded(d time.Duration) time.Duration {
	switch {
	case d >= 10*time.Second:
		return d.Round(100 * time.Millisecond)
	case d >= 10*time.Millisecond:
		return d.Round(time.Millisecond)
	default:
		return d.Round(100 * time.Microsecond)
	}
}
