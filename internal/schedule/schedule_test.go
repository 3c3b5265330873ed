package schedule_test

import (
	"testing"
	"time"

	"leadrelay/internal/schedule"
)

func at(text string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", text)
	if err != nil {
		panic(err) // a typing error in this file
	}
	return t
}

func TestNextOccurrenceIsNCrontabs_6_1(t *testing.T) {
	for _, c := range []struct{ expression, after, want string }{
		{"0 */5 * * * *", "2026-01-02 03:04:05", "2026-01-02 03:05:00"},
		{"0 */5 * * * *", "2026-01-02 03:05:00", "2026-01-02 03:10:00"}, // strictly after
		{"*/5 * * * *", "2026-01-02 03:04:05", "2026-01-02 03:05:00"},   // five fields: no seconds
		{"*/30 * * * * *", "2026-01-02 03:04:05", "2026-01-02 03:04:30"},
		{"0 0 0 29 2 *", "2026-01-02 03:04:05", "2028-02-29 00:00:00"},
		{"0 30 9-17/2 * * Mon-Fri", "2026-01-02 17:45:00", "2026-01-05 09:30:00"},
		{"0 0 0 1 jan,JULY *", "2026-01-02 00:00:00", "2026-07-01 00:00:00"},
		{"10/20 0 0 * * *", "2026-01-02 00:00:10", "2026-01-02 00:00:30"}, // a/n runs to the end of the field
		{"0 0 0 13 * fri", "2026-01-02 00:00:00", "2026-02-13 00:00:00"},  // both days must match
		{"0 0 22-2 * * *", "2026-01-02 00:00:00", "2026-01-02 02:00:00"},  // b-a is a-b
		{"59 59 23 31 12 *", "2026-12-31 23:59:58", "2026-12-31 23:59:59"},
		{"0 0 0 * * 0", "2026-01-02 00:00:00", "2026-01-04 00:00:00"}, // 0 is Sunday
	} {
		s, err := schedule.Parse(c.expression)
		if err != nil {
			t.Errorf("Parse(%q): %v", c.expression, err)
			continue
		}
		if got := s.Next(at(c.after)); !got.Equal(at(c.want)) {
			t.Errorf("%q after %s = %v, want %s", c.expression, c.after, got, c.want)
		}
	}
}

func TestNeverIsTheZeroTime_6_1(t *testing.T) {
	s, err := schedule.Parse("0 0 0 30 2 *")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Next(at("2026-01-02 00:00:00")); !got.IsZero() {
		t.Errorf("30 February = %v", got)
	}
}

func TestWhatNCrontabRefusesIsRefused_6_1(t *testing.T) {
	for _, text := range []string{"* * * *", "* * * * * * *", "60 * * * * *", "* * 24 * * *", "* * * 0 * *", "* * * * 13 *", "* * * * * 7", "a * * * * *", "*/x * * * * *", "1- * * * * *", ", * * * * *", "* * * * 0 *", "-1 * * * * *", "? * * * * *"} {
		if _, err := schedule.Parse(text); err == nil {
			t.Errorf("Parse(%q) gave no error", text)
		}
	}
}

func TestNoOccurrenceIsSkippedOrRepeatedAcrossSummerTime_6_1(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	s, err := schedule.Parse("0 30 * * * *")
	if err != nil {
		t.Fatal(err)
	}
	for _, day := range []time.Time{time.Date(2026, 3, 28, 22, 0, 0, 0, zone), time.Date(2026, 10, 24, 22, 0, 0, 0, zone)} {
		for now := day; now.Before(day.Add(12 * time.Hour)); {
			next := s.Next(now)
			if !next.After(now) || next.Sub(now) > 2*time.Hour {
				t.Fatalf("after %v comes %v", now, next)
			}
			now = next
		}
	}
}

// FuzzParse: whatever parses has occurrences that move forward and match.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"0 */5 * * * *", "*/5 * * * *", "0 0 0 29 2 Mon", "1,2-3/4 * * ? jan *", "* * * * * 7"} {
		f.Add(seed, int64(1_767_323_045))
	}
	f.Fuzz(func(t *testing.T, expression string, unix int64) {
		s, err := schedule.Parse(expression)
		if err != nil {
			return
		}
		now := time.Unix(unix%4_000_000_000, 0).UTC()
		for range 3 {
			next := s.Next(now)
			if next.IsZero() || s.Always() {
				return
			}
			if !next.After(now) {
				t.Fatalf("%q: after %v comes %v", expression, now, next)
			}
			now = next
		}
	})
}

func TestTimeSpanIsTheTimeBetweenRuns(t *testing.T) {
	for text, want := range map[string]time.Duration{"00:05:00": 5 * time.Minute, "1.12:00": 36 * time.Hour, "00:00:00.5": 500 * time.Millisecond, "2": 48 * time.Hour} {
		s, err := schedule.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := s.Next(at("2026-01-02 00:00:00")); got.Sub(at("2026-01-02 00:00:00")) != want {
			t.Errorf("%s: next after %s", text, got.Sub(at("2026-01-02 00:00:00")))
		}
	}
	for _, text := range []string{"00:00:00", "-00:05:00", "5m", "25:00:00", "00:60:00", "every", "00:05:00:00:00"} {
		if _, err := schedule.Parse(text); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

func TestDueWhenAnOccurrenceHasPassedSinceTheLastRun(t *testing.T) {
	for _, c := range []struct {
		text, last, now string
		due             bool
	}{
		{"", "2026-01-02 03:00:00", "2026-01-02 03:00:00", true},
		{"0 0 * * * *", "2026-01-02 03:00:00", "2026-01-02 03:59:59", false},
		{"0 0 * * * *", "2026-01-02 03:00:00", "2026-01-02 04:00:00", true},
		{"0 0 * * * *", "2026-01-02 03:00:00", "2026-02-02 04:00:00", true},
		{"00:10:00", "2026-01-02 03:00:00", "2026-01-02 03:09:59", false},
		{"00:10:00", "2026-01-02 03:00:00", "2026-01-02 03:10:00", true},
		{"0 0 0 30 2 *", "2026-01-02 03:00:00", "2036-01-02 03:00:00", false},
	} {
		s, err := schedule.Parse(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Due(at(c.last), at(c.now)); got != c.due {
			t.Errorf("%q after %s at %s: due is %v", c.text, c.last, c.now, got)
		}
	}
}
