// Package crm says where leads end: the built-in leads table, Dynamics 365, Salesforce, or any JSON endpoint.
//
// To add one: copy a sibling folder, add one line to internal/app/drivers.go; crmtest.Run says when it is done.
package crm

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
)

// Change is one event to be applied to its lead's record.
type Change struct {
	Event   lead.Event
	Version lead.Version
	Payload []byte // the partner's own JSON, as it came; its Decode has taken it, so it is well-formed
	Hash    string // of the payload, where it is known already; see ContentHash
	Known   bool   // a hint: the CRM was told something of the lead before, so that it probably has a record
}

// ContentHash is [lead.ContentHash] of the payload, in hex.
func (ch Change) ContentHash() string {
	if ch.Hash != "" {
		return ch.Hash
	}
	hash := lead.ContentHash(ch.Payload)
	return hex.EncodeToString(hash[:])
}

// Result is what a change did to the record.
type Result uint8

// The results.
const (
	Unchanged Result = iota // the record already said so
	Created
	Updated
)

// String is the result's name in lower case.
func (r Result) String() string { return [...]string{"unchanged", "created", "updated"}[r] }

// Outcome is what became of one change.
type Outcome struct {
	ID     string // the record's id in the CRM; empty on failure
	Result Result
	Err    error // nil when the record says what the change says
}

// ErrNoLead says that an activity is about a lead that has no record yet; no stub is made. It comes in an error of kind
// Unavailable: the lead may be on its way.
var ErrNoLead = errors.New("the lead has no record")

// ErrPaused says that the CRM asked to be left alone for a while, whatever the change: a limit of the whole organisation
// is reached. It comes in an error of kind Unavailable with RetryAfter; no change is to blame for it.
var ErrPaused = errors.New("the CRM asked to be left alone for a while")

// CRM keeps one record for each lead, keyed by partner and id. It may be used side by side, but never for the same
// lead at once: the drain sees to that. Errors are of kind Unavailable (with RetryAfter), Refused (this change can
// never pass; the error names columns, never values), or Address (token, privilege or configuration: nothing will
// pass before it is mended).
type CRM interface {
	// Check tells whether the CRM would take changes now. It is called before the first lease of a run.
	Check(ctx context.Context) error
	// Upsert applies changes of different leads and gives one outcome for each, in order. The same change twice is as
	// once. What a change does not say stays as it is.
	Upsert(ctx context.Context, changes []Change) []Outcome
}

// Options are what the house gives to every driver.
type Options struct {
	Client *http.Client     // for every call; follows no redirect
	Now    func() time.Time // the clock
}

// Open makes the driver of one configured CRM: it reads CRM_<NAME>_… and complains there, and calls nothing. What it
// gives after a complaint is not to be used.
type Open func(s *config.Settings, o Options) CRM

// Level says how bad a finding is.
type Level string

// The levels.
const (
	OK      Level = "ok"
	Warning Level = "warning" // it works, but not as somebody may expect
	Fault   Level = "fault"   // leads will not pass
)

// Finding is one thing that a preflight looked at. It holds no secret and no person's data.
type Finding struct {
	Level   Level  `json:"level"`
	Subject string `json:"subject"` // "token", "column lead.crf_status"
	Text    string `json:"text"`    // what was found, and how to mend it
}

// Preflighter is a CRM that can tell before the first lead whether leads would pass: token, columns, keys, lengths and
// choices. It writes nothing.
type Preflighter interface {
	Preflight(ctx context.Context) []Finding
}

// Mapped is a CRM whose records depend on a lender's map. A lead that was sent by a map of another hash is not unchanged.
type Mapped interface {
	MapHash() string
}

// Batched is a CRM whose call for many changes costs little more than that for one: the drain gathers changes for it. Any
// other is told one change a call, side by side.
type Batched interface {
	// BatchSize is how many changes one Upsert is to have at most.
	BatchSize() int
}
