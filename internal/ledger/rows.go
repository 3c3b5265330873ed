package ledger

import (
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/lead"
)

// The rows of an event share its key as PartitionKey.
const (
	eventRow       = "e"
	deliveryPrefix = "d|" // + destination id
	duplicateRow   = "x|" // + receipt
)

// The rows of the index.
const (
	dayPrefix     = "day|"  // PartitionKey: + partner | day; RowKey: receipt
	leadPrefix    = "lead|" // PartitionKey: + lead's hash
	latestRow     = "latest"
	versionPrefix = "v|" // RowKey: + receipt
)

// State is what has become of an event or of one delivery. An event has the first that applies to any of its deliveries.
type State string

// The states, in order of precedence.
const (
	InFlight  State = "in flight"
	Held      State = "held"
	Dead      State = "dead"
	Rejected  State = "rejected"
	Delivered State = "delivered"
	Unmatched State = "unmatched"
)

// Shadowed is the state of a delivery to a destination in shadow: it would have got the event, and nothing was sent.
// It counts for nothing in the state of the event.
const Shadowed State = "shadowed"

// Settled says of a delivery's state that no try is to come unless somebody asks for one.
func (s State) Settled() bool { return s == Delivered || s == Dead || s == Shadowed }

// Event is the e row: the event itself.
type Event struct {
	Key          string
	Receipt      string // of the first request that brought it; every other receipt is a duplicate
	Partner      string
	Type         string
	Subject      string
	LeadKey      string
	Submission   string // the hash of the submission that made the lead
	Via          string // how its sender proved to be the partner
	Replays      string // the receipt of the rejected event that was put in again with it
	Received     time.Time
	State        State
	Destinations []string // the ids fixed at the insert; each has a d row
	Passed       Passed
	Notes        []lead.Note
	Reject       *Rejection
	Envelope     []byte // the envelope's JSON; nil when Claim names its blob
	Claim        string
	Erased       time.Time // when a person had its payload erased

	versioned bool
}

// Delivery is a d row: one event for one destination.
type Delivery struct {
	Destination string    // id
	Name        string    // of the destination, at the insert
	State       State     // in flight, held, dead, delivered or shadowed
	Try         int       // the number of the try that is next, or being made: 0 is the event message's own
	Tries       int       // how many were made
	First       time.Time // when the first was made; zero before it
	Last        time.Time // when the last was made
	Due         time.Time // of the next one, while a retry waits
	Until       time.Time // somebody is at it, at most until then
	Took        time.Duration
	Reason      string // of the last failure, or why it is held
	Code        string // the far side's own word for it, or its status
	FarID       string // Azure message id or ETag
	Assumed     bool   // the far side said that it was there already
	Stale       bool   // it was sent after a newer version of its lead
	Tags        []string
	Replay      string // the id of the last replay that asked for it
	Log         []Try  // the last tries, oldest first, and what was decided between them
	Probe       bool   // this try is the probe of a held destination; not stored

	key  string // the event's
	open string // its row in the index of open deliveries, if it has one
	etag azcore.ETag
}

// Key is the event's key.
func (d Delivery) Key() string { return d.key }

// Outcome is what one try of a delivery came to, or why none was made.
type Outcome struct {
	State   State
	Started time.Time // zero when no try was made
	Took    time.Duration
	ID      string // Azure message id or ETag
	Code    string // HTTP status, with the far side's word
	Assumed bool
	Stale   bool
	Reason  string
	Next    time.Time // for InFlight: when the next try is due
	Person  bool      // for Held: it waits for a person, not for the destination's repair
	Replay  string    // for InFlight: the id of the replay that asks for it; its week of tries begins anew
}
