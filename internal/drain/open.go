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

	maxReason = 500
)

// open finds out what messages say, and what is to be done with those that the CRM is not to be told.
func (r *run) open(items ...*item) {
	var far []*item
	for _, it := range items {
		if r.read(it); it.instead == nil && it.ref != "" {
			far = append(far, it)
		}
	}
	each(len(far), func(i int) { r.fetch(far[i]) })
	for _, it := range items {
		if it.instead == nil {
			r.decode(it)
		}
	}
}

// read takes the envelope off, or takes the message for a bare payload of the lane's partner.
func (r *run) read(it *item) {
	if len(it.first.Body) == 0 {
		it.instead = func() { r.bury(it, "empty") }
		return
	}
	isTest := false
	if env, err := lead.ParseEnvelope(it.first.Body); err != nil {
		it.partner, it.payload, it.version = r.lane.PartnerName, it.first.Body, lead.Version{Time: it.first.Inserted}
		it.decoder, isTest = r.lane.Partner, isMarked(it.first.Body)
	} else {
		it.partner, it.payload, it.version, it.event.Type, it.ref = env.Partner, env.Data, env.Version(), env.Type, env.DataRef
		if env.Time.IsZero() {
			it.version.Time = it.first.Inserted
		}
		if it.decoder = r.Partners[env.Partner]; it.decoder == nil && env.Partner == r.lane.PartnerName {
			it.decoder = r.lane.Partner
		}
		isTest = env.Test
	}
	switch {
	case isTest:
		it.instead = func() { r.ack(it, test) }
	case it.decoder == nil:
		it.instead = func() { r.unknownPartner(it) }
	}
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

// decode finds out what the payload says.
func (r *run) decode(it *item) {
	if err := r.event(it); err != nil {
		it.instead = func() { r.bury(it, err.Error()) }
	} else if it.event.About == lead.Notice {
		it.instead = func() { r.ack(it, unchanged) }
	}
}

// event fills in the event. A panic of the partner's decoder is an error as any other.
func (r *run) event(it *item) (err error) {
	defer func() {
		if recover() != nil { // the value may hold what it choked on
			r.Log.ErrorContext(r.ctx, "decoder panicked", "lane", r.lane.Name, "partner", it.partner, "stack", string(debug.Stack()))
			err = lead.Errorf(lead.Invalid, "the decoder panicked")
		}
	}()
	if it.event, err = it.decoder.Decode(partner.Request{}, it.payload); err != nil {
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
	it.hash = contentHash(&it.event, it.payload)
	return nil
}

// contentHash is the hash of the event's content: the one in its key, where the key of a version has one.
func contentHash(e *lead.Event, payload []byte) string {
	if e.Versioned && len(e.Key) == 2 {
		return e.Key[1]
	}
	hash := lead.ContentHash(payload)
	return hex.EncodeToString(hash[:])
}
