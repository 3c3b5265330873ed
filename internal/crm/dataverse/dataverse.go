// Package dataverse is Dynamics 365 Sales: leads, and notes and tasks beside them, by the Web API of Dataverse.
//
// A lead is one PATCH by its alternate key, or by its own id, which creates or updates; a state other than New is a second
// PATCH, because Dataverse makes every record open. What happened to a lead goes into columns of the record that exists, and
// into a note and a task whose ids are made of the event's, so that each is written once. The rules are in
// facts/crm.md §1. Not yet run against a live organisation.
//
// What becomes of special leads: a lead of which only updates ever came is created by the first of them; `state: Removed`
// brings the record to Canceled and deletes nothing; a record that a person deleted is made again by the next lead event,
// and an event about it waits as one whose lead has not come. New never replaces another status of an open record.
package dataverse

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
	"leadrelay/internal/mapping"
)

// Config is what a driver is made from.
type Config struct {
	URL         string // the Web API's address: https://org.crm.dynamics.com/api/data/v9.2/
	Mapping     *mapping.Mapping
	Credential  azcore.TokenCredential
	Client      *http.Client
	Now         func() time.Time
	Concurrency int  // calls at once; 0: 4, at most 8
	Duplicates  bool // let the organisation's duplicate rules refuse leads
}

// CRM is one organisation.
type CRM struct {
	Config
	token token
	gate  gate
	meta  knowledge
}

var (
	_ crm.CRM         = (*CRM)(nil)
	_ crm.Preflighter = (*CRM)(nil)
	_ crm.Mapped      = (*CRM)(nil)
)

// Calls at once.
const (
	defaultConcurrency = 4
	maxConcurrency     = 8 // of 52 that the service allows one user (facts/crm.md §1.7)
)

// New makes the driver. Nothing is called.
func New(c Config) *CRM {
	if c.Concurrency <= 0 {
		c.Concurrency = defaultConcurrency
	}
	d := &CRM{Config: c, token: token{credential: c.Credential, scope: scope(c.URL), now: c.Now, turn: make(chan struct{}, 1)}}
	d.gate.init(min(c.Concurrency, maxConcurrency))
	return d
}

// MapHash implements [crm.Mapped].
func (c *CRM) MapHash() string { return c.Mapping.Hash() }

// Upsert implements [crm.CRM]. The id of a record is its GUID.
func (c *CRM) Upsert(ctx context.Context, changes []crm.Change) []crm.Outcome {
	outcomes := make([]crm.Outcome, len(changes))
	var wg sync.WaitGroup
	for i := range changes {
		wg.Go(func() {
			if err := c.gate.enter(ctx); err != nil {
				outcomes[i].Err = told("", &lead.Error{Kind: lead.Unavailable, Err: err})
				return
			}
			defer c.gate.leave()
			outcomes[i] = c.upsert(ctx, changes[i])
		})
	}
	wg.Wait()
	return outcomes
}

func (c *CRM) upsert(ctx context.Context, ch crm.Change) crm.Outcome {
	if ch.Event.About == lead.Notice {
		return crm.Outcome{}
	}
	r, err := c.render(ch)
	if err != nil {
		return crm.Outcome{Err: told("", err)}
	}
	var out crm.Outcome
	if ch.Event.About == lead.LeadEvent {
		out, err = c.putLead(ctx, r)
	} else {
		out, err = c.putActivity(ctx, r)
	}
	if err != nil {
		return crm.Outcome{Err: c.suspect(ctx, err)}
	}
	return out
}

// render is what the map makes of a change. An event whose time the partner does not say is ordered by when it came.
func (c *CRM) render(ch crm.Change) (mapping.Rendered, error) {
	if ch.Event.Occurred.IsZero() {
		ch.Event.Occurred = ch.Version.Time
	}
	return c.Mapping.Render(ch.Event, ch.Payload)
}

// gate lets a few calls through at once; the service may ask for fewer.
type gate struct {
	mu      sync.Mutex
	free    *sync.Cond
	running int
	limit   int
	most    int
}

func (g *gate) init(limit int) { g.free, g.limit, g.most = sync.NewCond(&g.mu), limit, limit }

func (g *gate) enter(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.free.Broadcast()
	})()
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.running >= g.limit && ctx.Err() == nil {
		g.free.Wait()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	g.running++
	return nil
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	g.free.Broadcast()
}

// hint is what the service would like (x-ms-dop-hint); never more than the setting.
func (g *gate) hint(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limit = max(1, min(n, g.most))
	g.free.Broadcast()
}
