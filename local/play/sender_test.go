package play_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leadrelay/local/play"
)

// far is a receiver in memory, so that a test may stop the clock.
type far struct {
	mu      sync.Mutex
	start   time.Time
	takes   time.Duration
	answer  func(n int) int // the status of the n-th request, from 0
	came    []time.Duration // since the first request
	now     int
	crowded int // the most requests at a time
}

func (f *far) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	if f.start.IsZero() {
		f.start = time.Now()
	}
	n := len(f.came)
	f.came = append(f.came, time.Since(f.start))
	f.now++
	f.crowded = max(f.crowded, f.now)
	f.mu.Unlock()
	defer func() { f.mu.Lock(); f.now--; f.mu.Unlock() }()
	select {
	case <-time.After(f.takes):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: f.answer(n), Body: io.NopCloser(strings.NewReader("{}")), Header: http.Header{}, Request: r}, nil
}

func always(status int) func(int) int { return func(int) int { return status } }

func (f *far) sender(p play.Partner) *play.Sender {
	return &play.Sender{Partner: p, Endpoint: play.Endpoint{URL: "https://far.example/hook", Client: &http.Client{Transport: f}}}
}

func some(t testing.TB, p play.Partner, count int) iter.Seq[play.Notification] {
	t.Helper()
	next, err := p.Generate(play.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(play.Notification) bool) {
		for i := range count {
			if !yield(next(i)) {
				return
			}
		}
	}
}

func seconds(all ...float64) []time.Duration {
	var out []time.Duration
	for _, s := range all {
		out = append(out, time.Duration(s*float64(time.Second)))
	}
	return out
}

func TestTriesComeExactlyWhenTheDocumentSays(t *testing.T) {
	for _, c := range []struct {
		kind  string
		takes time.Duration
		fast  int
		want  []time.Duration
	}{
		{kind: "crf", want: seconds(0)},                                                 // no retry is named
		{kind: "credzu", want: seconds(0, 5, 25, 85)},                                   // 85 s in all
		{kind: "credzu", takes: 2 * time.Second, want: seconds(0, 7, 29, 91)},           // each delay after the failure
		{kind: "cr3dentials", want: seconds(0, 1, 3, 7, 15, 31)},                        // 31 s in all
		{kind: "cr3dentials", takes: time.Minute, want: seconds(0, 11, 23, 37, 55, 81)}, // each try ends after 10 s
		{kind: "referral", want: seconds(0, 5, 305, 2_105, 9_305, 27_305)},
		{kind: "credzu", fast: 100, want: seconds(0, .05, .25, .85)},
		{kind: "referral", fast: 100, want: seconds(0, .05, 3.05, 21.05, 93.05, 273.05)},
	} {
		t.Run(fmt.Sprint(c.kind, c.takes, c.fast), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &far{takes: c.takes, answer: always(503)}
				s := f.sender(find(t, c.kind))
				s.Fast = c.fast
				sum := s.Run(t.Context(), some(t, s.Partner, 1))
				if !slices.Equal(f.came, c.want) {
					t.Errorf("tries at %v, want %v", f.came, c.want)
				}
				if sum.Sent != 1 || sum.GaveUp != 1 || sum.Accepted != 0 || sum.Tries != len(c.want) || len(sum.Then) == 0 {
					t.Errorf("%+v", sum)
				}
			})
		})
	}
}

func TestARetryThatSucceedsEndsTheTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{takes: 10 * time.Millisecond, answer: func(n int) int { return []int{503, 204, 200}[n] }}
		s := f.sender(find(t, "credzu")) // which does not take 204
		var steps []play.Step
		s.On = func(step play.Step) { steps = append(steps, step) }
		sum := s.Run(t.Context(), some(t, s.Partner, 1))
		if sum.Accepted != 1 || sum.Retried != 1 || sum.Tries != 3 || sum.GaveUp != 0 || len(sum.Then) != 0 {
			t.Errorf("%+v", sum)
		}
		if time.Duration(sum.P50) != 10*time.Millisecond || sum.Answers["503"] != 1 || sum.Answers["204"] != 1 || sum.Answers["200"] != 1 {
			t.Errorf("%+v", sum)
		}
		if len(steps) != 3 || steps[0].Verdict != play.Retry || steps[0].Wait != 5*time.Second || steps[2].Verdict != play.Accepted || steps[2].Wait != 0 {
			t.Errorf("%+v", steps)
		}
	})
}

func TestCr3dentialsSendsNothingOnceTheWebhookIsInactive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{answer: always(500)}
		s := f.sender(find(t, "cr3dentials"))
		s.Rate = 0.1 // every ten seconds: the first is given up after 31
		sum := s.Run(t.Context(), some(t, s.Partner, 10))
		if !sum.Off || sum.Sent != 4 || sum.GaveUp != 4 || sum.NotSent != 6 || time.Duration(sum.Elapsed) != 31*time.Second {
			t.Errorf("%+v", sum)
		}
		if len(sum.Then) != 1 || !strings.Contains(sum.Then[0], "re-activate it in the Partner Portal") {
			t.Errorf("then %q", sum.Then)
		}
	})
}

func TestSvixDisablesTheEndpointAfterFiveDaysOfFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const day = 24 * time.Hour
		f := &far{answer: func(n int) int { return map[bool]int{true: 200, false: 500}[n < 1] }}
		s := f.sender(find(t, "referral"))
		s.Rate = 1 / day.Seconds()
		sum := s.Run(t.Context(), some(t, s.Partner, 12)) // the first gets through, the failures begin a day later
		if !sum.Off || sum.Accepted != 1 || sum.Sent != 7 || sum.NotSent != 5 || time.Duration(sum.Elapsed).Round(time.Minute) != 6*day {
			t.Errorf("%+v", sum)
		}
	})
}

func TestASuccessEndsTheDaysOfFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{answer: func(n int) int { return map[bool]int{true: 200, false: 500}[n%7 == 6] }}
		s := f.sender(find(t, "referral"))
		s.Rate = 1 / (24 * time.Hour).Seconds()
		if sum := s.Run(t.Context(), some(t, s.Partner, 14)); sum.Off || sum.Sent != 14 {
			t.Errorf("%+v", sum)
		}
	})
}

func TestSideBySideOnlyAsThePartnerDoes(t *testing.T) {
	for kind, want := range map[string]int{"crf": 1, "referral": 1, "credzu": 8, "cr3dentials": 8} {
		synctest.Test(t, func(t *testing.T) {
			f := &far{takes: time.Second, answer: always(200)}
			s := f.sender(find(t, kind))
			if sum := s.Run(t.Context(), some(t, s.Partner, 40)); sum.Accepted != 40 || f.crowded != want {
				t.Errorf("%s: %d at a time, want %d; %+v", kind, f.crowded, want, sum)
			}
		})
	}
}

func TestRateSpacesNewNotifications(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{answer: always(200)}
		s := f.sender(find(t, "credzu"))
		s.Rate = 4
		s.Run(t.Context(), some(t, s.Partner, 5))
		if want := seconds(0, .25, .5, .75, 1); !slices.Equal(f.came, want) {
			t.Errorf("at %v, want %v", f.came, want)
		}
	})
}

func TestStoppingEndsAtOnceAndCountsWhatWasUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		f := &far{answer: always(500)}
		s := f.sender(find(t, "credzu"))
		s.Rate = 1
		sum := s.Run(ctx, some(t, s.Partner, 100))
		if time.Duration(sum.Elapsed) != 3*time.Second || sum.Stopped == 0 || sum.Stopped != sum.Sent || sum.Accepted+sum.GaveUp+sum.NotSent != 0 {
			t.Errorf("%+v", sum)
		}
	})
}

func TestSummaryTellsAPersonWhatHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{takes: 3 * time.Millisecond, answer: func(n int) int { return map[bool]int{true: 200, false: 503}[n == 0] }}
		s := f.sender(find(t, "crf"))
		var b strings.Builder
		if err := s.Run(t.Context(), some(t, s.Partner, 2)).Write(&b, s.Partner); err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"CRF Connect: 2 leads sent, 1 accepted, in 6ms", "gave up   1", "answers   200 × 1, 503 × 1", "latency   p50 3ms, p99 3ms", "Send Lead"} {
			if !strings.Contains(b.String(), part) {
				t.Errorf("no %q in\n%s", part, &b)
			}
		}
	})
}
