package drain

import (
	"encoding/hex"
	"fmt"
	"runtime/debug"
	"time"

	"leadrelay/internal/lead"
	"leadrelay/internal/partner"
)

// When waiting ends.
const (
	firstDelay = 5 * time.Second
	lastDelay  = time.Hour
	patience   = 7 * 24 * time.Hour // with a lead that does not come, and a partner that nobody configures

	maxReason  = 500
	crashLimit = 50 // leases after which a message may be what crashes the process
	crashTries = 3  // starts of such a message, alone, that may come to no end
)

// open finds out what a message says. It settles what is not for the CRM; true: the CRM is to be told.
func (r *run) open(it *item) bool {
	if len(it.first.Body) == 0 {
		r.bury(it, "empty")
		return false
	}
	p, isTest := r.read(it)
	if isTest {
		r.ack(it, test)
		return false
	}
	if p == nil {
		r.unknownPartner(it)
		return false
	}
	if it.ref != "" && !r.fetch(it) {
		return false
	}
	if err := r.decode(it, p); err != nil {
		r.bury(it, err.Error())
		return false
	}
	if it.event.About == lead.Notice {
		r.ack(it, unchanged)
		return false
	}
	return true
}

// read takes the envelope off, or takes the message for a bare payload of the lane's partner. The partner is nil when
// nobody configured it.
func (r *run) read(it *item) (p partner.Partner, isTest bool) {
	env, err := lead.ParseEnvelope(it.first.Body)
	if err != nil {
		it.partner, it.payload, it.version = r.lane.PartnerName, it.first.Body, lead.Version{Time: it.first.Inserted}
		return r.lane.Partner, isMarked(it.first.Body)
	}
	it.partner, it.payload, it.version, it.event.Type, it.ref = env.Partner, env.Data, env.Version(), env.Type, env.DataRef
	if env.Time.IsZero() {
		it.version.Time = it.first.Inserted
	}
	if p = r.Partners[env.Partner]; p == nil && env.Partner == r.lane.PartnerName {
		p = r.lane.Partner
	}
	return p, env.Test
}

// unknownPartner waits for somebody to configure the partner, and gives up after a week.
func (r *run) unknownPartner(it *item) {
	reason := fmt.Sprintf("partner %.40q is not configured", it.partner)
	if it.partner == "" {
		reason = "a bare payload, and the lane has no partner"
	}
	r.complain(lead.Errorf(lead.Address, "lane %s: %s", r.lane.Name, reason))
	r.wait(it, lastDelay, reason)
}

// decode fills in the event. A panic of the partner's decoder is an error as any other.
func (r *run) decode(it *item, p partner.Partner) (err error) {
	if err := lead.WellFormed(it.payload); err != nil {
		return err
	}
	defer func() {
		if recover() != nil { // the value may hold what it choked on
			r.Log.ErrorContext(r.ctx, "decoder panicked", "lane", r.lane.Name, "partner", it.partner, "stack", string(debug.Stack()))
			err = lead.Errorf(lead.Invalid, "the decoder panicked")
		}
	}()
	if it.event, err = p.Decode(partner.Request{}, it.payload); err != nil {
		return err
	}
	if it.event.About == lead.Notice {
		return nil
	}
	if it.event.Lead.ID == "" {
		return lead.Errorf(lead.Invalid, "the event names no lead")
	}
	if it.event.Lead.Partner == "" {
		it.event.Lead.Partner = it.partner
	}
	hash := lead.ContentHash(it.payload)
	it.hash = hex.EncodeToString(hash[:])
	return nil
}

// suspect works on a message that was leased so often that it may be what ends the process each time. That is not
// sure: its neighbours in a batch and an outage count up its leases as well. So it is worked on alone, its start is
// written down before and its end after, and only what started and did not end several times is put away.
func (r *run) suspect(it *item) {
	r.solo.Lock()
	defer r.solo.Unlock()
	if r.over() {
		r.release(it, 0, "")
		return
	}
	starts, err := r.States.Suspect(r.ctx, r.lane.Name, it.first.ID)
	switch {
	case err != nil:
		r.release(it, backoff(1, lead.RetryAfter(err)), err.Error())
		return
	case starts > crashTries:
		r.bury(it, fmt.Sprintf("leased %d times, and the process ended %d times while it was worked on alone", it.first.Tries, crashTries))
	case r.open(it):
		r.slice(r.group([]*item{it}))
	}
	ctx, cancel := r.settling()
	defer cancel()
	if err := r.States.Clear(ctx, r.lane.Name, it.first.ID); err != nil {
		r.Log.WarnContext(r.ctx, "suspect not cleared", "lane", r.lane.Name, "error", err.Error())
	}
}
