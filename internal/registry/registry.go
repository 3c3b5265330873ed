// Package registry keeps the lenders' destinations and seals their secrets.
//
// A destination has a random id that is never used again; its lender and kind cannot change (DESIGN 3a). What people
// decide about it and what the machine learns of it are rows of their own, so that neither overwrites the other.
package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
	"leadrelay/internal/config"
)

// State says whether a destination gets events.
type State string

// The states. Paused is a person's word, Held the machine's: its way is broken. Events for either wait. For one in
// Shadow it is written down what it would get, and nothing is sent. A Removed destination gets nothing more; its open
// deliveries are closed as dead, then it is gone.
const (
	Active  State = "active"
	Paused  State = "paused"
	Shadow  State = "shadow"
	Held    State = "held"
	Removed State = "removed"
)

// Destination is one lender's far side.
type Destination struct {
	ID      string
	Name    string // unique, for people; "demo-queue"
	Lender  string
	Kind    string // "queue", "blob" or "webhook"
	Config  Config
	Secrets Secrets
	Wanted  State // what people decided: active, paused, shadow or removed
	Since   time.Time
	Created time.Time
	Changed time.Time
	Health  Health

	Place   string    // host and path of the address, which may be shown
	Expires time.Time // of the SAS; zero when the URL does not say
	Fault   error     // why its address cannot be used now; such a destination still matches, and its deliveries wait
}

// Config is what an operator decides about a destination, but for its secrets.
type Config struct {
	Encoding     string   `yaml:"encoding,omitempty" json:"encoding,omitempty"`           // queue: base64 or text
	Format       string   `yaml:"format,omitempty" json:"format,omitempty"`               // raw: the payload as the partner sent it; cloudevents: our envelope; template
	Template     string   `yaml:"template,omitempty" json:"template,omitempty"`           // JSON with "${path}" values, for format template
	Partners     []string `yaml:"partners,omitempty" json:"partners,omitempty"`           // none: all
	Events       []string `yaml:"events,omitempty" json:"events,omitempty"`               // patterns of event types, "crf.*"; none: all
	Updates      string   `yaml:"updates,omitempty" json:"updates,omitempty"`             // initial: the first version of a lead only; all
	Filter       string   `yaml:"filter,omitempty" json:"filter,omitempty"`               // an expression that says yes
	Include      []string `yaml:"include,omitempty" json:"include,omitempty"`             // paths that are sent; none: all
	Exclude      []string `yaml:"exclude,omitempty" json:"exclude,omitempty"`             // paths that are never sent
	Duplicates   string   `yaml:"duplicates,omitempty" json:"duplicates,omitempty"`       // the same applicant under another lead id: deliver, tag or drop
	FraudLimit   float64  `yaml:"fraud_limit,omitempty" json:"fraud_limit,omitempty"`     // at or above it an event waits for a person; 0: never
	Stale        string   `yaml:"stale,omitempty" json:"stale,omitempty"`                 // a late try of an older version: deliver or skip
	AllowPrivate bool     `yaml:"allow_private,omitempty" json:"allow_private,omitempty"` // webhook: private addresses and http
}

// Secrets are sealed in storage and never shown again.
type Secrets struct {
	Address     config.Secret
	AddressNext config.Secret            // a second one during a rotation: the first that works is used
	Overflow    config.Secret            // queue: a container for events beyond a queue message
	Headers     map[string]config.Secret // webhook: own headers
	Signing     []config.Secret          // webhook: the current signing secret, then the old one
}

// State is the one state of a destination.
func (d Destination) State() State {
	if d.Wanted == Active && d.Health.Held {
		return Held
	}
	return d.Wanted
}

// Registry is the table of destinations.
type Registry struct {
	table  *aztables.Client
	sealer *Sealer
	check  func(Destination) error
	now    func() time.Time

	mu     sync.Mutex
	cached []Destination
	until  time.Time
}

// New opens a registry. check judges what only the drivers and the compiler of rules know; it may be nil. Nothing is
// called.
func New(table *aztables.Client, s *Sealer, check func(Destination) error, now func() time.Time) *Registry {
	if check == nil {
		check = func(Destination) error { return nil }
	}
	return &Registry{table: table, sealer: s, check: check, now: now}
}

// cacheFor is how long a change may take to be seen by a running handler (DESIGN 3a).
const cacheFor = 30 * time.Second

// Cached is List, at most 30 s old.
func (r *Registry) Cached(ctx context.Context) ([]Destination, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now().Before(r.until) {
		return r.cached, nil
	}
	list, err := r.List(ctx)
	if err != nil {
		return nil, err
	}
	r.cached, r.until = list, r.now().Add(cacheFor)
	return list, nil
}

// Forget makes the next Cached read anew.
func (r *Registry) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.until = time.Time{}
}

// List reads all destinations, by name, the removed ones that still have open deliveries included.
func (r *Registry) List(ctx context.Context) ([]Destination, error) {
	var out []Destination
	health := map[string]Health{}
	pages := r.table.NewListEntitiesPager(nil)
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if azure.NotFound(err) {
			return nil, nil // no table yet: nobody has registered anything
		}
		if err != nil {
			return nil, fmt.Errorf("read destinations: %w", azure.Classify(err))
		}
		for _, b := range page.Entities {
			var keys aztables.Entity
			if err := json.Unmarshal(b, &keys); err != nil {
				return nil, fmt.Errorf("a row of the destinations table that we did not write: %w", err)
			}
			if keys.PartitionKey == healthPartition {
				h, err := parseHealth(b)
				if err != nil {
					return nil, err
				}
				health[keys.RowKey] = h
				continue
			}
			d, err := r.parse(b)
			if err != nil {
				return nil, err
			}
			out = append(out, d)
		}
	}
	for i := range out {
		out[i].Health = health[out[i].ID]
		if out[i].Fault == nil {
			out[i].describe(r.now())
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, nil
}
