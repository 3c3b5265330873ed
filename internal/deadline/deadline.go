// Package deadline gives short calls that begin at about the same time one context, and with it one timer.
package deadline

import (
	"context"
	"sync"
	"time"
)

// Shared gives contexts that end after a time. It may be used side by side.
type Shared struct {
	// Parent ends them all; nil is [context.Background].
	Parent context.Context

	mu    sync.Mutex
	begun time.Time
	last  context.Context
	end   context.CancelFunc // of the last; the parent's end is that of all
}

// Within is a context for a call that begins now and may last so long, which is the same for all calls. Those that begin
// within a tenth of it share one: none of them gets more than the whole time, and none less than nine tenths.
func (s *Shared) Within(length time.Duration) context.Context {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil || now.Sub(s.begun) > length/10 {
		parent := s.Parent
		if parent == nil {
			parent = context.Background()
		}
		s.last, s.end = context.WithTimeout(parent, length) // somebody may still hold the one before
		s.begun = now
	}
	return s.last
}

// Sooner is the context that ends first by its deadline; both have one.
func Sooner(a, b context.Context) context.Context {
	endA, _ := a.Deadline()
	if endB, _ := b.Deadline(); endB.Before(endA) {
		return b
	}
	return a
}
