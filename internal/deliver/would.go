package deliver

import (
	"context"

	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
)

// Would judges a stored event for one destination as it is configured now, without sending anything: why is what says
// no, and empty when it would get the event. It is ledger.ErrErased for one whose payload is gone.
func (d *Deliverer) Would(ctx context.Context, e ledger.Event, to registry.Destination) (why []string, err error) {
	if e.Reject != nil {
		return []string{"it was refused at the door, and is no event for anybody"}, nil
	}
	env, err := d.Ledger.Payload(ctx, e)
	if err != nil {
		return nil, err
	}
	in, err := d.stored(ctx, e, &ledger.Message{Envelope: env, LeadKey: e.LeadKey})
	if err != nil {
		return nil, err
	}
	return d.judge(&to, in, e, nil).Why, nil
}
