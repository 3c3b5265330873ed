package deliver

import (
	"context"
	"fmt"
	"strings"
	"time"

	"leadrelay/internal/destination"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
	"leadrelay/internal/rule"
)

// Verdict says whether a destination would get a stored event as things are now, and why not.
type Verdict struct {
	Destination string   `json:"destination"` // name
	Gets        bool     `json:"gets"`
	Why         []string `json:"why,omitempty"` // what says no; for a filter each part that does
	Then        string   `json:"then"`          // what became of it when it came: a state, or why it was not for this one
}

// Explain judges a stored event against every destination as it is configured now.
func (d *Deliverer) Explain(ctx context.Context, e ledger.Event) ([]Verdict, error) {
	all, err := d.Destinations.List(ctx)
	if err != nil {
		return nil, err
	}
	env, err := d.Ledger.Payload(ctx, e)
	if err != nil {
		return nil, err
	}
	in, err := d.stored(ctx, e, &ledger.Message{Envelope: env, LeadKey: e.LeadKey})
	if err != nil {
		return nil, err
	}
	rows, err := d.Ledger.Deliveries(ctx, e)
	if err != nil {
		return nil, err
	}
	var out []Verdict
	for i := range all {
		if all[i].Wanted != registry.Removed {
			out = append(out, d.judge(&all[i], in, e, rows))
		}
	}
	return out, nil
}

func (d *Deliverer) judge(to *registry.Destination, in *rule.Event, e ledger.Event, rows []ledger.Delivery) Verdict {
	v := Verdict{Destination: to.Name, Then: "it was not there yet"}
	if p, ok := d.then(to, in, e); ok {
		v.Then = "not for it: " + p.Why
	}
	for _, r := range rows {
		if r.Destination == to.ID {
			v.Then = string(r.State)
		}
	}
	if why := Passes(to, in); why != "" {
		v.Why = append(v.Why, why)
	}
	r := d.rulesOf(to)
	switch {
	case r.err != nil:
		v.Why = append(v.Why, r.err.Error())
	case r.filter != nil:
		if yes, noes := r.filter.Explain(in); !yes {
			for _, no := range noes {
				v.Why = append(v.Why, sentence(no))
			}
		}
	}
	v.Gets = len(v.Why) == 0
	return v
}

func sentence(no rule.No) string {
	if no.Err != nil {
		return strings.TrimSpace(no.Condition + " cannot say: " + no.Err.Error())
	}
	return no.Condition + " says no"
}

// Test sends a marked test event to a destination now, whatever its state, and says what the far side answered. In the
// formats that carry no mark of ours the payload itself says that it is a test; our drain drops either.
func (d *Deliverer) Test(ctx context.Context, to registry.Destination) (destination.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	now := d.Now().UTC().Truncate(time.Millisecond)
	id := "00000000-0000-4000-8000-" + fmt.Sprintf("%012x", now.UnixMilli()&0xffffffffffff)
	body := strings.Replace(testPayload, "ID", id, 1)
	env := lead.Envelope{ID: "TEST" + id, Partner: "crf", Type: "crf.lead", Subject: id, Time: now, Data: []byte(body), Test: true}
	return d.send(ctx, &job{event: env, to: &to, row: ledger.TestDelivery(d.Ledger.Hash.Of("test", id), to.ID)}, to.Health.Address)
}

// testPayload is a lead in CRF Connect's form that nobody can take for a real one.
const testPayload = `{"id":"ID","leadrelaytest":true,"status":"Matched","state":"Submitted","requestedAmount":1.00,` +
	`"nameOfBusiness":"leadrelay test, please ignore","firstName":"Test","lastName":"Test"}`
