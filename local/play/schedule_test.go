package play_test

import (
	"slices"
	"testing"
	"time"

	"leadrelay/local/play"
)

// find is a partner that must exist.
func find(t testing.TB, kind string) play.Partner {
	t.Helper()
	p, err := play.Find(kind)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSchedulesAreTheDocuments(t *testing.T) {
	const s, m, h = time.Second, time.Minute, time.Hour
	for kind, want := range map[string]struct {
		waits    []time.Duration
		timeout  time.Duration // 0: the document names none
		together int           // 0: the document names none
		window   time.Duration
		yes, no  []int
	}{
		// seeds/001: no retries named; "PUSH … a single lead at a time".
		"crf": {together: 1, yes: []int{200, 201, 204}, no: []int{199, 301, 400, 500}},
		// seeds/000 "Retry Logic": 1 immediate, 2 after 5 s, 3 after 20 s, 4 after 60 s; "fails to respond with 200 OK".
		"credzu": {waits: []time.Duration{5 * s, 20 * s, 60 * s}, yes: []int{200}, no: []int{201, 202, 204, 302, 404, 503}},
		// seeds/004 "Error Handling and Retries": "1s, 2s, 4s, 8s, 16s"; "Response Requirements": 2xx within 10 seconds.
		"cr3dentials": {waits: []time.Duration{1 * s, 2 * s, 4 * s, 8 * s, 16 * s}, timeout: 10 * s, yes: []int{200, 201, 204}, no: []int{301, 404, 500}},
		// seeds/003 "Retry Policy": 5 retries, 7 days, "One delivery attempt at a time". The delays are an assumption.
		"referral": {waits: []time.Duration{5 * s, 5 * m, 30 * m, 2 * h, 5 * h}, together: 1, window: 7 * 24 * h, yes: []int{200, 202, 204}, no: []int{302, 410, 500}},
	} {
		got := find(t, kind).Schedule
		if !slices.Equal(got.Waits, want.waits) || got.Window != want.window {
			t.Errorf("%s: waits %v in %v, want %v in %v", kind, got.Waits, got.Window, want.waits, want.window)
		}
		if want.timeout != 0 && got.Timeout != want.timeout || got.Timeout <= 0 {
			t.Errorf("%s: timeout %v, want %v", kind, got.Timeout, want.timeout)
		}
		if want.together != 0 && got.Together != want.together || got.Together < 1 {
			t.Errorf("%s: %d tries at a time, want %d", kind, got.Together, want.together)
		}
		for _, status := range append(want.yes, want.no...) {
			if got.Accepts(status) != slices.Contains(want.yes, status) {
				t.Errorf("%s: %d counts as received: %v", kind, status, got.Accepts(status))
			}
		}
		if got.Source == "" || got.Assumed == "" || got.GaveUp == "" {
			t.Errorf("%s does not say where its schedule comes from and what it assumes", kind)
		}
	}
}
