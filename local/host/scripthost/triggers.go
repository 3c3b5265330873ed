package scripthost

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"sync"

	"github.com/google/uuid"

	"leadrelay/local/host/event"
	"leadrelay/local/host/function"
	"leadrelay/local/host/invoke"
	"leadrelay/local/host/newtonsoft"
	"leadrelay/local/host/queue"
	"leadrelay/local/host/storage"
	"leadrelay/local/host/timer"
)

// listener is a timer or queue trigger.
type listener interface {
	Run(accept, running context.Context, listening func())
}

// triggers are the app's listeners and what is started by hand.
type triggers struct {
	listeners []listener
	schedules map[string]timer.Schedule
	statuses  timer.Store
	heard     sync.WaitGroup // until every listener listens
	work      sync.WaitGroup

	mu      sync.Mutex
	running context.Context // nil before the start and after the stop
	app     *app
}

// newTriggers makes the listeners; functions that cannot have one are put in error.
func newTriggers(a *app, output *queue.Output) *triggers {
	t := &triggers{schedules: map[string]timer.Schedule{}, app: a}
	for _, f := range a.functions {
		var err error
		switch {
		case f.Trigger.Is("timerTrigger"):
			err = t.addTimer(a, f)
		case f.Trigger.Is("queueTrigger"):
			err = t.addQueue(a, f, output)
		}
		if err != nil {
			f.Complain("%w", err)
		}
	}
	return t
}

func (t *triggers) addTimer(a *app, f *function.Function) error {
	schedule, err := timer.ParseSchedule(f.Trigger.Schedule)
	if err != nil {
		return err
	}
	account, err := storage.Open(a.settings, usualConnection)
	if err != nil {
		return nil // the host's own complaint
	}
	blobs := &timer.Blobs{Container: account.Container(timer.ContainerName), HostID: hostID(a), Period: a.lock()}
	t.schedules[f.Name], t.statuses = schedule, blobs
	if !f.Disabled {
		t.listeners = append(t.listeners, &timer.Listener{Function: f, Schedule: schedule, Store: blobs, Lock: blobs, Retry: a.lock(), Invoker: a, Log: a.Log})
	}
	return nil
}

func (t *triggers) addQueue(a *app, f *function.Function, output *queue.Output) error {
	account, err := storage.Open(a.settings, f.Trigger.Connection)
	if err != nil || f.Disabled {
		return nil // complained about already, or switched off
	}
	wake := make(chan struct{}, 1)
	key := queue.Key(f.Trigger)
	output.Woken[key] = append(output.Woken[key], wake)
	l := &queue.Listener{Function: f, Queue: account.Queue(f.Trigger.QueueName), Settings: a.host.Queues, Lease: a.lease(), Invoker: a, Log: a.Log, Wake: wake}
	if name := queue.PoisonName(f.Trigger.QueueName); name != "" {
		l.Poison = account.Queue(name)
	}
	t.listeners = append(t.listeners, l)
	return nil
}

// hostID names this app in the host's own container: the setting AzureFunctionsWebHost__hostid, else machine and app root.
// Two hosts share their timers when it is the same (§6.1).
func hostID(a *app) string {
	if id := a.settings.Get("AzureFunctionsWebHost__hostid"); id != "" {
		return strings.ToLower(id)
	}
	machine, _ := os.Hostname()
	machine = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(machine))
	sum := sha256.Sum256([]byte(a.Root))
	return machine[:min(len(machine), 20)] + "-" + hex.EncodeToString(sum[:5])
}

func (t *triggers) start(accept, running context.Context) {
	t.mu.Lock()
	t.running = running
	t.mu.Unlock()
	for _, l := range t.listeners {
		t.heard.Add(1)
		t.work.Go(func() {
			heard := sync.OnceFunc(t.heard.Done)
			defer heard()
			l.Run(accept, running, heard)
		})
	}
}

// listening waits until every listener listens; it is false if ctx ends first.
func (t *triggers) listening(ctx context.Context) bool {
	t.heard.Wait() // ends with the listeners at the latest
	return ctx.Err() == nil
}

// wait returns when every listener and every manual run has ended; none can be started any more.
func (t *triggers) wait() {
	t.mu.Lock()
	t.running = nil
	t.mu.Unlock()
	t.work.Wait()
}

// manual starts a function by POST /admin/functions/<Name> (§6.1).
func (t *triggers) manual(f *function.Function, input string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ctx := t.running
	if ctx == nil {
		return
	}
	t.work.Go(func() {
		_ = t.app.Invoke(ctx, f, "This function was programmatically called via the host APIs.", t.byHand(ctx, f, input)) // a failure is in the log
	})
}

func (t *triggers) byHand(ctx context.Context, f *function.Function, input string) invoke.Payload {
	switch {
	case f.Trigger.Is("queueTrigger"):
		return queue.Payload(f.Trigger, []byte(input), nil)
	case f.Trigger.Is("timerTrigger"):
		schedule := t.schedules[f.Name]
		var status *timer.Status
		if f.Trigger.UseMonitor {
			var err error
			if status, err = t.statuses.Load(ctx, f.Name); err != nil {
				t.app.Log.Warn(event.Trigger, "the timer's status cannot be read", "function", f.Name, "reason", err)
			}
		}
		return timer.Payload(f.Trigger.Name, schedule, status, false)
	}
	return invoke.Payload{Binding: f.Trigger.Name, Value: input, BindingData: &newtonsoft.Object{Fold: true}}
}

// Invoke calls a function by the JSON form; it serves the listeners.
func (a *app) Invoke(ctx context.Context, f *function.Function, reason string, p invoke.Payload) error {
	inv := invoke.Invocation{Function: f, ID: uuid.NewString(), Reason: reason}
	return a.runner.Run(ctx, inv, func(ctx context.Context, attempt invoke.Attempt) error {
		_, err := a.caller.Call(ctx, attempt, inv, p)
		return err
	})
}
