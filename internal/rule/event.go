// Package rule compiles a destination's filter, which says whether it gets an event, and its projection and template, which
// say how much of one.
package rule

import (
	"sync"
	"time"

	"leadrelay/internal/lead"
)

// Event is an event as rules see it. Fill the exported fields before the first rule looks; then rules may look side by side.
type Event struct {
	Event   lead.Event
	Payload []byte // the partner's bytes; decoded once, and only if a rule asks for data

	ID       string    // of the envelope: the receipt
	Time     time.Time // when it was received
	Initial  bool      // the first version of its lead
	Revision int       // which version of its lead it is, from 1; 0 when nobody knows
	Test     bool      // made by `leadctl destinations test`

	once sync.Once
	vars variables
	err  error
}

// NewEvent makes an event for rules out of a decoded one and its payload, which may be anything: what is not JSON fails
// the rules that ask for data, and only them.
func NewEvent(e lead.Event, payload []byte) *Event { return &Event{Event: e, Payload: payload} }

// eventTerms and leadTerms are what filters may name, with the types against which they are checked.
// A number or a time that a partner did not send is nil at run time, a text is "".
type eventTerms struct {
	Type     string `expr:"type"`     // "crf.lead", "credzu.mortgage_ready"
	Partner  string `expr:"partner"`  // the configured name
	Priority string `expr:"priority"` // "low", "medium", "high", "critical"
	About    string `expr:"about"`    // "lead", "activity", "notice"
	Initial  bool   `expr:"initial"`
	Revision int    `expr:"revision"`
	Test     bool   `expr:"test"`
	Occurred string `expr:"occurred"` // RFC 3339 in UTC, which compares as text: occurred >= "2026-01-01"
}

type leadTerms struct {
	ID           string        `expr:"id"`
	Ref          string        `expr:"ref"`
	SubmissionID string        `expr:"submissionId"`
	DuplicateID  string        `expr:"duplicateId"`
	Status       string        `expr:"status"`
	State        string        `expr:"state"`
	Stage        string        `expr:"stage"` // "unknown", "open", "engaged", "qualified", "won", "lost"
	Created      string        `expr:"created"`
	Amount       float64       `expr:"amount"`
	Purpose      string        `expr:"purpose"`
	FraudScore   float64       `expr:"fraudScore"`
	Address      addressTerms  `expr:"address"`
	Business     businessTerms `expr:"business"`
}

type addressTerms struct {
	City   string `expr:"city"`
	State  string `expr:"state"`
	Zip    string `expr:"zip"`
	County string `expr:"county"`
}

type businessTerms struct {
	Name     string `expr:"name"`
	Industry string `expr:"industry"`
	Type     string `expr:"type"`
}

// terms is what filters are checked against; variables is what they run on, where anything may be nil.
type terms struct {
	Event eventTerms `expr:"event"`
	Lead  leadTerms  `expr:"lead"`
	Data  any        `expr:"data"` // the payload; its members cannot be checked before one comes
}

type variables struct {
	Event map[string]any `expr:"event"`
	Lead  map[string]any `expr:"lead"`
	Data  any            `expr:"data"`
}

// variables are the event's, decoded once; withData fails when the payload is not JSON.
func (e *Event) variables(withData bool) (variables, error) {
	e.once.Do(func() {
		e.vars = variables{Event: e.eventVars(), Lead: leadVars(e.Event.Lead)}
		e.vars.Data, e.err = decode(e.Payload)
	})
	if withData {
		return e.vars, e.err
	}
	return e.vars, nil
}

func (e *Event) eventVars() map[string]any {
	about := [...]string{lead.LeadEvent: "lead", lead.Activity: "activity", lead.Notice: "notice"}
	return map[string]any{
		"type": e.Event.Type, "partner": e.Event.Lead.Partner, "priority": e.Event.Priority.String(),
		"about": about[e.Event.About], "initial": e.Initial, "revision": e.Revision, "test": e.Test,
		"occurred": moment(e.Event.Occurred),
	}
}

func leadVars(l lead.Lead) map[string]any {
	return map[string]any{
		"id": l.ID, "ref": l.Ref, "submissionId": l.SubmissionID, "duplicateId": l.DuplicateID,
		"status": l.Status, "state": l.State, "stage": l.Stage.String(), "created": moment(l.Created),
		"amount": number(l.Amount), "purpose": l.Purpose, "fraudScore": number(l.FraudScore),
		"address":  map[string]any{"city": l.Address.City, "state": l.Address.State, "zip": l.Address.Zip, "county": l.Address.County},
		"business": map[string]any{"name": l.Business.Name, "industry": l.Business.Industry, "type": l.Business.Type},
	}
}

func number(d lead.Decimal) any {
	if d == "" {
		return nil
	}
	return d.Float()
}

func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}
