// Package timer fires functions on a schedule as the real host's extension does: one host at a time by a blob lease, remembered in a
// status blob, never overlapping (functions-host.md §2.4, §6.1).
package timer

import (
	"context"
	"fmt"
	"time"

	"leadrelay/local/host/event"
	"leadrelay/local/host/function"
	"leadrelay/local/host/invoke"
	"leadrelay/local/host/newtonsoft"
)

// Invoker calls a function.
type Invoker interface {
	Invoke(ctx context.Context, f *function.Function, reason string, p invoke.Payload) error
}

// Store remembers the status of timers.
type Store interface {
	Load(ctx context.Context, functionName string) (*Status, error)
	Save(ctx context.Context, functionName string, status Status) error
}

// Lock makes one host the only one that runs a timer.
type Lock interface {
	// Take reports whether the lock is now held; if another host has it, that is no error.
	Take(ctx context.Context, functionName string) (hold Hold, held bool, err error)
}

// Hold is a lock that is held.
type Hold interface {
	// Lost is closed when the lock is held no longer.
	Lost() <-chan struct{}
	// Release gives the lock back.
	Release()
}

// DefaultLock is the lease of the singleton lock, and the pause between two tries for it (§6.1).
const DefaultLock = time.Minute

// Listener runs one timer.
type Listener struct {
	Function *function.Function
	Schedule Schedule
	Store    Store
	Lock     Lock          // nil: this host alone
	Retry    time.Duration // the pause between two tries for the lock
	Invoker  Invoker
	Log      *event.Log
	Now      func() time.Time // nil is time.Now

	monitored bool
	status    Status
}

const longestWait = 24 * 24 * time.Hour // §6.1: longer intervals are waited for in pieces

// Run waits for the lock, then fires the timer until accept ends. It calls listening once, when it knows whether it has the lock,
// and returns when the last run is over.
func (l *Listener) Run(accept, running context.Context, listening func()) {
	away := false
	retry := func(what string, err error) {
		if !away && accept.Err() == nil { // said once, not at every try
			l.Log.Warn(event.Trigger, what+"; it is tried again", "function", l.Function.Name, "reason", err)
		}
		away = true
		sleep(accept, time.Second)
	}
	for accept.Err() == nil {
		hold, held, err := l.take(accept)
		if err != nil {
			retry("the timer's lock cannot be reached", err)
			continue
		}
		if held {
			if err := l.hold(accept, running, hold, listening); err != nil {
				retry("the timer's status cannot be read", err)
			} else {
				listening, away = nil, false
			}
			continue
		}
		away = false
		if listening != nil {
			l.Log.Info(event.Trigger, "another host runs this timer", "function", l.Function.Name)
			listening()
			listening = nil
		}
		sleep(accept, l.Retry)
	}
}

func (l *Listener) take(ctx context.Context) (Hold, bool, error) {
	if l.Lock == nil {
		return nil, true, nil
	}
	return l.Lock.Take(ctx, l.Function.Name)
}

// hold runs the timer while the lock is held.
func (l *Listener) hold(accept, running context.Context, hold Hold, listening func()) error {
	if hold != nil {
		defer hold.Release()
		var lose context.CancelFunc
		accept, lose = context.WithCancel(accept)
		defer lose()
		stop := make(chan struct{})
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			select {
			case <-hold.Lost():
				l.Log.Warn(event.Trigger, "the timer's lock is lost", "function", l.Function.Name)
				lose()
			case <-stop:
			}
		}()
		defer func() { close(stop); <-ended }()
	}
	pastDue, err := l.start(accept)
	if err != nil {
		return err
	}
	if listening != nil {
		listening()
	}
	l.tick(accept, running, pastDue)
	return nil
}

// start reads or begins the status (§6.1).
func (l *Listener) start(ctx context.Context) (pastDue bool, err error) {
	now := l.now()
	l.monitored = l.Function.Trigger.UseMonitor && !l.Schedule.SubMinute(now)
	l.status = Status{Next: l.Schedule.Next(now)}
	if l.monitored {
		found, err := l.Store.Load(ctx, l.Function.Name)
		if err != nil {
			return false, err
		}
		status, save, due := resume(l.Schedule, found, now)
		if save {
			if err := l.Store.Save(ctx, l.Function.Name, status); err != nil {
				return false, err
			}
		}
		if found == nil {
			status.LastUpdated = time.Time{} // what the first run is told; the blob has the time of its writing
		}
		l.status, pastDue = status, due
	}
	l.Log.Info(event.Trigger, "timer listens", "function", l.Function.Name, "next", l.status.Next, "monitored", l.monitored)
	return pastDue, nil
}

// tick fires at once if the timer is past due or runs on startup, and then at every occurrence. The wait for the next one begins when
// a run is over; if it has passed meanwhile, one run catches up.
func (l *Listener) tick(accept, running context.Context, pastDue bool) {
	switch {
	case pastDue:
		l.fire(running, true, true)
	case l.Function.Trigger.RunOnStartup:
		l.fire(running, false, true)
	}
	for accept.Err() == nil {
		if l.status.Next.IsZero() {
			<-accept.Done() // no occurrence is left
			return
		}
		wait := l.status.Next.Sub(l.now())
		sleep(accept, min(wait, longestWait))
		if wait <= longestWait && accept.Err() == nil {
			l.fire(running, false, false)
		}
	}
}

// fire runs the function once and then moves the status, whether it failed or not (§6.1).
func (l *Listener) fire(ctx context.Context, pastDue, unscheduled bool) {
	at := l.now()
	var told *Status
	if l.monitored {
		told = &l.status
	}
	reason := "Timer fired at " + newtonsoft.DateTimeOffset(at)
	if pastDue {
		reason += " (IsPastDue)"
	}
	_ = l.Invoker.Invoke(ctx, l.Function, reason, Payload(l.Function.Trigger.Name, l.Schedule, told, pastDue)) // a failure is in the log; the schedule goes on
	if ctx.Err() != nil {
		return
	}
	if !unscheduled && l.status.Next.After(at) { // fired a little early: do not fire again for the same occurrence
		at = l.status.Next
	}
	l.status = Status{Last: at, Next: l.Schedule.Next(at), LastUpdated: at}
	if !l.monitored {
		return
	}
	if err := l.Store.Save(ctx, l.Function.Name, l.status); err != nil {
		l.Log.Error(event.Trigger, "the timer's status cannot be saved", "function", l.Function.Name, "reason", fmt.Sprint(err))
	}
}

// Payload is what a timer function is called with (§2.4).
func Payload(binding string, s Schedule, status *Status, pastDue bool) invoke.Payload {
	data := &newtonsoft.Object{Fold: true}
	data.Set("TimerTrigger", "") // dropped by its suffix, like every name that ends in "trigger" (§2.2)
	return invoke.Payload{Binding: binding, Value: Info(s, status, pastDue), BindingData: data}
}

// now is the local time in ticks of 100 ns, as .NET has it.
func (l *Listener) now() time.Time {
	now := time.Now
	if l.Now != nil {
		now = l.Now
	}
	return now().Local().Truncate(100 * time.Nanosecond)
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
