package salesforce

import (
	"fmt"
	"sync"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
)

// How long an org whose allocation is used up is left alone: it is a rolling day, and nothing tells its end (§2.6).
const (
	firstPause = 15 * time.Minute
	lastPause  = 4 * time.Hour
)

// gate is closed while the org is to be left alone.
type gate struct {
	mu    sync.Mutex
	until time.Time
	step  time.Duration // the last pause; 0: none since the org had calls to spare
	why   string
}

// close begins a pause, twice as long as the one before. Calls that were under way together make one pause.
func (g *gate) close(now time.Time, why string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now.Before(g.until) {
		return
	}
	g.step = min(max(2*g.step, firstPause), lastPause)
	g.until, g.why = now.Add(g.step), why
}

// good says that the org has calls to spare. What was under way when a pause began does not end it.
func (g *gate) good(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !now.Before(g.until) {
		g.step = 0
	}
}

// closed is nil, or why nothing is to be sent now.
func (g *gate) closed(now time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	left := g.until.Sub(now)
	if left <= 0 {
		return nil
	}
	return &lead.Error{Kind: lead.Unavailable, Code: "paused", RetryAfter: left,
		Err: fmt.Errorf("%s: %w, until %s", g.why, crm.ErrPaused, g.until.UTC().Format(time.RFC3339))}
}
