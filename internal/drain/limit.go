package drain

import (
	"context"
	"sync"
	"time"
)

// limit gives calls a context that ends after a time. Calls that begin within a tenth of it share one, and with it its
// timer: none of them gets more than the whole time, and none less than nine tenths.
type limit struct {
	parent context.Context
	length time.Duration

	mu    sync.Mutex
	begun time.Time
	last  context.Context
	end   context.CancelFunc // of the last; the parent's end is that of all
}

// context is one for a call that begins now.
func (l *limit) context() context.Context {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil || now.Sub(l.begun) > l.length/10 {
		l.last, l.end = context.WithTimeout(l.parent, l.length) // somebody may still hold the one before
		l.begun = now
	}
	return l.last
}
