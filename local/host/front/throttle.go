package front

import (
	"context"

	"leadrelay/local/host/hostjson"
)

// throttle bounds the requests inside the host and those that run at once (functions-host.md §4.3); a nil channel is no bound.
type throttle struct {
	outstanding, running chan struct{}
}

func newThrottle(h hostjson.HTTP) *throttle {
	t := &throttle{}
	if h.MaxOutstanding > 0 {
		t.outstanding = make(chan struct{}, h.MaxOutstanding)
	}
	if h.MaxRunning > 0 {
		t.running = make(chan struct{}, h.MaxRunning)
	}
	return t
}

// enter takes a place; ok is false when too many requests are outstanding or the client left the queue.
func (t *throttle) enter(ctx context.Context) (release func(), ok bool) {
	if t.outstanding != nil {
		select {
		case t.outstanding <- struct{}{}:
		default:
			return nil, false
		}
	}
	leave := func(places chan struct{}) {
		if places != nil {
			<-places
		}
	}
	if t.running != nil {
		select {
		case t.running <- struct{}{}:
		case <-ctx.Done():
			leave(t.outstanding)
			return nil, false
		}
	}
	return func() { leave(t.running); leave(t.outstanding) }, true
}
