// Package partner says who sends: a partner verifies that a notification is theirs and decodes it.
//
// To add one: copy a sibling folder, put its document's samples in testdata, add one line to internal/app/drivers.go;
// partnertest.Run says when it is done.
package partner

import (
	"net/http"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
)

// Request is what came around the body of a notification.
type Request struct {
	Header http.Header
	Token  string // the path segment after the partner's name; empty when there is none
}

// Partner is one configured sender. Its methods keep nothing, change nothing and may be called side by side.
// No error of theirs holds a proof, a payload value or anything of a person.
type Partner interface {
	// Admit judges the proofs that need no body: header secrets, path tokens, the presence and age of a signature.
	// It runs before the body is read and fails with Unauthorized. Nil does not mean authentic: Verify has the last word.
	Admit(r Request) error
	// Verify judges the proofs over the body, byte for byte as it was sent, in constant time. It fails with Unauthorized.
	// A partner without such a proof answers nil.
	Verify(r Request, body []byte) error
	// Decode turns an authentic body into an event. It fails with Invalid when the body is not well-formed
	// (lead.WellFormed says why), and, naming fields and rules, when it breaks the partner's document in structure:
	// types, required ids, ranges.
	// Unknown fields, unknown lookup values and absent fields are notes of the event, not errors.
	// A drain calls it with a zero Request, for payloads that a partner put into an inbox itself.
	Decode(r Request, body []byte) (lead.Event, error)
}

// Open makes a partner from its settings (PARTNER_<NAME>_…). What is wrong with them it tells the settings.
// now is the clock against which signatures age.
type Open func(s *config.Settings, now func() time.Time) Partner
