package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
)

// Message is what waits in the intake: one accepted request. On the wire it is {"v":1,…} around the envelope, so that
// no member of an envelope or payload stands at the top, where the Functions host would copy it over its own metadata.
type Message struct {
	Envelope lead.Envelope
	// Claim names the blob of the claims container that holds the envelope when the message would be too large; the
	// Envelope then has no Data until [Ledger.Resolve] has read it.
	Claim string

	Key     string      // the event's keyed hash, under which the ledger keeps it
	LeadKey string      // the lead's keyed hash; empty when the event is about no lead
	Content string      // for a versioned event the hash of its content, hex; else empty
	Form    string      // the keyed hash of the submission that made the lead; empty when the partner names none
	Via     string      // how its sender proved to be the partner: "header X-Api-Key", "HMAC-SHA256"
	Replays string      // the receipt of the rejected event that was put in again with this message, on purpose
	Notes   []lead.Note // what was odd about it at the door
	Reject  *Rejection  // why it was refused at the door; it is kept, and sent to nobody

	Returned int // how often it came back from the poison queue

	// Retry makes the message a try of one delivery; everything above but Key and Returned is then empty.
	Retry *Retry
}

// Retry is one try of one delivery, waiting in the intake until it is due. It never holds the payload.
type Retry struct {
	Destination string    `json:"destination"` // id
	Try         int       `json:"try"`         // the number that the delivery's row must have; another is stale
	Due         time.Time `json:"due"`
}

// Due is when a message should have been taken out of the intake at the earliest; zero when it was due as it came.
func (m Message) Due() time.Time {
	if m.Retry == nil {
		return time.Time{}
	}
	return m.Retry.Due
}

// versioned says that the message brings a version of a lead.
func (m Message) versioned() bool { return m.Content != "" && m.Reject == nil }

// Rejection is why an authentic event was refused.
type Rejection struct {
	Status int          `json:"status"` // 400 or 422, whatever the partner was answered
	Reason string       `json:"reason"`
	Faults []lead.Fault `json:"faults,omitempty"`
}

// wire is a message as JSON: an event, a claim with its head, or a delivery.
type wire struct {
	V        int            `json:"v"`
	Event    jsontext.Value `json:"event,omitempty"`
	Claim    string         `json:"claim,omitempty"`
	Head     *head          `json:"head,omitempty"`
	Delivery *Retry         `json:"delivery,omitempty"`
	Key      string         `json:"key"`
	LeadKey  string         `json:"lead,omitempty"`
	Content  string         `json:"content,omitempty"`
	Form     string         `json:"form,omitempty"`
	Via      string         `json:"via,omitempty"`
	Replays  string         `json:"replays,omitempty"`
	Notes    []lead.Note    `json:"notes,omitempty"`
	Reject   *Rejection     `json:"reject,omitempty"`
	Returned int            `json:"returned,omitempty"`
}

// head is what is said of an envelope beside its claim.
type head struct {
	ID      string    `json:"id"`
	Partner string    `json:"partner"`
	Type    string    `json:"type"`
	Subject string    `json:"subject,omitempty"`
	Time    time.Time `json:"time"`
	Binary  bool      `json:"binary,omitempty"`
}

// Encode is the message as it goes on the queue, before base64.
func (m Message) Encode() ([]byte, error) {
	w := wire{V: 1, Claim: m.Claim, Key: m.Key, LeadKey: m.LeadKey, Content: m.Content, Form: m.Form, Via: m.Via, Replays: m.Replays,
		Notes: m.Notes, Reject: m.Reject, Returned: m.Returned, Delivery: m.Retry}
	if e := m.Envelope; m.Claim != "" {
		w.Head = &head{ID: e.ID, Partner: e.Partner, Type: e.Type, Subject: e.Subject, Time: e.Time, Binary: e.Binary}
	}
	rest, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("encode message: %w", err)
	}
	if m.Claim != "" || m.Retry != nil {
		return rest, nil
	}
	b := make([]byte, 0, len(rest)+len(m.Envelope.Data)+512)
	b = append(b, rest[:len(rest)-1]...)
	b = append(b, `,"event":`...)
	b = m.Envelope.AppendJSON(b) // spliced in: the payload's bytes stay as they came
	return append(b, '}'), nil
}

// ErrUnreadable says that some bytes are no message of ours.
var ErrUnreadable = errors.New("not a message of the intake")

// ParseMessage reads what [Message.Encode] wrote.
func ParseMessage(b []byte) (Message, error) {
	var w wire
	if err := jsonv2.Unmarshal(b, &w); err != nil {
		return Message{}, fmt.Errorf("%w: not JSON of its form", ErrUnreadable)
	}
	if !w.whole() {
		return Message{}, fmt.Errorf("%w: version, key, and event, claim with head, or delivery are needed", ErrUnreadable)
	}
	m := Message{Claim: w.Claim, Key: w.Key, LeadKey: w.LeadKey, Content: w.Content, Form: w.Form, Via: w.Via, Replays: w.Replays,
		Notes: w.Notes, Reject: w.Reject, Returned: w.Returned, Retry: w.Delivery}
	if w.Delivery != nil {
		return m, nil
	}
	if h := w.Head; h != nil {
		m.Envelope = lead.Envelope{ID: h.ID, Partner: h.Partner, Type: h.Type, Subject: h.Subject, Time: h.Time, Binary: h.Binary}
		return m, nil
	}
	var err error
	if m.Envelope, err = lead.ParseEnvelope(w.Event); err != nil {
		return Message{}, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return m, nil
}

// whole says that the message is of one form, and just one.
func (w wire) whole() bool {
	forms := 0
	for _, has := range []bool{w.Event != nil, w.Claim != "", w.Delivery != nil} {
		if has {
			forms++
		}
	}
	return w.V == 1 && w.Key != "" && forms == 1 && (w.Claim == "") == (w.Head == nil) && (w.Delivery == nil || w.Delivery.Destination != "")
}
