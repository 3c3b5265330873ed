package crmtest

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
)

// Memory is a CRM in memory: the family's smallest driver, with which flows are tested. The zero value is empty and up.
type Memory struct {
	// Fail, when set, is asked before each change; its error is the change's outcome. It may block until ctx ends.
	Fail func(ctx context.Context, ch crm.Change) error
	// Down, when set, is what Check answers.
	Down func() error

	mu      sync.Mutex
	records map[[2]string]*Record
	told    []crm.Change
	calls   int
}

// Check implements [crm.CRM].
func (m *Memory) Check(ctx context.Context) error {
	if m.Down != nil {
		return m.Down()
	}
	return ctx.Err()
}

// Upsert implements [crm.CRM].
func (m *Memory) Upsert(ctx context.Context, changes []crm.Change) []crm.Outcome {
	m.mu.Lock()
	m.calls++
	m.mu.Unlock()
	outcomes := make([]crm.Outcome, len(changes))
	for i, ch := range changes {
		outcomes[i] = m.upsert(ctx, ch)
	}
	return outcomes
}

func (m *Memory) upsert(ctx context.Context, ch crm.Change) crm.Outcome {
	if m.Fail != nil {
		if err := m.Fail(ctx, ch); err != nil {
			return crm.Outcome{Err: err}
		}
	}
	if err := ctx.Err(); err != nil {
		return crm.Outcome{Err: &lead.Error{Kind: lead.Unavailable, Err: err}}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told = append(m.told, ch)
	l := ch.Event.Lead
	key := [2]string{l.Partner, l.ID}
	old, exists := m.records[key]
	switch {
	case ch.Event.About == lead.Notice:
		return crm.Outcome{}
	case l.Partner == "" || l.ID == "":
		return crm.Outcome{Err: lead.Errorf(lead.Refused, "the lead has no id")}
	case ch.Event.About == lead.Activity && !exists:
		return crm.Outcome{Err: &lead.Error{Kind: lead.Unavailable, Err: crm.ErrNoLead}}
	case !exists:
		old = &Record{Partner: l.Partner, ID: l.ID}
	}
	next := *old
	if ch.Event.About == lead.Activity {
		next.LastEvent = ch.Event.Type
	} else {
		next.Email = cmp.Or(l.Contact.Email, old.Email)
		next.City = cmp.Or(l.Address.City, old.City)
		next.Status = cmp.Or(l.Status, old.Status)
	}
	out := crm.Outcome{ID: l.Partner + "/" + l.ID, Result: crm.Updated}
	switch {
	case !exists:
		out.Result = crm.Created
	case next == *old:
		out.Result = crm.Unchanged
	}
	if m.records == nil {
		m.records = map[[2]string]*Record{}
	}
	m.records[key] = &next
	return out
}

// Records are what it holds, by partner and id.
func (m *Memory) Records() []Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Record
	for _, r := range m.records {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b Record) int { return cmp.Or(cmp.Compare(a.Partner, b.Partner), cmp.Compare(a.ID, b.ID)) })
	return out
}

// Told are the changes that reached it, in order, those that changed nothing included.
func (m *Memory) Told() []crm.Change {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.told)
}

// Calls is how often Upsert was called.
func (m *Memory) Calls() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls
}
