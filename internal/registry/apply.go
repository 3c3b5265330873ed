package registry

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"leadrelay/internal/azure"
	"leadrelay/internal/config"
)

// Spec is a destination as an operator writes it in destinations.yaml.
type Spec struct {
	Name     string        `yaml:"name"`
	Lender   string        `yaml:"lender"`
	Kind     string        `yaml:"kind"`     // queue or blob
	Address  config.Secret `yaml:"address"`  // the SAS URL as the lender pasted it; may be left out once it is registered
	Encoding string        `yaml:"encoding"` // queue: base64 (default) or text
	Format   string        `yaml:"format"`   // raw (default) or cloudevents
	State    State         `yaml:"state"`    // active (default) or paused
}

// ReadSpecs reads a destinations.yaml: a list under the key "destinations". Unknown keys are errors; all are told.
func ReadSpecs(r io.Reader) ([]Spec, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read destinations: %w", err)
	}
	var file struct {
		Destinations []Spec `yaml:"destinations"`
	}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	if err := dec.Decode(&file); err != nil {
		return nil, fmt.Errorf("destinations: %w", quiet(err))
	}
	return file.Destinations, nil
}

// quoted is what yaml quotes of a file in its complaints: it might be part of a SAS.
var quoted = regexp.MustCompile("`[^`]*`|\"[^\"]*\"")

func quiet(err error) error { return errors.New(quoted.ReplaceAllString(err.Error(), "(…)")) }

// Change is what applying one spec does or would do.
type Change struct {
	Name     string          `json:"name"`
	Action   string          `json:"action"`           // created, updated or unchanged
	Fields   []string        `json:"fields,omitempty"` // what differs
	Findings []azure.Finding `json:"findings,omitempty"`
}

// Apply makes the registry say what the specs say and leaves other destinations alone. Nothing is written when any
// spec is wrong: the error tells all that is. With dryRun nothing is written at all.
func (r *Registry) Apply(ctx context.Context, specs []Spec, dryRun bool) ([]Change, error) {
	have, err := r.List(ctx)
	if err != nil {
		return nil, err
	}
	var changes []Change
	var next []Destination
	var wrong []error
	for i, s := range specs {
		if slices.ContainsFunc(specs[:i], func(t Spec) bool { return t.Name == s.Name }) {
			wrong = append(wrong, fmt.Errorf("%s: named twice", s.Name))
		}
		d, c, err := r.merge(s, have)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", cmpName(s.Name, i), err))
			continue
		}
		changes, next = append(changes, c), append(next, d)
	}
	if err := errors.Join(wrong...); err != nil || dryRun {
		return changes, err
	}
	for i, d := range next {
		if changes[i].Action == "unchanged" {
			continue
		}
		if err := r.save(ctx, d); err != nil {
			return changes[:i], err
		}
	}
	return changes, nil
}

func cmpName(name string, i int) string {
	if name == "" {
		return fmt.Sprintf("destination %d", i+1)
	}
	return name
}

// merge is the destination that a spec asks for, out of the one of that name if there is one.
func (r *Registry) merge(s Spec, have []Destination) (Destination, Change, error) {
	now := r.now().UTC().Truncate(time.Millisecond)
	i := slices.IndexFunc(have, func(d Destination) bool { return d.Name == s.Name })
	if i < 0 {
		d := Destination{ID: newID(), Name: s.Name, Lender: s.Lender, Kind: s.Kind, Created: now}
		s.onto(&d, now)
		findings, err := r.check(d)
		d.Changed = now
		return d, Change{Name: s.Name, Action: "created", Findings: findings}, err
	}
	old := have[i]
	d := old
	if s.Lender != old.Lender || s.Kind != old.Kind {
		return d, Change{}, errors.New("lender and kind cannot change; remove it and register another")
	}
	if s.Address == "" {
		s.Address = old.Address
	}
	s.onto(&d, now)
	findings, err := r.check(d)
	c := Change{Name: s.Name, Action: "unchanged", Fields: differ(old, d), Findings: findings}
	if len(c.Fields) > 0 {
		c.Action, d.Changed = "updated", now
	}
	return d, c, err
}

// onto writes what may change, with its defaults, onto a destination.
func (s Spec) onto(d *Destination, now time.Time) {
	d.Address, d.Encoding, d.Format = s.Address, s.Encoding, s.Format
	if d.Encoding == "" && d.Kind == "queue" {
		d.Encoding = "base64"
	}
	if d.Format == "" {
		d.Format = "raw"
	}
	state := s.State
	if state == "" {
		state = Active
	}
	if state != d.State {
		d.State, d.Since = state, now
	}
}

func differ(a, b Destination) []string {
	var out []string
	for _, f := range []struct {
		name string
		same bool
	}{
		{"address", a.Address == b.Address}, {"encoding", a.Encoding == b.Encoding}, {"format", a.Format == b.Format}, {"state", a.State == b.State},
	} {
		if !f.same {
			out = append(out, f.name)
		}
	}
	return out
}

// newID is random and never used again.
func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: it crashes the program instead
	return hex.EncodeToString(b[:])
}
