// Package console answers what an operator asks and undoes what went wrong: events, replay, books.
//
// Everything it shows comes from rows of the index and from single events, never from a scan of the ledger, so the number
// of storage requests of one answer does not grow with what the ledger holds. Payloads are masked unless somebody
// asks for them, and that is written down. leadctl prints its answers, and the web console stands on the same.
package console

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner"
	"leadrelay/internal/registry"
)

// Deliverer is the flow that carries out what a person wants of deliveries. no says why something is not done; it is empty
// when it is.
type Deliverer interface {
	// Replay has an event delivered to a destination, once more or for the first time; with dry nothing is written.
	Replay(ctx context.Context, e ledger.Event, to registry.Destination, deed ledger.Deed, dry bool) (no string, err error)
	// Release lets a delivery go that waits for a person; Refuse ends it as dead. The destination is named by id.
	Release(ctx context.Context, e ledger.Event, destination string, deed ledger.Deed) (no string, err error)
	Refuse(ctx context.Context, e ledger.Event, destination string, deed ledger.Deed) (no string, err error)
	// Would says what keeps a stored event from a destination as it is configured now; nothing is sent.
	Would(ctx context.Context, e ledger.Event, to registry.Destination) (why []string, err error)
	// Passed says why a stored event was not for those of all that it was not for.
	Passed(ctx context.Context, e ledger.Event, all []registry.Destination) ([]ledger.Decision, error)
}

// Leads is a place where drained leads are kept, of which one can be erased.
type Leads interface {
	// Erase removes a lead for good and says whether there was one.
	Erase(ctx context.Context, partner, id string) (bool, error)
}

// Console is what an operator stands before.
type Console struct {
	Ledger       *ledger.Ledger
	Intake       *ledger.Intake
	Poison       *ledger.Poison
	Cursors      ledger.Cursors
	Destinations *registry.Registry
	Deliver      Deliverer
	Partners     map[string]partner.Partner // by configured name: they decode rejected events again
	Leads        Leads
	Tally        *ledger.Tally
	Alerts       *ledger.Alerts
	Runs         *ledger.LaneRuns
	Lanes        map[string]func(last, now time.Time) bool // of the drain: says whether one whose last run began then has been forgotten
	Quiet        map[string]time.Duration                  // by partner: how long it may be quiet, where a setting says so
	Reactivate   map[string]string                         // by partner: what its document says about being heard of again
	// Notify tells the operator's endpoint, whose 2xx is a nil error; the same id is the same message. Nil tells nobody.
	Notify func(ctx context.Context, id string, body []byte) error
	Log    *slog.Logger
	Now    func() time.Time
}

// Who is the person that does something, and why.
type Who struct{ By, Why string }

// deed is what the person does now.
func (c *Console) deed(w Who, what string) ledger.Deed {
	return ledger.Deed{At: c.Now().UTC().Truncate(time.Millisecond), By: w.By, Why: w.Why, What: what}
}

// ErrUnknown says that the ledger does not know what was asked for.
var ErrUnknown = errors.New("the ledger does not know it")

// find is the event of a receipt, with the receipt's own line: that of a duplicate leads to the event that it repeats.
func (c *Console) find(ctx context.Context, receipt string, duplicates int) (ledger.History, ledger.Line, error) {
	n, ok, err := c.Ledger.Find(ctx, receipt)
	if err != nil {
		return ledger.History{}, n, err
	}
	if !ok {
		return ledger.History{}, n, fmt.Errorf("receipt %s: %w", receipt, ErrUnknown)
	}
	h, ok, err := c.Ledger.History(ctx, n.Key, duplicates)
	if err == nil && !ok {
		err = fmt.Errorf("receipt %s has come, and its event is not in the ledger yet", receipt)
	}
	return h, n, err
}

// leadID is a lead's id as the drivers write it.
func leadID(id string) string {
	if id = strings.TrimSpace(id); lead.IsUUID(id) {
		return strings.ToLower(id)
	}
	return id
}

// names are the destinations by id, the removed ones that still have open deliveries included.
func (c *Console) names(ctx context.Context) (map[string]registry.Destination, error) {
	list, err := c.Destinations.List(ctx)
	return byID(list), err
}

func byID(list []registry.Destination) map[string]registry.Destination {
	out := map[string]registry.Destination{}
	for _, d := range list {
		out[d.ID] = d
	}
	return out
}

// nameOf is a destination's name; one that is gone has its id only.
func nameOf(all map[string]registry.Destination, id string) string {
	if d, ok := all[id]; ok {
		return d.Name
	}
	return id
}

// senders are the partners that an answer is about: one, or all whose events the ledger has.
func (c *Console) senders(ctx context.Context, one string) ([]string, error) {
	if one != "" {
		return []string{one}, nil
	}
	all, err := c.Ledger.Partners(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(p string) bool { return p == ledger.UnknownPartner }), nil
}
