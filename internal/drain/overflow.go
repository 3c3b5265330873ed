package drain

import (
	"bytes"
	"context"
	"encoding/json"

	"leadrelay/internal/lead"
)

// Overflow reads what lies at a URL without a query, as an envelope's "dataref" names it. Errors are of kind Address
// (the place is not the lane's, or cannot be read) or Unavailable.
type Overflow func(ctx context.Context, ref string) ([]byte, error)

// fetch gets the payload of a message that only names it.
func (r *run) fetch(it *item) {
	if r.lane.Overflow == nil {
		err := lead.Errorf(lead.Address, "lane %s: a message names a payload in an overflow container, and the lane has none", r.lane.Name)
		r.complain(err)
		it.instead = func() { r.wait(it, lastDelay, err.Error()) }
		return
	}
	payload, err := r.lane.Overflow(r.ctx, it.ref)
	if err != nil {
		if lead.KindOf(err) == lead.Address {
			r.complain(err)
		}
		it.instead = func() { r.wait(it, backoff(it.first.Tries, lead.RetryAfter(err)), "overflow container: "+err.Error()) }
		return
	}
	it.payload = payload
}

// isMarked says whether a bare payload is one of `leadctl destinations test`.
func isMarked(body []byte) bool {
	if !bytes.Contains(body, []byte(`"leadrelaytest"`)) {
		return false
	}
	var p struct {
		Test bool `json:"leadrelaytest"`
	}
	return json.Unmarshal(body, &p) == nil && p.Test
}
