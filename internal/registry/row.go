package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
	"leadrelay/internal/config"
)

const partition = "destination"

// sealed is what is sealed, as JSON: the secrets in the clear.
type sealed struct {
	Address     string            `json:"address"`
	AddressNext string            `json:"address_next,omitempty"`
	Overflow    string            `json:"overflow,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
	Signing     []string          `json:"signing,omitempty"`
}

func (r *Registry) seal(d Destination) ([]byte, error) {
	s := sealed{Address: d.Secrets.Address.Reveal(), AddressNext: d.Secrets.AddressNext.Reveal(), Overflow: d.Secrets.Overflow.Reveal(), Headers: map[string]string{}}
	for name, v := range d.Secrets.Headers {
		s.Headers[name] = v.Reveal()
	}
	for _, v := range d.Secrets.Signing {
		s.Signing = append(s.Signing, v.Reveal())
	}
	b, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("seal destination %s: %w", d.Name, err)
	}
	return r.sealer.Seal(config.Secret(b), d.ID), nil
}

func (r *Registry) unseal(b []byte, owner string) (Secrets, error) {
	text, err := r.sealer.Open(b, owner)
	if err != nil {
		return Secrets{}, err
	}
	var s sealed
	if err := json.Unmarshal([]byte(text.Reveal()), &s); err != nil {
		return Secrets{}, errSealed
	}
	out := Secrets{Address: config.Secret(s.Address), AddressNext: config.Secret(s.AddressNext), Overflow: config.Secret(s.Overflow), Headers: map[string]config.Secret{}}
	for name, v := range s.Headers {
		out.Headers[name] = config.Secret(v)
	}
	for _, v := range s.Signing {
		out.Signing = append(out.Signing, config.Secret(v))
	}
	return out, nil
}

func (r *Registry) save(ctx context.Context, d Destination) error {
	secrets, err := r.seal(d)
	if err != nil {
		return err
	}
	cfg, err := json.Marshal(d.Config)
	if err != nil {
		return fmt.Errorf("encode destination: %w", err)
	}
	b, err := json.Marshal(aztables.EDMEntity{
		Entity: aztables.Entity{PartitionKey: partition, RowKey: d.ID},
		Properties: map[string]any{
			"Name": d.Name, "Lender": d.Lender, "Kind": d.Kind, "Sealed": aztables.EDMBinary(secrets), "Config": string(cfg), "State": string(d.Wanted),
			"Since": aztables.EDMDateTime(d.Since), "Created": aztables.EDMDateTime(d.Created), "Changed": aztables.EDMDateTime(d.Changed),
		}})
	if err != nil {
		return fmt.Errorf("encode destination: %w", err)
	}
	if err := r.upsert(ctx, b); err != nil {
		return fmt.Errorf("save destination %s: %w", d.Name, err)
	}
	return nil
}

// upsert writes a row; a missing table is created, once.
func (r *Registry) upsert(ctx context.Context, b []byte) error {
	defer r.Forget()
	replace := &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeReplace}
	_, err := r.table.UpsertEntity(ctx, b, replace)
	if azure.NotFound(err) {
		if _, err := r.table.CreateTable(ctx, nil); err != nil && !azure.Exists(err) {
			return fmt.Errorf("create the destinations table: %w", azure.Classify(err))
		}
		_, err = r.table.UpsertEntity(ctx, b, replace)
	}
	return azure.Classify(err)
}

func (r *Registry) parse(b []byte) (Destination, error) {
	var e struct {
		RowKey                            string
		Name, Lender, Kind, Config, State string
		Sealed                            []byte
		Since, Created, Changed           time.Time
	}
	if err := json.Unmarshal(b, &e); err != nil {
		return Destination{}, fmt.Errorf("a row of the destinations table that we did not write: %w", err)
	}
	d := Destination{ID: e.RowKey, Name: e.Name, Lender: e.Lender, Kind: e.Kind, Wanted: State(e.State), Since: e.Since, Created: e.Created, Changed: e.Changed}
	if err := json.Unmarshal([]byte(e.Config), &d.Config); err != nil {
		return Destination{}, fmt.Errorf("destination %s: its configuration is not one that we wrote", e.Name)
	}
	d.Secrets, d.Fault = r.unseal(e.Sealed, d.ID)
	return d, nil
}
