package play

import (
	"context"
	"iter"
	"sync"
	"time"
)

// Sender sends notifications as a partner does.
type Sender struct {
	Partner  Partner
	Endpoint Endpoint
	Rate     float64    // new notifications a second; 0 is as fast as they are answered
	Fast     int        // divides what the partner waits, retries and limits alike; 0 and 1 are the real clock
	On       func(Step) // told of every try, one at a time; may be nil
}

// Verdict is what a try meant for its notification.
type Verdict string

// The verdicts.
const (
	Accepted Verdict = "accepted"
	Retry    Verdict = "retry"
	GaveUp   Verdict = "gave up"
	Stopped  Verdict = "stopped" // by the caller, before its answer came
)

// Step is one try.
type Step struct {
	Notification
	Try, Of int // from 1
	Attempt Attempt
	Verdict Verdict
	Wait    time.Duration // until the next try, as the partner waits; Sender.Fast shortens it
}

// outstanding bounds the notifications that wait for a retry, which is how much of a dead receiver's backlog is kept.
const outstanding = 10_000

// run is a Sender at work.
type run struct {
	*Sender
	slots   chan struct{} // tries at a time
	room    chan struct{} // notifications under way
	off     chan struct{} // closed when the partner has switched the webhook off
	mu      sync.Mutex
	isOff   bool
	failing time.Time // of the first failure after the last success
	sum     Summary
}

// Run sends them all and tells what became of them. When ctx is done it ends at once; what was not accepted by then is
// counted as stopped.
func (s *Sender) Run(ctx context.Context, notifications iter.Seq[Notification]) Summary {
	r := &run{Sender: s, slots: make(chan struct{}, s.Partner.Schedule.Together), room: make(chan struct{}, outstanding), off: make(chan struct{}),
		sum: Summary{Partner: s.Partner.Kind, Fast: max(s.Fast, 1), Answers: map[string]int{}}}
	started := time.Now()
	var under sync.WaitGroup
	i := 0
	for n := range notifications {
		if !r.due(ctx, started, i) || !r.take(ctx, r.room) || !r.take(ctx, r.slots) {
			if ctx.Err() != nil {
				break
			}
			r.sum.NotSent++ // the webhook is off; nobody else counts these
			continue
		}
		i++
		under.Go(func() { r.deliver(ctx, n) })
	}
	under.Wait()
	r.sum.Elapsed = Millis(time.Since(started))
	r.sum.finish(s.Partner.Schedule, r.isOff)
	return r.sum
}

// due waits for the turn of the i-th notification.
func (r *run) due(ctx context.Context, started time.Time, i int) bool {
	if r.Rate <= 0 {
		return ctx.Err() == nil
	}
	at := started.Add(time.Duration(float64(i) / r.Rate * float64(time.Second)))
	return r.sleep(ctx, time.Until(at))
}

// sleep is false when the run or the webhook ended first.
func (r *run) sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil && !r.switchedOff()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-r.off:
	}
	return false
}

// take takes a place, or is false when the run or the webhook ended first.
func (r *run) take(ctx context.Context, places chan struct{}) bool {
	select {
	case places <- struct{}{}:
	case <-ctx.Done():
		return false
	case <-r.off:
		return false
	}
	if ctx.Err() != nil || r.switchedOff() {
		<-places
		return false
	}
	return true
}

func (r *run) switchedOff() bool {
	select {
	case <-r.off:
		return true
	default:
		return false
	}
}

// deliver tries one notification until it is accepted or given up. It holds a slot when it begins.
func (r *run) deliver(ctx context.Context, n Notification) {
	defer func() { <-r.room }()
	schedule := r.Partner.Schedule
	first := time.Now()
	for try := 1; ; try++ {
		step := Step{Notification: n, Try: try, Of: schedule.Tries(), Attempt: r.Endpoint.Post(ctx, n, schedule.Timeout)}
		<-r.slots
		if try <= len(schedule.Waits) {
			step.Wait = schedule.Waits[try-1]
		}
		r.judge(ctx, &step, first)
		if step.Verdict != Retry {
			return
		}
		if !r.sleep(ctx, step.Wait/time.Duration(r.sum.Fast)) || !r.take(ctx, r.slots) {
			r.abandon(ctx)
			return
		}
	}
}

// judge decides what a try meant, counts it and tells of it.
func (r *run) judge(ctx context.Context, step *Step, first time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	schedule, fast := r.Partner.Schedule, time.Duration(r.sum.Fast)
	a := step.Attempt
	switch {
	case a.Err == nil && schedule.Accepts(a.Status):
		step.Verdict, r.failing = Accepted, time.Time{}
	case ctx.Err() != nil:
		step.Verdict = Stopped
	default:
		r.fail(step, time.Since(first)*fast)
	}
	if step.Verdict != Retry {
		step.Wait = 0
	}
	r.sum.count(*step)
	if r.On != nil {
		r.On(*step)
	}
}

// fail decides about a failed try; sinceFirst is by the partner's clock.
func (r *run) fail(step *Step, sinceFirst time.Duration) {
	schedule := r.Partner.Schedule
	if r.failing.IsZero() {
		r.failing = time.Now()
	}
	late := schedule.Window > 0 && sinceFirst+step.Wait > schedule.Window
	step.Verdict = Retry
	if step.Try == step.Of || late {
		step.Verdict = GaveUp
	}
	t := Trial{Last: step.Verdict == GaveUp, Failing: time.Since(r.failing) * time.Duration(r.sum.Fast)}
	if schedule.Off != nil && schedule.Off(t) {
		step.Verdict = GaveUp
		if !r.isOff {
			r.isOff = true
			close(r.off)
		}
	}
}

// abandon counts a notification whose retry will not come.
func (r *run) abandon(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() != nil {
		r.sum.Stopped++
		return
	}
	r.sum.GaveUp++ // the webhook is off
}
