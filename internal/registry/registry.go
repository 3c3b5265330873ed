// Package registry keeps the lenders' destinations and seals their secrets.
//
// A destination has a random id that is never used again; its lender and kind cannot change (DESIGN 3a). What people
// decide about it and what the machine learns of it are rows of their own, so that neither overwrites the other.
package registry

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
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
	Version string // of what people decided: every change of it is another

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

	reading sync.Mutex // who holds it reads the latest anew
	latest  atomic.Pointer[Snapshot]
	forgets atomic.Int64
}

// New opens a registry. check judges what only the drivers and the compiler of rules know; it may be nil. Nothing is
// called.
func New(table *aztables.Client, s *Sealer, check func(Destination) error, now func() time.Time) *Registry {
	if check == nil {
		check = func(Destination) error { return nil }
	}
	return &Registry{table: table, sealer: s, check: check, now: now}
}

// List reads all destinations, by name, the removed ones that still have open deliveries included.
func (r *Registry) List(ctx context.Context) ([]Destination, error) { return r.list(ctx, nil) }

// list is List; what is as it was in an earlier snapshot is taken from there.
func (r *Registry) list(ctx context.Context, before *Snapshot) ([]Destination, error) {
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
			var keys struct {
				PartitionKey, RowKey string
				ETag                 string `json:"odata.etag"`
			}
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
			if d, ok := before.same(keys.RowKey, keys.ETag); ok {
				out = append(out, d)
				continue
			}
			d, err := r.parse(b)
			if err != nil {
				return nil, err
			}
			d.Version = keys.ETag
			out = append(out, d)
		}
	}
	for i := range out {
		out[i].Health = health[out[i].ID]
		if out[i].Fault == nil {
			out[i].describe(r.now())
		}
	}
	slices.SortFunc(out, func(a, b Destination) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}
