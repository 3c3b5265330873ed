package drain

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"leadrelay/internal/inbox"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
)

// item is one leased message on its way.
type item struct {
	first inbox.Message // as it was leased, to read
	taken time.Time

	mu   sync.Mutex    // over what follows: renewing and settling change it
	msg  inbox.Message // as it is leased now, to settle
	done bool          // settled
	lost bool          // its lease is somebody else's

	// What open finds.
	partner string
	event   lead.Event
	version lead.Version
	payload []byte
	hash    string
	ref     string // where the payload lies, when it is not in the message
	linked  bool   // a link has moved it to the lead that it is about
}

// batch brings one batch of leased messages to its end.
func (r *run) batch(messages []inbox.Message) {
	items := make([]*item, len(messages))
	now := r.Now()
	r.mu.Lock()
	for i, m := range messages {
		items[i] = &item{first: m, msg: m, taken: now}
		r.report.Taken++
		if !m.Inserted.IsZero() {
			r.report.OldestAge = max(r.report.OldestAge, now.Sub(m.Inserted))
		}
	}
	r.mu.Unlock()
	defer r.renew(items)()

	var todo, suspects []*item
	for _, it := range items {
		switch {
		case r.over():
			r.release(it, 0, "")
		case it.first.Tries > crashLimit:
			suspects = append(suspects, it)
		case r.open(it):
			todo = append(todo, it)
		}
	}
	var wg sync.WaitGroup
	for part := range slices.Chunk(r.group(todo), sliceSize) {
		wg.Go(func() { r.slice(part) })
	}
	wg.Wait()
	for _, it := range suspects {
		r.suspect(it)
	}
}

// group is what a batch holds for one lead, oldest first. Only the newest lead event is told to the CRM, activities all.
type group struct {
	key        ledger.LeadKey
	leads      []*item
	activities []*item
}

// group sorts opened items by lead; the groups stand in the order of their oldest items.
func (r *run) group(items []*item) []*group {
	slices.SortStableFunc(items, func(a, b *item) int { return a.version.Compare(b.version) })
	byLead := map[ledger.LeadKey]*group{}
	var groups []*group
	for _, it := range items {
		key := ledger.LeadKey{CRM: r.lane.CRMName, Partner: it.event.Lead.Partner, ID: it.event.Lead.ID}
		g := byLead[key]
		if g == nil {
			g = &group{key: key}
			byLead[key] = g
			groups = append(groups, g)
		}
		if it.event.About == lead.LeadEvent {
			g.leads = append(g.leads, it)
		} else {
			g.activities = append(g.activities, it)
		}
	}
	return groups
}

// next is what the CRM is to be told next: the newest of the lead itself, then what happened to it. nil: nothing.
func (g *group) next() *item {
	switch {
	case len(g.leads) > 0:
		return g.leads[len(g.leads)-1]
	case len(g.activities) > 0:
		return g.activities[0]
	}
	return nil
}

// pop takes out what next gave.
func (g *group) pop() {
	if n := len(g.leads); n > 0 {
		g.leads = g.leads[:n-1]
	} else {
		g.activities = g.activities[1:]
	}
}

// rest takes out everything.
func (g *group) rest() []*item {
	all := append(slices.Clone(g.leads), g.activities...)
	g.leads, g.activities = nil, nil
	return all
}

// leadLocks keeps the batches of one run from telling the CRM about one lead at the same time. Other processes are
// kept off by the claims; this only spares the batches each other's.
type leadLocks struct {
	mu   sync.Mutex
	free *sync.Cond
	held map[ledger.LeadKey]bool
}

func (l *leadLocks) init() { l.free, l.held = sync.NewCond(&l.mu), map[ledger.LeadKey]bool{} }

// try locks the leads that nobody holds and gives the others back.
func (l *leadLocks) try(groups []*group) (locked, others []*group) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range groups {
		if l.held[g.key] {
			others = append(others, g)
		} else {
			l.held[g.key] = true
			locked = append(locked, g)
		}
	}
	return locked, others
}

// lock waits for a lead. Whoever waits must hold none.
func (l *leadLocks) lock(g *group) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.held[g.key] {
		l.free.Wait()
	}
	l.held[g.key] = true
}

func (l *leadLocks) unlock(groups ...*group) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range groups {
		delete(l.held, g.key)
	}
	l.free.Broadcast()
}

// backoff is how long to wait after the given number of failed tries: 5 s, 10 s, 20 s … 1 h. What the far side asks for wins.
func backoff(tries int, asked time.Duration) time.Duration {
	return cmp.Or(asked, min(firstDelay<<min(max(tries-1, 0), 20), lastDelay))
}
