package drain

import (
	"fmt"
	"sync"

	"leadrelay/internal/lead"
)

const (
	crashLimit = 50 // leases after which a message may be what crashes the process
	crashTries = 3  // starts of such a message, alone, that may come to no end
)

// suspects are messages that were leased so often that each may be what ends the process each time. That is not sure:
// their neighbours in a batch and an outage count up their leases as well. So one of them is worked on at a time, its start
// is written down before and its end after, and only what started and did not end several times is put away.
type suspects struct {
	mu    sync.Mutex
	items []*item // the first is being worked on
}

// suspectLater hands suspects to the crew, one after the other.
func (r *run) suspectLater(items []*item) {
	r.suspects.mu.Lock()
	defer r.suspects.mu.Unlock()
	if len(r.suspects.items) == 0 && len(items) > 0 {
		r.crew.hand(r.nextSuspect)
	}
	r.suspects.items = append(r.suspects.items, items...)
}

func (r *run) nextSuspect() {
	r.suspects.mu.Lock()
	it := r.suspects.items[0]
	r.suspects.mu.Unlock()
	r.suspect(it)
	r.suspects.mu.Lock()
	defer r.suspects.mu.Unlock()
	if r.suspects.items = r.suspects.items[1:]; len(r.suspects.items) > 0 {
		r.crew.hand(r.nextSuspect)
	}
}

func (r *run) suspect(it *item) {
	if r.over() {
		r.release(it, 0, "")
		return
	}
	starts, err := r.States.Suspect(r.claims.Within(settleTimeout), r.lane.Name, it.first.ID)
	if err != nil {
		r.release(it, backoff(1, lead.RetryAfter(err)), err.Error())
		return
	}
	if starts > crashTries {
		r.bury(it, fmt.Sprintf("leased %d times, and the process ended %d times while it was worked on alone", it.first.Tries, crashTries))
	} else {
		r.tellAlone(it)
	}
	if err := r.States.Clear(r.settles.Within(settleTimeout), r.lane.Name, it.first.ID); err != nil {
		r.Log.WarnContext(r.ctx, "suspect not cleared", "lane", r.lane.Name, "error", err.Error())
	}
}

// tellAlone brings one message to its end. When somebody is at its lead, it comes back later.
func (r *run) tellAlone(it *item) {
	if r.open(it); it.instead != nil {
		it.instead()
	} else if g := r.desk.alone(it, r.keyOf(it)); g != nil {
		r.work(g)
	} else {
		r.release(it, firstDelay, "another version of the lead is being worked on")
	}
}
