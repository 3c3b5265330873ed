// Package registry keeps the lenders' destinations and seals their secrets.
//
// A destination has a random id that is never used again; its lender and kind cannot change (DESIGN 3a).
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

// The states: Paused is a person's word.
const (
	Active State = "active"
	Paused State = "paused"
)

// Destination is one lender's far side.
type Destination struct {
	ID       string
	Name     string // unique, for people; "demo-queue"
	Lender   string
	Kind     string // "queue", "blob"
	Address  config.Secret
	Place    string // host and path of the address, which may be shown
	Expires  time.Time
	Encoding string // for queues: "base64" or "text"
	Format   string // "raw": the payload as the partner sent it; "cloudevents": our envelope
	State    State
	Since    time.Time // when it came into its state
	Created  time.Time
	Changed  time.Time
	Fault    error // why its address cannot be used now; such a destination still matches, and its deliveries wait
}

// Registry is the table of destinations.
type Registry struct {
	table  *aztables.Client
	sealer *Sealer
	now    func() time.Time

	mu     sync.Mutex
	cached []Destination
	until  time.Time
}

// New opens a registry. It calls nothing.
func New(table *aztables.Client, s *Sealer, now func() time.Time) *Registry {
	return &Registry{table: table, sealer: s, now: now}
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

// List reads all destinations, by name.
func (r *Registry) List(ctx context.Context) ([]Destination, error) {
	var out []Destination
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
			d, err := r.parse(b)
			if err != nil {
				return nil, err
			}
			out = append(out, d)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, nil
}

const partition = "destination"

func (r *Registry) save(ctx context.Context, d Destination) error {
	b, err := json.Marshal(aztables.EDMEntity{
		Entity: aztables.Entity{PartitionKey: partition, RowKey: d.ID},
		Properties: map[string]any{
			"Name": d.Name, "Lender": d.Lender, "Kind": d.Kind, "Sealed": aztables.EDMBinary(r.sealer.Seal(d.Address, d.ID)),
			"Encoding": d.Encoding, "Format": d.Format, "State": string(d.State),
			"Since": aztables.EDMDateTime(d.Since), "Created": aztables.EDMDateTime(d.Created), "Changed": aztables.EDMDateTime(d.Changed),
		}})
	if err != nil {
		return fmt.Errorf("encode destination: %w", err)
	}
	upsert := func() error {
		_, err := r.table.UpsertEntity(ctx, b, &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeReplace})
		return err
	}
	err = upsert()
	if azure.NotFound(err) {
		if _, err := r.table.CreateTable(ctx, nil); err != nil && !azure.Exists(err) {
			return fmt.Errorf("create the destinations table: %w", azure.Classify(err))
		}
		err = upsert()
	}
	if err != nil {
		return fmt.Errorf("save destination %s: %w", d.Name, azure.Classify(err))
	}
	return nil
}

func (r *Registry) parse(b []byte) (Destination, error) {
	var e struct {
		RowKey                                      string
		Name, Lender, Kind, Encoding, Format, State string
		Sealed                                      []byte
		Since, Created, Changed                     time.Time
	}
	if err := json.Unmarshal(b, &e); err != nil {
		return Destination{}, fmt.Errorf("a row of the destinations table that we did not write: %w", err)
	}
	d := Destination{ID: e.RowKey, Name: e.Name, Lender: e.Lender, Kind: e.Kind, Encoding: e.Encoding, Format: e.Format,
		State: State(e.State), Since: e.Since, Created: e.Created, Changed: e.Changed}
	if d.Address, d.Fault = r.sealer.Open(e.Sealed, d.ID); d.Fault != nil {
		return d, nil
	}
	var sas azure.SAS
	if sas, d.Fault = parseSAS(d.Kind, d.Address, r.now()); sas.Host() != "" {
		d.Place = sas.Host() + sas.Path()
		d.Expires, _ = sas.Expires()
	}
	return d, nil
}
