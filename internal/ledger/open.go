package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/azure"
	"leadrelay/internal/lead"
)

// Target is a destination that an event is meant for.
type Target struct {
	ID, Name string
	Tags     []string // what is odd about the event for this destination
	Wait     string   // why the delivery waits for a person; empty when it does not
	Shadow   bool     // it is only written down that the destination would get the event, or would wait for a person
}

func (t Target) waits() bool { return t.Wait != "" && !t.Shadow }

// Verdict says what a message turned out to be.
type Verdict uint8

// A First message brought an event that was inserted now; Again is the redelivery of a message that the ledger knows; a Duplicate is another
// request with an event that the ledger knows, and needs no more work.
const (
	First Verdict = iota
	Again
	Duplicate
)

// Opened is an event as the ledger has it, with what is left to send.
type Opened struct {
	Key     string
	Verdict Verdict
	State   State
	Pending []Delivery // in flight, in order of destination id

	sent  []Sent      // how every delivery stood at the insert, for First
	line  Line        // the row of its receipt; its ETag is empty when the row was there before
	guard azcore.ETag // of the event's row at the insert, for First
}

// Open inserts the event of an arrival with a delivery for each target, in one transaction, and says what is left to do
// (DESIGN 3a). The targets count for a new event only: they are fixed at the insert.
//
// passed says why the event is not for the others; nil when there are none.
func (l *Ledger) Open(ctx context.Context, a Arrival, targets []Target, passed *Passed) (Opened, error) {
	m := a.message
	if a.Known() {
		return l.reopen(ctx, a.key, a.event, m)
	}
	e := newEvent(m)
	e.Key = a.key
	if passed != nil {
		e.Passed = *passed
	}
	e.meet(targets)
	etag, err := l.insert(ctx, e, targets)
	switch {
	case err == nil:
		o := Opened{Key: e.Key, Verdict: First, State: e.State, Pending: fresh(e.Key, targets), line: e.line(), guard: etag}
		o.line.etag = a.day
		o.sent = make([]Sent, 0, len(targets))
		for _, t := range targets {
			o.sent = append(o.sent, Sent{Destination: t.ID, State: t.state(), Waiting: t.waits()})
		}
		if len(o.Pending) == 0 {
			err = l.settled(ctx, o)
		}
		return o, err
	case azure.Exists(err):
		known, ok, err := l.events.get(ctx, e.Key, eventRow)
		if err != nil {
			return Opened{}, fmt.Errorf("read event: %w", err)
		}
		if !ok {
			return Opened{}, &lead.Error{Kind: lead.Unavailable, Err: errors.New("the event was removed while it was being opened")}
		}
		return l.reopen(ctx, e.Key, known, m)
	default:
		return Opened{}, fmt.Errorf("insert: %w", err)
	}
}

// newEvent is what a message says of the event that it brings.
func newEvent(m *Message) Event {
	e := Event{Key: m.Key, Receipt: m.Envelope.ID, Partner: m.Envelope.Partner, Type: m.Envelope.Type, Subject: m.Envelope.Subject,
		LeadKey: m.LeadKey, Received: m.Envelope.Time, Notes: m.Notes, Reject: m.Reject, Claim: m.Claim,
		Submission: m.Form, Via: m.Via, Replays: m.Replays, versioned: m.versioned()}
	switch {
	case m.Claim != "":
	case m.text != nil:
		e.Envelope = m.text
	default:
		e.Envelope = m.Envelope.AppendJSON(nil)
	}
	return e
}

// meet fixes the destinations of a new event, and with them its first state.
func (e *Event) meet(targets []Target) {
	states := make([]State, len(targets))
	for i, t := range targets {
		e.Destinations = append(e.Destinations, t.ID)
		states[i] = t.state()
	}
	if e.State = Overall(states); e.Reject != nil {
		e.State = Rejected
	}
}

// line is the row of the event's receipt.
func (e *Event) line() Line {
	return Line{Key: e.Key, Receipt: e.Receipt, Partner: e.Partner, Received: e.Received}
}

// settled marks the receipt of a new event with which nothing is to be done.
func (l *Ledger) settled(ctx context.Context, o Opened) error {
	if o.line.etag != "" {
		err := l.markDay(ctx, o.line, o.State, packSent(o.sent), o.line.etag)
		if !azure.Stale(err) {
			return err
		}
	}
	_, err := l.Conclude(ctx, o.Key)
	return err
}

// state is the one that a delivery begins with.
func (t Target) state() State {
	switch {
	case t.Shadow:
		return Shadowed
	case t.Wait != "":
		return Held
	}
	return InFlight
}

func fresh(key string, targets []Target) []Delivery {
	out := make([]Delivery, 0, len(targets))
	for _, t := range targets {
		if t.state() == InFlight {
			out = append(out, Delivery{Destination: t.ID, Name: t.Name, State: InFlight, Tags: t.Tags, key: key})
		}
	}
	return out
}

// insert writes the event and its deliveries: the first hundred rows in one transaction, which decides who is first;
// the rest in further ones, which Again completes when they are cut short. The ETag is that of the event's row.
func (l *Ledger) insert(ctx context.Context, e Event, targets []Target) (azcore.ETag, error) {
	rows := make([]*azure.Entity, 1, 1+len(targets))
	rows[0] = eventEntity(e)
	for _, t := range targets {
		if t.waits() {
			if err := l.addOpen(ctx, t.ID, openRow(waitingPrefix, e.Received, e.Key)); err != nil {
				return "", err
			}
		}
		rows = append(rows, deliveryEntity(e.Key, t, e.Received))
	}
	var guard azcore.ETag
	for chunk := range slices.Chunk(rows, azure.MaxWrites) {
		etags, err := l.events.insertAll(ctx, chunk...)
		if err != nil {
			return "", err
		}
		if guard == "" {
			guard = etags[0]
		}
	}
	return guard, nil
}

// eventEntity is a new event's row. What is empty is left out.
func eventEntity(e Event) *azure.Entity {
	row := azure.NewLargeEntity(e.Key, eventRow).Text("State", string(e.State)).Time("Received", e.Received)
	if e.State == InFlight {
		row.Flag("Opening", true) // its first tries are made; FirstTries says why that counts
	}
	for _, p := range [...]struct{ name, value string }{
		{"Receipt", e.Receipt}, {"Partner", e.Partner}, {"Type", e.Type}, {"Subject", e.Subject}, {"LeadKey", e.LeadKey},
		{"Destinations", strings.Join(e.Destinations, " ")}, {"Claim", e.Claim}, {"Submission", e.Submission}, {"Via", e.Via}, {"Replays", e.Replays},
	} {
		if p.value != "" {
			row.Text(p.name, p.value)
		}
	}
	if len(e.Notes) > 0 {
		row.Text("Notes", encoded(e.Notes))
	}
	if e.Reject != nil {
		row.Text("Reject", encoded(e.Reject))
	}
	if e.Passed.Count > 0 {
		row.Text("Passed", e.Passed.String())
	}
	if len(e.Envelope) > 0 {
		row.Bytes("Envelope", e.Envelope)
	}
	return row
}

func deliveryEntity(key string, t Target, received time.Time) *azure.Entity {
	row := azure.NewEntity(key, deliveryPrefix+t.ID).Text("Name", t.Name).Text("State", string(t.state())).Int("Try", 0).Int("Tries", 0)
	if len(t.Tags) > 0 {
		row.Text("Tags", strings.Join(t.Tags, " "))
	}
	if t.Wait != "" {
		row.Text("Reason", t.Wait)
	}
	if t.waits() {
		row.Text("Open", openRow(waitingPrefix, received, key))
	}
	return row
}

// reopen tells the redelivery of a message from a duplicate, by the first receipt of the event.
func (l *Ledger) reopen(ctx context.Context, key string, e azure.Row, m *Message) (Opened, error) {
	if e.Text("Receipt") != m.Envelope.ID {
		return Opened{Key: key, Verdict: Duplicate, State: stateOf(e)}, l.addDuplicate(ctx, key, m)
	}
	pending, err := l.pending(ctx, key, strings.Fields(e.Text("Destinations")))
	return Opened{Key: key, Verdict: Again, State: stateOf(e), Pending: pending}, err
}

// addDuplicate keeps the receipt of a duplicate and lets its claim go: the first one's stays.
func (l *Ledger) addDuplicate(ctx context.Context, key string, m *Message) error {
	_, err := l.events.add(ctx, azure.NewEntity(key, duplicateRow+m.Envelope.ID).Time("Received", m.Envelope.Time))
	if err := ignoreExists(err); err != nil {
		return fmt.Errorf("keep duplicate: %w", err)
	}
	at := Line{Key: key, Receipt: m.Envelope.ID, Partner: m.Envelope.Partner, Received: m.Envelope.Time}
	if err := l.markDay(ctx, at, Duplicated, "", azcore.ETagAny); err != nil {
		return err
	}
	if m.Claim == "" {
		return nil
	}
	if _, err := l.Claims.NewBlobClient(m.Claim).Delete(ctx, nil); err != nil && !azure.NotFound(err) {
		return fmt.Errorf("remove the duplicate's claim: %w", azure.Classify(err))
	}
	return nil
}

// pending are the deliveries of an event that are not settled; a row that a cut-short insert left out is added.
func (l *Ledger) pending(ctx context.Context, key string, ids []string) ([]Delivery, error) {
	rows, err := l.deliveries(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("read deliveries: %w", err)
	}
	var out []Delivery
	for _, id := range ids {
		d, ok := rows[id]
		if !ok {
			_, err := l.events.add(ctx, deliveryEntity(key, Target{ID: id}, time.Time{}))
			if err := ignoreExists(err); err != nil {
				return nil, fmt.Errorf("complete the insert: %w", err)
			}
			d = Delivery{Destination: id, State: InFlight, key: key}
		}
		if d.State == InFlight {
			out = append(out, d)
		}
	}
	return out, nil
}
