package sink

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// alarm wakes who waits on time. Go's own timers are up to a millisecond late in a program that is idle, for it sleeps in
// epoll_wait, which counts in milliseconds; that is longer than what the benchmark wants to see. A timerfd wakes it.
type alarm struct {
	timer *os.File

	mu      sync.Mutex
	waiting []waiter // the next first
}

// waiter is who waits until a moment.
type waiter struct {
	due  time.Time
	wake chan struct{}
}

func newAlarm() (*alarm, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("timerfd: %w", err)
	}
	return &alarm{timer: os.NewFile(uintptr(fd), "timerfd")}, nil
}

// run wakes until the alarm is closed.
func (a *alarm) run() {
	var ticks [8]byte
	for {
		if _, err := a.timer.Read(ticks[:]); err != nil {
			return
		}
		a.mu.Lock()
		now, due := time.Now(), 0
		for due < len(a.waiting) && !a.waiting[due].due.After(now) {
			a.waiting[due].wake <- struct{}{} // has room
			due++
		}
		a.waiting = slices.Delete(a.waiting, 0, due)
		a.set(now)
		a.mu.Unlock()
	}
}

// sleep waits. Wake is the caller's own, with room for one.
func (a *alarm) sleep(d time.Duration, wake chan struct{}) {
	now := time.Now()
	w := waiter{now.Add(d), wake}
	a.mu.Lock()
	at := len(a.waiting)
	for at > 0 && a.waiting[at-1].due.After(w.due) {
		at--
	}
	if a.waiting = slices.Insert(a.waiting, at, w); at == 0 {
		a.set(now)
	}
	a.mu.Unlock()
	<-wake
}

// set sets the timer for who is next. The caller holds the lock.
func (a *alarm) set(now time.Time) {
	if len(a.waiting) == 0 {
		return
	}
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(max(1, a.waiting[0].due.Sub(now).Nanoseconds()))}
	var failed error
	raw, err := a.timer.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) { failed = unix.TimerfdSettime(int(fd), 0, &spec, nil) })
	}
	if err != nil || failed != nil { // closed: who still waits is let go
		for _, w := range a.waiting {
			w.wake <- struct{}{}
		}
		a.waiting = nil
	}
}

// close lets go who still waits, and whoever comes later.
func (a *alarm) close() {
	_ = a.timer.Close()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.set(time.Now())
}
