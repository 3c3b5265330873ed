package registry

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"leadrelay/internal/azure"
)

// Change is what applying one spec does or would do.
type Change struct {
	Name     string          `json:"name"`
	Action   string          `json:"action"`           // created, updated, unchanged or removed
	Fields   []string        `json:"fields,omitempty"` // what differs; secrets by name only
	Findings []azure.Finding `json:"findings,omitempty"`
}

// Options of [Registry.Apply].
type ApplyOptions struct {
	DryRun bool // write nothing
	Prune  bool // remove the destinations that the specs do not name
}

// Apply makes the registry say what the specs say. Nothing is written when any spec is wrong: the error tells all that
// is.
func (r *Registry) Apply(ctx context.Context, specs []Spec, o ApplyOptions) ([]Change, error) {
	have, err := r.Present(ctx)
	if err != nil {
		return nil, err
	}
	plan, err := r.plan(specs, have, o.Prune)
	changes := make([]Change, len(plan))
	for i, p := range plan {
		changes[i] = p.change
	}
	if err != nil || o.DryRun {
		return changes, err
	}
	for i, p := range plan {
		if err := r.carryOut(ctx, p); err != nil {
			return changes[:i], err
		}
	}
	return changes, nil
}

// Present are the destinations that are not removed.
func (r *Registry) Present(ctx context.Context) ([]Destination, error) {
	list, err := r.List(ctx)
	return slices.DeleteFunc(list, func(d Destination) bool { return d.Wanted == Removed }), err
}

// step is one change with the destination as it will be.
type step struct {
	to     Destination
	change Change
}

func (r *Registry) plan(specs []Spec, have []Destination, prune bool) ([]step, error) {
	var plan []step
	var wrong []error
	for i, s := range specs {
		name := s.Name
		if !namePattern().MatchString(name) { // it might be anything, a SAS URL too
			name = fmt.Sprintf("destination %d", i+1)
		}
		if slices.ContainsFunc(specs[:i], func(t Spec) bool { return t.Name == s.Name }) {
			wrong = append(wrong, fmt.Errorf("%s: named twice", name))
		}
		p, err := r.merge(s, have)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", name, err))
			continue
		}
		plan = append(plan, p)
	}
	for _, d := range have {
		if prune && !slices.ContainsFunc(specs, func(s Spec) bool { return s.Name == d.Name }) {
			d.Wanted, d.Since = Removed, r.now()
			plan = append(plan, step{d, Change{Name: d.Name, Action: "removed"}})
		}
	}
	return plan, errors.Join(wrong...)
}

func (r *Registry) carryOut(ctx context.Context, p step) error {
	if p.change.Action == "unchanged" {
		return nil
	}
	if err := r.save(ctx, p.to); err != nil {
		return err
	}
	if slices.Contains(p.change.Fields, "address") && p.to.Health.Held {
		return r.ProbeSoon(ctx, p.to.ID) // it may be repaired
	}
	return nil
}

// merge is the destination that a spec asks for, out of the one of that name if there is one.
func (r *Registry) merge(s Spec, have []Destination) (step, error) {
	if s.SecretOld != "" && s.Secret == "" {
		return step{}, errors.New("secret_old is there without secret")
	}
	now := r.now().UTC().Truncate(time.Millisecond)
	i := slices.IndexFunc(have, func(d Destination) bool { return d.Name == s.Name })
	if i < 0 {
		d := Destination{ID: newID(), Name: s.Name, Lender: s.Lender, Kind: s.Kind, Created: now, Changed: now}
		s.onto(&d, now)
		findings, err := r.judge(&d)
		return step{d, Change{Name: s.Name, Action: "created", Findings: findings}}, err
	}
	old := have[i]
	if s.Lender != old.Lender || s.Kind != old.Kind {
		return step{}, errors.New("lender and kind cannot change; remove it and register another")
	}
	d := old
	s.onto(&d, now)
	findings, err := r.judge(&d)
	c := Change{Name: s.Name, Action: "unchanged", Fields: differ(old, d), Findings: findings}
	if len(c.Fields) > 0 {
		c.Action, d.Changed = "updated", now
	}
	return step{d, c}, err
}

// differ names what differs, by the names of destinations.yaml.
func differ(a, b Destination) []string {
	var out []string
	add := func(name string, x, y any) {
		if v, w := reflect.ValueOf(x), reflect.ValueOf(y); v.Kind() == reflect.Slice && v.Len()+w.Len() == 0 {
			return // no list is an empty list
		}
		if !reflect.DeepEqual(x, y) {
			out = append(out, name)
		}
	}
	add("address", a.Secrets.Address, b.Secrets.Address)
	add("address_next", a.Secrets.AddressNext, b.Secrets.AddressNext)
	add("overflow", a.Secrets.Overflow, b.Secrets.Overflow)
	add("headers", len(a.Secrets.Headers), len(b.Secrets.Headers))
	for name, v := range b.Secrets.Headers {
		if a.Secrets.Headers[name] != v && !slices.Contains(out, "headers") {
			out = append(out, "headers")
		}
	}
	add("secret", a.Secrets.Signing, b.Secrets.Signing)
	add("state", a.Wanted, b.Wanted)
	x, y := reflect.ValueOf(a.Config), reflect.ValueOf(b.Config)
	for i := range x.NumField() {
		add(yamlName(x.Type().Field(i)), x.Field(i).Interface(), y.Field(i).Interface())
	}
	return out
}

// newID is random and never used again.
func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: it crashes the program instead
	return hex.EncodeToString(b[:])
}

// ErrNone says that there is no destination of a name.
var ErrNone = errors.New("there is no destination of that name")

// Find is the destination of a name or an id.
func (r *Registry) Find(ctx context.Context, name string) (Destination, error) {
	list, err := r.Present(ctx)
	if err != nil {
		return Destination{}, err
	}
	for _, d := range list {
		if d.Name == name || d.ID == name {
			return d, nil
		}
	}
	return Destination{}, fmt.Errorf("%s: %w", name, ErrNone)
}

// Want makes a person's decision: active, paused, shadow or removed.
func (r *Registry) Want(ctx context.Context, d Destination, s State) error {
	if d.Wanted == s {
		return nil
	}
	d.Wanted, d.Since = s, r.now().UTC().Truncate(time.Millisecond)
	return r.save(ctx, d)
}

// Delete takes away what is left of a removed destination, once nothing is open for it.
func (r *Registry) Delete(ctx context.Context, d Destination) error {
	defer r.Forget()
	for _, p := range []string{partition, healthPartition} {
		if _, err := r.table.DeleteEntity(ctx, p, d.ID, nil); err != nil && !azure.NotFound(err) {
			return fmt.Errorf("delete destination %s: %w", d.Name, azure.Classify(err))
		}
	}
	return nil
}
