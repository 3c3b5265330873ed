package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
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
	Passed       []Decision
	Notes        []lead.Note
	Reject       *Rejection
	Envelope     []byte // the envelope's JSON; nil when Claim names its blob
	Claim        string
	Erased       time.Time // when a person had its payload erased

	versioned bool
}

// Decision says why an event was not for a destination.
type Decision struct {
	Destination string `json:"destination"` // id
	Name        string `json:"name"`
	Why         string `json:"why"`
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

func entity(partition, row string, props map[string]any) ([]byte, error) {
	for name, v := range props {
		t, ok := v.(time.Time)
		switch {
		case ok && t.IsZero():
			delete(props, name) // Azure's times begin in 1601
		case ok:
			props[name] = aztables.EDMDateTime(t.UTC())
		}
	}
	b, err := json.Marshal(aztables.EDMEntity{Entity: aztables.Entity{PartitionKey: partition, RowKey: row}, Properties: props})
	if err != nil {
		return nil, fmt.Errorf("encode a table row: %w", err)
	}
	return b, nil
}

// row is a table row that was read.
type row struct {
	key   string
	etag  azcore.ETag
	props map[string]any
}

func (r row) text(name string) string { s, _ := r.props[name].(string); return s }
func (r row) state() State            { return State(r.text("State")) }
func (r row) time(name string) (t time.Time) {
	d, _ := r.props[name].(aztables.EDMDateTime)
	return time.Time(d)
}

func (r row) number(name string) int {
	n, _ := r.props[name].(int32)
	return int(n)
}

func (r row) flag(name string) bool { b, _ := r.props[name].(bool); return b }

func (r row) bytes(name string) []byte {
	b, _ := r.props[name].(aztables.EDMBinary)
	return b
}

// decode fills v from a property that holds JSON; an empty property leaves v alone.
func (r row) decode(name string, v any) error {
	text := r.text(name)
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return fmt.Errorf("row %s: property %s is not what we wrote", r.key, name)
	}
	return nil
}

// encoded is v as JSON for a property, empty when v is the empty value that omitempty would leave out.
func encoded(v any) string {
	b, err := json.Marshal(v)
	if err != nil || string(b) == "null" {
		return ""
	}
	return string(b)
}

// get reads a row; a missing one is ok false.
func get(ctx context.Context, t *aztables.Client, partition, key string) (r row, ok bool, err error) {
	resp, err := t.GetEntity(ctx, partition, key, nil)
	if azure.NotFound(err) {
		return row{}, false, nil
	}
	if err != nil {
		return row{}, false, azure.Classify(err)
	}
	r, err = parseRow(resp.Value)
	if r.etag == "" {
		r.etag = resp.ETag
	}
	return r, err == nil, err
}

func parseRow(b []byte) (row, error) {
	var e aztables.EDMEntity
	if err := json.Unmarshal(b, &e); err != nil {
		return row{}, fmt.Errorf("a table row that we did not write: %w", err)
	}
	return row{key: e.RowKey, etag: azcore.ETag(e.ETag), props: e.Properties}, nil
}
