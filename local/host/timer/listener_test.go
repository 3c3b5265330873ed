package timer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leadrelay/local/host/function"
	"leadrelay/local/host/hosttest"
	"leadrelay/local/host/invoke"
	"leadrelay/local/host/newtonsoft"
)

// memory is a Store.
type memory struct {
	mu     sync.Mutex
	status map[string]Status
	saves  int
	fail   error
}

func (m *memory) Load(_ context.Context, name string) (*Status, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.status[name]; ok {
		return &s, m.fail
	}
	return nil, m.fail
}

func (m *memory) Save(_ context.Context, name string, s Status) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.status[name] = s
	m.saves++
	return nil
}

// one is a Lock that one listener at a time can hold.
type one struct {
	mu   sync.Mutex
	held *oneHold
}

type oneHold struct {
	lock *one
	lost chan struct{}
}

func (o *one) Take(context.Context, string) (Hold, bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.held != nil {
		return nil, false, nil
	}
	o.held = &oneHold{o, make(chan struct{})}
	return o.held, true, nil
}

func (h *oneHold) Lost() <-chan struct{} { return h.lost }

func (h *oneHold) Release() {
	h.lock.mu.Lock()
	defer h.lock.mu.Unlock()
	if h.lock.held == h {
		h.lock.held = nil
	}
}

// ticks is an Invoker that notes when it was called and with what.
type ticks struct {
	mu     sync.Mutex
	began  time.Time
	runs   []string // "+5m0s", "+1m0s past due"
	infos  []string
	answer func(n int) error
}

func (k *ticks) Invoke(_ context.Context, _ *function.Function, _ string, p invoke.Payload) error {
	k.mu.Lock()
	info := newtonsoft.Compact(p.Value)
	run := fmt.Sprintf("+%v", time.Since(k.began))
	if strings.Contains(info, `"IsPastDue":true`) {
		run += " past due"
	}
	k.runs = append(k.runs, run)
	k.infos = append(k.infos, info)
	n := len(k.runs)
	k.mu.Unlock()
	if k.answer == nil {
		return nil
	}
	return k.answer(n)
}

func (k *ticks) list() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.runs)
}

// scene is one timer in a bubble of synctest, where it is midnight UTC of 1 January 2000.
type scene struct {
	*Listener
	store *memory
	ticks *ticks
	log   *hosttest.Log
}

func newScene(t *testing.T, schedule string) *scene {
	t.Helper()
	s, err := ParseSchedule(schedule)
	if err != nil {
		t.Fatal(err)
	}
	c := &scene{store: &memory{status: map[string]Status{}}, ticks: &ticks{began: time.Now()}, log: hosttest.NewLog()}
	c.Listener = &Listener{Function: &function.Function{Name: "Sweep", Trigger: function.Binding{Name: "timer", UseMonitor: true}},
		Schedule: s, Store: c.store, Retry: time.Minute, Invoker: c.ticks, Log: c.log.Log}
	return c
}

// run lets the listener work for d and then ends it.
func (c *scene) run(d time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	c.Run(ctx, context.Background(), func() {})
}

func (c *scene) want(t *testing.T, runs ...string) {
	t.Helper()
	if got := c.ticks.list(); !slices.Equal(got, runs) {
		t.Errorf("runs = %q, want %q", got, runs)
	}
}

func TestFirstStartEverWritesAStatusAndDoesNotFire_6_1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newScene(t, "0 */5 * * * *")
		began := time.Now()
		c.run(time.Minute)
		c.want(t)
		if s := c.store.status["Sweep"]; !s.Last.IsZero() || !s.Next.Equal(began.Add(5*time.Minute)) || !s.LastUpdated.Equal(began) {
			t.Errorf("status = %+v", s)
		}
	})
}

func TestTimerFiresAtItsOccurrencesAndIsToldItsStatus_2_4_6_1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newScene(t, "0 */5 * * * *")
		began := time.Now()
		c.run(16 * time.Minute)
		c.want(t, "+5m0s", "+10m0s", "+15m0s")
		if s := c.store.status["Sweep"]; !s.Last.Equal(began.Add(15*time.Minute)) || !s.Next.Equal(began.Add(20*time.Minute)) {
			t.Errorf("status = %+v", s)
		}
		want := `{"Schedule":{"AdjustForDST":true},"ScheduleStatus":{"Last":"` + newtonsoft.DateTimeOffset(began.Add(5*time.Minute).Local()) + `","Next":"` +
			newtonsoft.DateTimeOffset(began.Add(10*time.Minute).Local()) + `","LastUpdated":"` + newtonsoft.DateTimeOffset(began.Add(5*time.Minute).Local()) + `"},"IsPastDue":false}`
		if c.ticks.infos[1] != want { // Next is the occurrence that fires, not the following one
			t.Errorf("info = %s\nwant   %s", c.ticks.infos[1], want)
		}
		if !strings.Contains(c.ticks.infos[0], `"Last":"0001-01-01T00:00:00+00:00"`) || !strings.Contains(c.ticks.infos[0], `"LastUpdated":"0001-01-01T00:00:00+00:00"`) {
			t.Errorf("first info = %s", c.ticks.infos[0])
		}
	})
}

func TestMissedOccurrenceFiresAtOncePastDue_6_1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newScene(t, "0 */5 * * * *")
		c.run(6 * time.Minute)
		time.Sleep(30 * time.Minute) // the host is down
		c.run(5 * time.Minute)
		c.want(t, "+5m0s", "+36m0s past due", "+40m0s")
	})
}

func TestChangedScheduleIsNotPastDue_6_1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newScene(t, "0 0 */2 * * *")
		c.run(121 * time.Minute)
		time.Sleep(58 * time.Minute) // now 2 h 59 min; the old schedule's next is 4 h
		changed, err := ParseSchedule("0 */30 * * * *")
		if err != nil {
			t.Fatal(err)
		}
		c.Schedule = changed
		c.run(2 * time.Minute)
		c.want(t, "+2h0m0s", "+3h0m0s")
	})
}

func TestRunOnStartupFiresOnceAndPastDueGoesFirst_6_1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newScene(t, "0 */5 * * * *")
		c.Function.Trigger.RunOnStartup = true
		c.run(time.Minute)
		c.want(t, "+0s")
		time.Sleep(time.Hour)
		c.run(time.Minute)
		c.want(t, "+0s", "+1h1m0s past due")
	})
}

func TestLongRunIsFollowedByOneCatchUp_6_1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newScene(t, "0 * * * * *")
		c.ticks.answer = func(n int) error {
			if n == 1 {
				time.Sleep(3*time.Minute + 30*time.Second) // over three occurrences
			}
			return nil
		}
		c.run(6*time.Minute + time.Second)
		c.want(t, "+1m0s", "+4m30s", "+5m0s", "+6m0s") // never two at once, one catch-up that is not past due
	})
}

func TestFailureChangesNothing_6_1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newScene(t, "0 */5 * * * *")
		c.ticks.answer = func(int) error { return errors.New("no") }
		c.run(11 * time.Minute)
		c.want(t, "+5m0s", "+10m0s")
		if c.store.saves != 3 {
			t.Errorf("%d saves, want one at the start and one a run", c.store.saves)
		}
	})
}

func TestSubMinuteSchedulesAreNotMonitored_6_1(t *testing.T) {
	for schedule, monitored := range map[string]bool{"*/20 * * * * *": false, "0 * * * * *": true, "0,10 0 * * * *": false, "00:00:59": false, "00:01:00": true, "0 */5 * * * *": true} {
		synctest.Test(t, func(t *testing.T) {
			c := newScene(t, schedule)
			time.Sleep(59*time.Minute + 30*time.Second) // so that two of "0,10 0" are in the next minute
			c.run(5*time.Minute + time.Second)
			if got := c.store.saves > 0; got != monitored {
				t.Errorf("%s: monitored %v", schedule, got)
			}
			if !monitored && !strings.Contains(c.ticks.infos[0], `"ScheduleStatus":null`) {
				t.Errorf("%s: info = %s", schedule, c.ticks.infos[0])
			}
		})
	}
}

func TestUseMonitorFalseNeverCatchesUp_6_1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newScene(t, "0 */5 * * * *")
		c.Function.Trigger.UseMonitor = false
		c.run(6 * time.Minute)
		time.Sleep(time.Hour)
		c.run(time.Minute)
		c.want(t, "+5m0s")
		if c.store.saves != 0 {
			t.Error("a status was saved")
		}
	})
}

func TestTimeSpanSchedulesRunFromTheStart_6_1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(17 * time.Second)
		c := newScene(t, "00:10:00")
		c.run(21 * time.Minute)
		c.want(t, "+10m0s", "+20m0s")
		if !strings.HasPrefix(c.ticks.infos[0], `{"Schedule":{"AdjustForDST":false}`) {
			t.Errorf("info = %s", c.ticks.infos[0])
		}
	})
}

func TestLongIntervalsAreWaitedForInPieces_6_1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newScene(t, "0 0 0 1 3 *")
		c.run(61 * 24 * time.Hour)
		c.want(t, "+1440h0m0s") // 60 days of the year 2000, in pieces of 24
	})
}

func TestOneHostRunsATimerAndAnotherTakesOver_6_1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lock, store := &one{}, &memory{status: map[string]Status{}}
		first, second := newScene(t, "0 * * * * *"), newScene(t, "0 * * * * *")
		for _, c := range []*scene{first, second} {
			c.Lock, c.Store = lock, store
		}
		var both sync.WaitGroup
		both.Go(func() { first.run(2*time.Minute + 30*time.Second) })
		synctest.Wait()
		both.Go(func() { second.run(4*time.Minute + 30*time.Second) })
		both.Wait()
		first.want(t, "+1m0s", "+2m0s")
		second.want(t, "+3m0s", "+4m0s") // took the lock at its next try
		if len(second.log.All("")) < 2 {
			t.Errorf("the second says nothing:\n%s", second.log.Dump())
		}
	})
}

func TestLostLockStopsTheTimer_6_1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lock := &one{}
		c := newScene(t, "0 * * * * *")
		c.Lock = lock
		var work sync.WaitGroup
		work.Go(func() { c.run(5*time.Minute + time.Second) })
		time.Sleep(90 * time.Second)
		lock.mu.Lock()
		close(lock.held.lost) // and someone else has it from now on
		lock.held = &oneHold{lock, make(chan struct{})}
		lock.mu.Unlock()
		work.Wait()
		c.want(t, "+1m0s")
	})
}

func TestUnreachableStatusIsTriedAgain_6_1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newScene(t, "0 * * * * *")
		c.store.fail = errors.New("down")
		var work sync.WaitGroup
		work.Go(func() { c.run(2*time.Minute + time.Second) })
		time.Sleep(70 * time.Second)
		c.store.mu.Lock()
		c.store.fail = nil
		c.store.mu.Unlock()
		work.Wait()
		c.want(t, "+2m0s")
		if n := strings.Count(c.log.Dump(), "cannot be read"); n != 1 {
			t.Errorf("said %d times", n)
		}
	})
}

func TestBadSchedulesAreRefused_6_1(t *testing.T) {
	for _, text := range []string{"", "soon", "60 * * * * *", "-00:01:00", "00:00:00"} {
		if _, err := ParseSchedule(text); err == nil || !strings.Contains(err.Error(), "was not recognized as a valid cron expression or timespan string") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
