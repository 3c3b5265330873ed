package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

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

	day azcore.ETag // of the row of its receipt, when it was written just now
}

// maxRows is how many rows one transaction of Azure Tables holds.
const maxRows = 100

// Open inserts the event of a message with a delivery for each target, in one transaction, and says what is left to do
// (DESIGN 3a). The targets count for a new event only: they are fixed at the insert.
//
// passed says why the event is not for the others.
func (l *Ledger) Open(ctx context.Context, m *Message, targets []Target, passed []Decision) (Opened, error) {
	key := m.Key
	if m.Content != "" && m.Reject == nil {
		var err error
		if key, err = l.version(ctx, m); err != nil {
			return Opened{}, fmt.Errorf("version: %w", err)
		}
	}
	e := newEvent(key, m, targets)
	e.Passed = passed
	day, err := l.index(ctx, e)
	if err != nil {
		return Opened{}, fmt.Errorf("index: %w", err)
	}
	err = l.insert(ctx, e, targets)
	switch {
	case err == nil:
		o := Opened{Key: key, Verdict: First, State: e.State, Pending: fresh(key, targets), day: day}
		if len(o.Pending) == 0 {
			err = l.settled(ctx, e, targets, day)
		}
		return o, err
	case azure.Exists(err):
		return l.reopen(ctx, key, m)
	default:
		return Opened{}, fmt.Errorf("insert: %w", err)
	}
}

func newEvent(key string, m *Message, targets []Target) Event {
	e := Event{Key: key, Receipt: m.Envelope.ID, Partner: m.Envelope.Partner, Type: m.Envelope.Type, Subject: m.Envelope.Subject,
		LeadKey: m.LeadKey, Received: m.Envelope.Time, Notes: m.Notes, Reject: m.Reject, Claim: m.Claim,
		Submission: m.Form, Via: m.Via, Replays: m.Replays, versioned: m.Content != ""}
	for _, t := range targets {
		e.Destinations = append(e.Destinations, t.ID)
	}
	if m.Claim == "" {
		e.Envelope = m.Envelope.AppendJSON(nil)
	}
	var states []State
	for _, t := range targets {
		states = append(states, t.state())
	}
	if e.State = Overall(states); m.Reject != nil {
		e.State = Rejected
	}
	return e
}

// settled marks the receipt of a new event with which nothing is to be done.
func (l *Ledger) settled(ctx context.Context, e Event, targets []Target, day azcore.ETag) error {
	if day != "" {
		err := l.markDay(ctx, Line{Key: e.Key, Receipt: e.Receipt, Partner: e.Partner, Received: e.Received}, e.State, sentOf(targets), day)
		if !azure.Stale(err) {
			return err
		}
	}
	_, err := l.Conclude(ctx, e.Key)
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
	var out []Delivery
	for _, t := range targets {
		if t.state() == InFlight {
			out = append(out, Delivery{Destination: t.ID, Name: t.Name, State: InFlight, Tags: t.Tags, key: key})
		}
	}
	return out
}

// insert writes the event and its deliveries: the first hundred rows in one transaction, which decides who is first;
// the rest in further ones, which Again completes when they are cut short.
func (l *Ledger) insert(ctx context.Context, e Event, targets []Target) error {
	head, err := entity(e.Key, eventRow, map[string]any{
		"Receipt": e.Receipt, "Partner": e.Partner, "Type": e.Type, "Subject": e.Subject, "LeadKey": e.LeadKey, "Received": e.Received,
		"State": string(e.State), "Destinations": strings.Join(e.Destinations, " "), "Notes": encoded(e.Notes), "Reject": encoded(e.Reject),
		"Envelope": aztables.EDMBinary(e.Envelope), "Claim": e.Claim, "Passed": packDecisions(e.Passed),
		"Submission": e.Submission, "Via": e.Via, "Replays": e.Replays})
	if err != nil {
		return err
	}
	rows := [][]byte{head}
	for _, t := range targets {
		if t.waits() {
			if err := l.addOpen(ctx, t.ID, openRow(waitingPrefix, e.Received, e.Key)); err != nil {
				return err
			}
		}
		b, err := deliveryEntity(e.Key, t, e.Received)
		if err != nil {
			return err
		}
		rows = append(rows, b)
	}
	for chunk := range slices.Chunk(rows, maxRows) {
		if err := l.transact(ctx, chunk); err != nil {
			return err
		}
	}
	return nil
}

func deliveryEntity(key string, t Target, received time.Time) ([]byte, error) {
	props := map[string]any{"Name": t.Name, "State": string(t.state()), "Try": int32(0), "Tries": int32(0), "Tags": strings.Join(t.Tags, " "), "Reason": t.Wait}
	if t.waits() {
		props["Open"] = openRow(waitingPrefix, received, key)
	}
	return entity(key, deliveryPrefix+t.ID, props)
}

func (l *Ledger) transact(ctx context.Context, rows [][]byte) error {
	if len(rows) == 1 {
		return l.add(ctx, l.Events, rows[0])
	}
	actions := make([]aztables.TransactionAction, len(rows))
	for i, b := range rows {
		actions[i] = aztables.TransactionAction{ActionType: aztables.TransactionTypeAdd, Entity: b}
	}
	_, err := l.Events.SubmitTransaction(ctx, actions, nil)
	if azure.NotFound(err) {
		if _, err := l.Events.CreateTable(ctx, nil); err != nil && !azure.Exists(err) {
			return azure.Classify(err)
		}
		_, err = l.Events.SubmitTransaction(ctx, actions, nil)
	}
	return azure.Classify(err)
}

// reopen tells the redelivery of a message from a duplicate, by the first receipt.
func (l *Ledger) reopen(ctx context.Context, key string, m *Message) (Opened, error) {
	e, ok, err := get(ctx, l.Events, key, eventRow)
	if err != nil {
		return Opened{}, fmt.Errorf("read event: %w", err)
	}
	if !ok {
		return Opened{}, &lead.Error{Kind: lead.Unavailable, Err: errors.New("the event was removed while it was being opened")}
	}
	if e.text("Receipt") != m.Envelope.ID {
		return Opened{Key: key, Verdict: Duplicate, State: e.state()}, l.addDuplicate(ctx, key, m)
	}
	pending, err := l.pending(ctx, key, strings.Fields(e.text("Destinations")))
	return Opened{Key: key, Verdict: Again, State: e.state(), Pending: pending}, err
}

// addDuplicate keeps the receipt of a duplicate and lets its claim go: the first one's stays.
func (l *Ledger) addDuplicate(ctx context.Context, key string, m *Message) error {
	b, err := entity(key, duplicateRow+m.Envelope.ID, map[string]any{"Received": m.Envelope.Time})
	if err != nil {
		return err
	}
	if err := ignoreExists(l.add(ctx, l.Events, b)); err != nil {
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
			b, err := deliveryEntity(key, Target{ID: id}, time.Time{})
			if err != nil {
				return nil, err
			}
			if err := ignoreExists(l.add(ctx, l.Events, b)); err != nil {
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
