package console

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
)

// Filter says which events are meant. What is empty does not narrow it. A Lead or a Submission stands alone, but for
// Partner.
type Filter struct {
	Partner     string    `json:"partner,omitempty"`
	Lead        string    `json:"lead,omitempty"`
	Submission  string    `json:"submission,omitempty"`
	Destination string    `json:"destination,omitempty"` // its name or id
	State       string    `json:"state,omitempty"`       // one of States
	Type        string    `json:"type,omitempty"`
	Since       time.Time `json:"since,omitzero"`
	Until       time.Time `json:"until,omitzero"` // exclusive
}

// Further states that can be asked for: parts of the ledger's own.
const (
	Waiting  = "waiting"  // held for a person
	Retrying = "retrying" // in flight, after a failed try
)

// States are those that a filter may name.
func States() []string {
	return []string{string(ledger.InFlight), string(ledger.Held), Waiting, Retrying, string(ledger.Dead), string(ledger.Rejected),
		string(ledger.Delivered), string(ledger.Unmatched), string(ledger.Duplicated), string(ledger.Shadowed)}
}

// Event is a line of a list: an event as its receipt's row tells it.
type Event struct {
	Receipt      string            `json:"receipt"`
	Partner      string            `json:"partner"`
	Type         string            `json:"type"`
	Lead         string            `json:"lead,omitempty"`
	Received     time.Time         `json:"received"`
	State        string            `json:"state"` // "arriving" before the ledger has judged it
	Destinations map[string]string `json:"destinations,omitempty"`
	Replays      string            `json:"replays,omitempty"`
	Due          time.Time         `json:"due,omitzero"`     // of an open delivery: its next try
	Reason       string            `json:"reason,omitempty"` // of an open delivery
}

// Events is a page of events. Next leads to the next one, empty when there is none.
type Events struct {
	Events []Event
	Next   string
	Back   time.Time // how far back the page has looked, when it ended early
}

// List gives a page of at most max events, the newest first; of the deliveries that are held, waiting or retrying at a
// destination, without a time, the oldest first.
func (c *Console) List(ctx context.Context, f Filter, max int, next string) (Events, error) {
	if err := f.check(); err != nil {
		return Events{}, err
	}
	all, err := c.names(ctx)
	if err != nil {
		return Events{}, err
	}
	id, err := destinationID(all, f.Destination)
	if err != nil {
		return Events{}, err
	}
	switch {
	case f.Lead != "" || f.Submission != "":
		return c.about(ctx, f, id, max, all)
	case f.State == Retrying && id == "":
		return Events{}, errors.New("say which destination: the ledger knows what is retried by destination")
	case f.State == string(ledger.Shadowed) && id == "":
		return Events{}, errors.New("say which destination is in shadow")
	case f.open() && id != "" && f.Since.IsZero() && f.Until.IsZero():
		return c.openAt(ctx, f, id, max, next, all)
	}
	page, err := c.Ledger.List(ctx, f.query(id), max, next)
	if err != nil {
		return Events{}, err
	}
	out := Events{Next: page.Next, Back: page.Back}
	for _, n := range page.Lines {
		out.Events = append(out.Events, eventOf(n, all))
	}
	return out, nil
}

// check says what is wrong with a filter.
func (f Filter) check() error {
	if f.State != "" && !slices.Contains(States(), f.State) {
		return fmt.Errorf("there is no state %q; there are %s", f.State, strings.Join(States(), ", "))
	}
	if f.Lead != "" && f.Submission != "" {
		return errors.New("a lead or a submission, not both")
	}
	return nil
}

// open says that the index of open deliveries answers.
func (f Filter) open() bool {
	return f.State == string(ledger.Held) || f.State == Waiting || f.State == Retrying
}

func (f Filter) query(destination string) ledger.Query {
	q := ledger.Query{Partner: f.Partner, Type: f.Type, State: ledger.State(f.State), Destination: destination, Since: f.Since, Until: f.Until}
	switch f.State {
	case Waiting:
		q.State, q.Waiting = ledger.Held, true
	case Retrying:
		q.State = ledger.InFlight
	}
	return q
}

// destinationID is the id of a destination that is named, or was: an id is always good.
func destinationID(all map[string]registry.Destination, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	for id, d := range all {
		if d.Name == name || id == name {
			return id, nil
		}
	}
	if len(name) == 16 && strings.Trim(name, "0123456789abcdef") == "" {
		return name, nil
	}
	return "", fmt.Errorf("%s: %w", name, registry.ErrNone)
}

// about lists the events of a lead or a submission.
func (c *Console) about(ctx context.Context, f Filter, destination string, max int, all map[string]registry.Destination) (Events, error) {
	partners, err := c.senders(ctx, f.Partner)
	if err != nil {
		return Events{}, err
	}
	q, out := f.query(destination), Events{}
	for _, p := range partners {
		lines, more, err := c.linesAbout(ctx, f, p, max)
		if err != nil {
			return Events{}, err
		}
		if more {
			out.Back = lines[len(lines)-1].Received
		}
		for _, n := range lines {
			if q.Matches(n) && (f.Since.IsZero() || !n.Received.Before(f.Since)) && (f.Until.IsZero() || n.Received.Before(f.Until)) {
				out.Events = append(out.Events, eventOf(n, all))
			}
		}
	}
	slices.SortFunc(out.Events, func(a, b Event) int { return strings.Compare(b.Receipt, a.Receipt) })
	return out, nil
}

func (c *Console) linesAbout(ctx context.Context, f Filter, partner string, max int) ([]ledger.Line, bool, error) {
	if f.Lead != "" {
		return c.Ledger.OfLead(ctx, partner, c.Ledger.Hash.Lead(partner, leadID(f.Lead)), max)
	}
	return c.Ledger.OfSubmission(ctx, partner, c.Ledger.Hash.Submission(partner, leadID(f.Submission)), max)
}

// openAt lists the open deliveries of a destination, by the index of them.
func (c *Console) openAt(ctx context.Context, f Filter, id string, max int, next string, all map[string]registry.Destination) (Events, error) {
	kind := map[string]ledger.OpenKind{string(ledger.Held): ledger.HeldOnes, Waiting: ledger.Waiting, Retrying: ledger.Retrying}[f.State]
	entries, more, err := c.Ledger.OpenPage(ctx, id, kind, next, max)
	if err != nil {
		return Events{}, err
	}
	lines, err := c.Ledger.OpenLines(ctx, id, entries)
	if err != nil {
		return Events{}, err
	}
	out := Events{}
	if more {
		out.Next = entries[len(entries)-1].Place()
	}
	for _, n := range lines {
		if (f.Partner != "" && f.Partner != n.Line.Partner) || (f.Type != "" && f.Type != n.Line.Type) {
			continue
		}
		e := eventOf(n.Line, all)
		e.Reason = n.Delivery.Reason
		if n.Delivery.State == ledger.InFlight {
			e.Due = n.Delivery.Due
		}
		out.Events = append(out.Events, e)
	}
	return out, nil
}

func eventOf(n ledger.Line, all map[string]registry.Destination) Event {
	e := Event{Receipt: n.Receipt, Partner: n.Partner, Type: n.Type, Lead: n.Subject, Received: n.Received, State: stateName(n.State), Replays: n.Replays}
	for _, s := range n.Sent {
		if e.Destinations == nil {
			e.Destinations = map[string]string{}
		}
		state := string(s.State)
		switch {
		case s.Waiting:
			state = Waiting
		case state == "":
			state = "missing"
		}
		e.Destinations[nameOf(all, s.Destination)] = state
	}
	return e
}

// stateName is a state for people: a receipt that the ledger has not judged yet is arriving.
func stateName(s ledger.State) string {
	if s == "" {
		return "arriving"
	}
	return string(s)
}
