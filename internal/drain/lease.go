package drain

import (
	"errors"
	"time"

	"leadrelay/internal/inbox"
)

func (it *item) isLost() bool {
	it.mu.Lock()
	defer it.mu.Unlock()
	return it.lost
}

// renew keeps the leases of a batch until the returned function is called, which waits for it to end. A message whose
// lease is lost is somebody else's from then on.
func (r *run) renew(items []*item) (stop func()) {
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		half := time.NewTicker(r.messageLease / 2)
		defer half.Stop()
		for {
			select {
			case <-quit:
				return
			case <-half.C:
				each(len(items), func(i int) { r.extend(items[i]) })
			}
		}
	}()
	return func() { close(quit); <-ended }
}

func (r *run) extend(it *item) {
	it.mu.Lock()
	defer it.mu.Unlock()
	if it.done || it.lost {
		return
	}
	m, err := r.lane.Inbox.Extend(r.settles.Within(settleTimeout), it.msg, r.messageLease)
	switch {
	case err == nil:
		it.msg = m
	case errors.Is(err, inbox.ErrLeaseLost):
		it.lost = true
	default:
		r.Log.WarnContext(r.ctx, "lease not renewed", "lane", r.lane.Name, "error", err.Error())
	}
}
