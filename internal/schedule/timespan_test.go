package schedule_test

import (
	"testing"
	"time"

	"leadrelay/internal/schedule"
)

func TestTimeSpansAreReadAsDotNetReadsThem_1_2(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"00:05:00":         5 * time.Minute,
		"00:05":            5 * time.Minute,
		"1":                24 * time.Hour,
		"1.02:03:04":       26*time.Hour + 3*time.Minute + 4*time.Second,
		"1:02:03:04":       26*time.Hour + 3*time.Minute + 4*time.Second,
		"00:00:00.1":       100 * time.Millisecond,
		"00:00:00.0000001": 100 * time.Nanosecond,
		"-00:00:01":        -time.Second,
		" 00:00:01 ":       time.Second,
		"1.00:00:00.5":     24*time.Hour + 500*time.Millisecond,
	} {
		if got, err := schedule.ParseTimeSpan(text); err != nil || got != want {
			t.Errorf("Parse(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestWhatIsNoTimeSpanIsRefused_1_2(t *testing.T) {
	for _, text := range []string{"", "5m", "24:00:00", "00:60:00", "00:00:60", "00:00:00.", "00:00:00.12345678", "1:2:3:4:5", "+1", "00:05.5", "a:b:c", "--1", "1.5"} {
		if got, err := schedule.ParseTimeSpan(text); err == nil {
			t.Errorf("Parse(%q) = %v, want an error", text, got)
		}
	}
}
