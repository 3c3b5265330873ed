// Package lead is the vocabulary: what a lead is, how one travels, and what can go wrong.
//
// Every other package speaks these words; this one imports none of ours.
package lead

import (
	"bytes"
	"time"
)

// Lead is what an event is about, in our own terms, keyed by partner and id.
// A field that the partner did not send is empty.
type Lead struct {
	Partner string // the partner's configured name, "crf"
	ID      string // the partner's id of the lead, normalised (GUIDs in lower case); never empty
	Ref     string // the id under which the partner says that we know the lead; Credzu's partner_lead_id

	SubmissionID string // one form may make several leads: CRF's submissionId
	DuplicateID  string // a hash that the same applicant shares over leads: CRF's duplicateId

	Status  string // the partner's own word for where the lead stands: "Matched"
	State   string // the partner's own second word: "Submitted", "Removed"
	Stage   Stage  // the same in our words
	Created time.Time
	Amount  Decimal // requested, in dollars
	Purpose string

	Contact    Contact
	Business   Business
	Address    PostalAddress
	FraudScore Decimal // 0 to 1; above 0 calls for suspicion
}

// Contact is the person. Everything here is personal data: it never reaches a log or an error.
type Contact struct {
	First, Last, Email, Phone string
}

// Business is the applicant's company.
type Business struct {
	Name, Industry, Type string
}

// PostalAddress is where the business is.
type PostalAddress struct {
	Line1, Line2, City, State, Zip, County string
}

// Stage is where a lead stands, in words that all partners share. Later stages compare greater.
type Stage uint8

// The stages. Unknown is a status that we cannot place; it never lowers a known one.
const (
	Unknown Stage = iota
	Open
	Engaged
	Qualified
	Won
	Lost
)

// String is the stage's name in lower case.
func (s Stage) String() string {
	return [...]string{"unknown", "open", "engaged", "qualified", "won", "lost"}[s]
}

// Priority is how urgently people should look at an event.
type Priority uint8

// The priorities, as Credzu's document names them. The zero value is Low.
const (
	Low Priority = iota
	Medium
	High
	Critical
)

// String is the priority's name in lower case.
func (p Priority) String() string {
	return [...]string{"low", "medium", "high", "critical"}[p]
}

// Event is one authentic notification from a partner, decoded.
type Event struct {
	// Type is the CloudEvents type: the partner kind and the partner's own word, "crf.lead", "credzu.mortgage_ready".
	Type string
	// Key identifies the event among the partner's events. Two notifications with equal keys are the same event.
	// The ledger keeps a keyed hash of it, so it may hold ids but no personal data in the clear.
	Key []string
	// Versioned says that the key is the lead's id and, last, the [HexHash] of its content: a later event of the same lead with
	// another hash is an update, and the same hash again may be a duplicate or a return to it (DESIGN 3a).
	Versioned bool
	// About says whether the event carries the lead itself or something that happened to one.
	About About
	Lead  Lead
	// Occurred is when it happened by the partner's own clock; zero when the partner does not say.
	Occurred time.Time
	Priority Priority
	// Alarm is a reason to tell the operator at once, such as a partner that has disabled our endpoint; usually empty.
	Alarm string
	Notes []Note
}

// About says what an event carries.
type About uint8

// A LeadEvent carries the lead, whole; an Activity says what happened to a lead that came before;
// a Notice concerns the webhook itself and no lead.
const (
	LeadEvent About = iota
	Activity
	Notice
)

// Note is something odd but harmless about an event: accepted and written down. It never holds a value.
type Note struct {
	Code  string `json:"code"`            // one of the Note constants
	Field string `json:"field,omitempty"` // the path of the field, "businessAddress.floor"
}

// What a note may say.
const (
	NoteUnknownField = "unknown_field" // a field that the document does not name
	NoteUnknownValue = "unknown_value" // a value that the document's lookup does not list
	NoteAbsentField  = "absent_field"  // a field that the document promises is absent or null
	NoteUnknownEvent = "unknown_event" // an event name that the document does not list
	NoteUnknownLead  = "unknown_lead"  // an event about a lead that never came
	NoteReverted     = "reverted"      // the lead's content is again what it was before the latest version
)

// MaxFindings is how many faults, and how many notes, are kept of one payload.
const MaxFindings = 50

// Version orders what is known of one lead: by receive time, then by receipt.
type Version struct {
	Time    time.Time // when it was received; for a bare message of an inbox, when it was put there
	Receipt string    // a ULID; empty for a bare message
}

// Compare is negative when v is older than w, positive when newer, 0 when they are the same.
func (v Version) Compare(w Version) int {
	if c := v.Time.Compare(w.Time); c != 0 {
		return c
	}
	return bytes.Compare([]byte(v.Receipt), []byte(w.Receipt))
}
