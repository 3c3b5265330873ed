package front

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// DefaultGateWait is how long a request waits for the host to come up; functions-host.md §1.4 has no number, the real host's constant
// HostTimeoutSeconds has this one.
const DefaultGateWait = 30 * time.Second

// Gate stands before the host: while that is not up, requests wait, and those that have waited too long get 503 (functions-host.md §1.4).
type Gate struct {
	wait time.Duration

	mu      sync.Mutex
	host    http.Handler  // nil while the host is not up
	failed  bool          // it will not come up: nothing to wait for
	inside  int           // requests that the host has not answered yet
	changed chan struct{} // closed at every change of the above
}

// NewGate returns a gate before a host that is still to come up.
func NewGate(wait time.Duration) *Gate { return &Gate{wait: wait, changed: make(chan struct{})} }

// Open lets requests through to a host that is up.
func (g *Gate) Open(host http.Handler) { g.update(func() { g.host, g.failed = host, false }) }

// Close keeps further requests waiting for the next host, or refuses them if there will be none.
func (g *Gate) Close(next bool) { g.update(func() { g.host, g.failed = nil, !next }) }

// Shut closes the gate and returns when the requests inside are answered; false if ctx ends first.
func (g *Gate) Shut(ctx context.Context, next bool) bool {
	g.Close(next)
	for {
		g.mu.Lock()
		inside, changed := g.inside, g.changed
		g.mu.Unlock()
		if inside == 0 {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-changed:
		}
	}
}

// ServeHTTP implements http.Handler.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := g.enter(r.Context())
	if host == nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "Function host is not running.")
		return
	}
	defer g.update(func() { g.inside-- })
	host.ServeHTTP(w, r)
}

// enter returns the host once it is up, or nil if that takes too long.
func (g *Gate) enter(ctx context.Context) http.Handler {
	patience := time.NewTimer(g.wait)
	defer patience.Stop()
	for {
		g.mu.Lock()
		host, failed, changed := g.host, g.failed, g.changed
		if host != nil {
			g.inside++
		}
		g.mu.Unlock()
		if host != nil || failed {
			return host
		}
		select {
		case <-patience.C:
			return nil
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

func (g *Gate) update(change func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change()
	close(g.changed)
	g.changed = make(chan struct{})
}
