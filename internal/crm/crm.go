// Package crm says where leads end: the built-in leads table, Dynamics 365, Salesforce, or any JSON endpoint.
//
// To add one: copy a sibling folder, add one line to internal/app/drivers.go; crmtest.Run says when it is done.
package crm

import (
	"context"
	"errors"

	"leadrelay/internal/lead"
)

// Change is one event to be applied to its lead's record.
type Change struct {
	Event   lead.Event
	Version lead.Version
	Payload []byte // the partner's own JSON, as it came
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
