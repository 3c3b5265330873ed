package rule

import (
	"time"

	"leadrelay/internal/lead"
)

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

// leaf is one of the values under event and lead.
type leaf struct {
	name string // "lead.address.state"
	kind kind
	of   func(*Event) any // nil when it is absent
}

// leaves are all of them: the terms, with where each comes from.
var leaves = [...]leaf{
	{"event.type", text, func(e *Event) any { return e.Event.Type }},
	{"event.partner", text, func(e *Event) any { return e.Event.Lead.Partner }},
	{"event.priority", text, func(e *Event) any { return e.Event.Priority.String() }},
	{"event.about", text, func(e *Event) any {
		return [...]string{lead.LeadEvent: "lead", lead.Activity: "activity", lead.Notice: "notice"}[e.Event.About]
	}},
	{"event.initial", truth, func(e *Event) any { return e.Initial }},
	{"event.revision", number, func(e *Event) any { return e.Revision }},
	{"event.test", truth, func(e *Event) any { return e.Test }},
	{"event.occurred", text, func(e *Event) any { return moment(e.Event.Occurred) }},
	{"lead.id", text, func(e *Event) any { return e.Event.Lead.ID }},
	{"lead.ref", text, func(e *Event) any { return e.Event.Lead.Ref }},
	{"lead.submissionId", text, func(e *Event) any { return e.Event.Lead.SubmissionID }},
	{"lead.duplicateId", text, func(e *Event) any { return e.Event.Lead.DuplicateID }},
	{"lead.status", text, func(e *Event) any { return e.Event.Lead.Status }},
	{"lead.state", text, func(e *Event) any { return e.Event.Lead.State }},
	{"lead.stage", text, func(e *Event) any { return e.Event.Lead.Stage.String() }},
	{"lead.created", text, func(e *Event) any { return moment(e.Event.Lead.Created) }},
	{"lead.amount", number, func(e *Event) any { return decimal(e.Event.Lead.Amount) }},
	{"lead.purpose", text, func(e *Event) any { return e.Event.Lead.Purpose }},
	{"lead.fraudScore", number, func(e *Event) any { return decimal(e.Event.Lead.FraudScore) }},
	{"lead.address.city", text, func(e *Event) any { return e.Event.Lead.Address.City }},
	{"lead.address.state", text, func(e *Event) any { return e.Event.Lead.Address.State }},
	{"lead.address.zip", text, func(e *Event) any { return e.Event.Lead.Address.Zip }},
	{"lead.address.county", text, func(e *Event) any { return e.Event.Lead.Address.County }},
	{"lead.business.name", text, func(e *Event) any { return e.Event.Lead.Business.Name }},
	{"lead.business.industry", text, func(e *Event) any { return e.Event.Lead.Business.Industry }},
	{"lead.business.type", text, func(e *Event) any { return e.Event.Lead.Business.Type }},
}

func decimal(d lead.Decimal) any {
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
