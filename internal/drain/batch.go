package drain

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"leadrelay/internal/inbox"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner"
)

// item is one leased message on its way.
type item struct {
	first   inbox.Message // as it was leased, to read
	taken   time.Time
	settled *sync.WaitGroup // of its batch

	mu   sync.Mutex    // over what follows: renewing and settling change it
	msg  inbox.Message // as it is leased now, to settle
	done bool          // settled
	lost bool          // its lease is somebody else's

	// What open finds.
	instead func() // settles it; nil when the CRM is to be told
	decoder partner.Partner
	partner string
	event   lead.Event
	version lead.Version
	payload []byte
	hash    string
	ref     string // where the payload lies, when it is not in the message
	linked  bool   // a link has moved it to the lead that it is about
}

// batch opens leased messages, hands them to the crew, and keeps their leases until all of them are settled.
func (r *run) batch(messages []inbox.Message) {
	var settled sync.WaitGroup
	settled.Add(len(messages))
	items, now := make([]*item, len(messages)), r.Now()
	for i, m := range messages {
		items[i] = &item{first: m, msg: m, taken: now, settled: &settled}
	}
	defer r.renew(items)()
	if r.over() {
		for _, it := range items {
			r.crew.hand(func() { r.release(it, 0, "") })
		}
	} else {
		r.hand(items)
	}
	settled.Wait()
}

// hand opens items and hands them to the crew: what the CRM is to be told by lead, oldest first.
func (r *run) hand(items []*item) {
	var suspects, todo []*item
	for _, it := range items {
		if it.first.Tries > crashLimit {
			suspects = append(suspects, it)
		} else {
			todo = append(todo, it)
		}
	}
	r.open(todo...)
	todo = slices.DeleteFunc(todo, func(it *item) bool {
		if it.instead != nil {
			r.crew.hand(it.instead)
		}
		return it.instead != nil
	})
	r.tellLater(todo)
	r.suspectLater(suspects)
}

// tellLater hands opened items to the crew.
func (r *run) tellLater(items []*item) {
	slices.SortStableFunc(items, func(a, b *item) int { return a.version.Compare(b.version) })
	for _, g := range r.desk.add(items, r.keyOf) {
		r.crew.hand(func() { r.work(g) })
	}
}

// keyOf is the key of the lead that an item is about.
func (r *run) keyOf(it *item) ledger.LeadKey {
	return ledger.LeadKey{CRM: r.lane.CRMName, Partner: it.event.Lead.Partner, ID: it.event.Lead.ID}
}

// backoff is how long to wait after the given number of failed tries: 5 s, 10 s, 20 s … 1 h. What the far side asks for wins.
func backoff(tries int, asked time.Duration) time.Duration {
	return cmp.Or(asked, min(firstDelay<<min(max(tries-1, 0), 20), lastDelay))
}
