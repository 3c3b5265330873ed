package ledger

import (
	"time"

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

	text []byte // of the envelope, when the message was read with it
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
