package drain

import (
	"sync"

	"leadrelay/internal/crm"
)

// gather brings changes together for a CRM that takes them by the batch. A change waits for no clock: only for the claims
// that were under way when the first change of its batch was there, and for a call to be free.
type gather struct {
	size   int
	upsert func([]*step) []crm.Outcome

	mu      sync.Mutex
	waiting []*step
	calls   int // under way
	batch   int // number of the batch that gathers now
	earlier int // claims under way that began before it
	later   int // claims under way that began since
}

// begin says that a claim begins, and gives the number by which it is to end.
func (g *gather) begin() (batch int) {
	if g == nil {
		return 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.later++
	return g.batch
}

// end says that a claim has come to nothing.
func (g *gather) end(began int) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.claimed(began)
	g.send()
}

// tell tells the CRM the change that was claimed, with others, and waits for its outcome.
func (g *gather) tell(s *step, began int) crm.Outcome {
	s.told = make(chan crm.Outcome, 1)
	g.mu.Lock()
	g.claimed(began)
	if len(g.waiting) == 0 {
		g.batch++
		g.earlier, g.later = g.earlier+g.later, 0
	}
	g.waiting = append(g.waiting, s)
	g.send()
	g.mu.Unlock()
	return <-s.told
}

// claimed counts off a claim. The caller holds the lock; so it does for send.
func (g *gather) claimed(began int) {
	if began < g.batch {
		g.earlier--
	} else {
		g.later--
	}
}

// send makes the calls that can be made now.
func (g *gather) send() {
	for len(g.waiting) > 0 && g.calls < batchCalls && (g.earlier == 0 || len(g.waiting) >= g.size) {
		n := min(g.size, len(g.waiting))
		steps := g.waiting[:n:n]
		g.waiting = g.waiting[n:]
		g.calls++
		go g.call(steps)
	}
}

// call ends when the last of its steps has its outcome, so whoever waits for the steps waits for it.
func (g *gather) call(steps []*step) {
	outcomes := g.upsert(steps)
	g.mu.Lock()
	g.calls--
	g.send()
	g.mu.Unlock()
	for i, s := range steps {
		s.told <- outcomes[i]
	}
}
