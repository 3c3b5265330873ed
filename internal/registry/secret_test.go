package registry_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"leadrelay/internal/config"
	"leadrelay/internal/registry"
)

func TestSealedOpensAgain(t *testing.T) {
	old, err := registry.NewSealer(oneKey)
	if err != nil {
		t.Fatal(err)
	}
	rotating, err := registry.NewSealer(anotherKey, oneKey)
	if err != nil {
		t.Fatal(err)
	}
	renewed, err := registry.NewSealer(anotherKey, nil)
	if err != nil {
		t.Fatal(err)
	}
	const secret = config.Secret("https://lender.example/?sig=7f3a")
	before, during := old.Seal(secret, "d1"), rotating.Seal(secret, "d1")
	if bytes.Contains(before, []byte("sig")) || bytes.Equal(before, old.Seal(secret, "d1")) {
		t.Error("sealed twice it looks the same, or it is readable")
	}
	tampered := bytes.Clone(before)
	tampered[len(tampered)-1] ^= 1
	for name, c := range map[string]struct {
		sealer *registry.Sealer
		sealed []byte
		owner  string
		opens  bool
	}{
		"with its key":                     {old, before, "d1", true},
		"with the old key, rotating":       {rotating, before, "d1", true},
		"with the new key, rotating":       {rotating, during, "d1", true},
		"with the new key, after rotating": {renewed, during, "d1", true},
		"sealed before, after rotating":    {renewed, before, "d1", false},
		"sealed later than its key":        {old, during, "d1", false},
		"of another owner":                 {old, before, "d2", false},
		"tampered with":                    {old, tampered, "d1", false},
		"cut off":                          {old, before[:len(before)-1], "d1", false},
		"shorter than a nonce":             {old, before[:5], "d1", false},
		"nothing":                          {old, nil, "d1", false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.sealer.Open(c.sealed, c.owner)
			if (err == nil) != c.opens || c.opens && got != secret || !c.opens && got != "" {
				t.Errorf("opened: %v, %v", err == nil, err)
			}
			if err != nil {
				hidden(t, "the error", err.Error())
			}
		})
	}
}

func TestSealerWantsAKey(t *testing.T) {
	for _, keys := range [][][]byte{{}, {nil}, {nil, nil}, {[]byte("short")}, {oneKey, []byte("short")}} {
		if _, err := registry.NewSealer(keys...); err == nil || strings.Contains(err.Error(), "short") {
			t.Errorf("%d keys: %v", len(keys), err)
		}
	}
}

// TestAnotherKeyIsAFault wants a destination that cannot be opened listed, named and repairable, of either kind.
func TestAnotherKeyIsAFault(t *testing.T) {
	w := newWorld(t)
	w.apply(registry.ApplyOptions{}, spec("q"), webhook("w"))
	w.Registry = w.open(anotherKey)
	list, err := w.List(w.ctx)
	if err != nil || len(list) != 2 {
		t.Fatal(len(list), err)
	}
	for _, d := range list {
		if d.Fault == nil || !strings.Contains(d.Fault.Error(), "LEADRELAY_SEAL_KEY") || d.Secrets.Address != "" || d.Place != "" {
			t.Errorf("%s: %v", d.Name, d.Fault)
		}
	}
	left := func(s *registry.Spec) { s.Address = "" }
	if _, err := w.Apply(w.ctx, []registry.Spec{spec("q", left)}, registry.ApplyOptions{}); err == nil || !strings.Contains(err.Error(), "address is required") {
		t.Errorf("without its address: %v", err)
	}
	ids := map[string]string{"q": w.find("q").ID, "w": w.find("w").ID}
	w.apply(registry.ApplyOptions{}, spec("q"), webhook("w"))
	for name, id := range ids {
		if d := w.find(name); d.Fault != nil || d.ID != id || d.Place == "" {
			t.Errorf("%s is not repaired: %v", name, d.Fault)
		}
	}
}

// TestRotationOpensWhatWasSealedBefore changes the key and reads on.
func TestRotationOpensWhatWasSealedBefore(t *testing.T) {
	w := newWorld(t)
	w.apply(registry.ApplyOptions{}, webhook("w"))
	w.Registry = w.open(anotherKey, oneKey)
	d := w.find("w")
	if d.Fault != nil || d.Secrets.Headers["X-Key"] != "header-secret-7f3a" || len(d.Secrets.Signing) != 2 {
		t.Fatalf("%v", d.Fault)
	}
	if err := w.Want(w.ctx, d, registry.Paused); err != nil { // whatever saves it seals it anew
		t.Fatal(err)
	}
	w.Registry = w.open(anotherKey)
	if d := w.find("w"); d.Fault != nil || d.Secrets.Address != webhook("w").Address || d.State() != registry.Paused {
		t.Errorf("sealed anew it does not open: %v", d.Fault)
	}
}

// TestSealedBelongsToItsDestination swaps two rows' secrets in the storage.
func TestSealedBelongsToItsDestination(t *testing.T) {
	w := newWorld(t)
	w.apply(registry.ApplyOptions{}, spec("a"), spec("b"))
	table := w.table()
	a, b := w.find("a").ID, w.find("b").ID
	row, err := table.GetEntity(w.ctx, "destination", a, nil)
	if err != nil {
		t.Fatal(err)
	}
	moved := bytes.Replace(row.Value, []byte(a), []byte(b), 1)
	if _, err := table.UpsertEntity(w.ctx, moved, nil); err != nil {
		t.Fatal(err)
	}
	list, err := w.List(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range list {
		if (d.Fault != nil) != (d.ID == b) {
			t.Errorf("%s: %v", d.ID, d.Fault)
		}
	}
}

// TestNothingShowsASecret prints destinations, specs and what is kept of them in every way that a program has.
func TestNothingShowsASecret(t *testing.T) {
	w := newWorld(t)
	specs := []registry.Spec{spec("q", func(s *registry.Spec) { s.AddressNext, s.Overflow = address("a"), container() }), webhook("w")}
	w.apply(registry.ApplyOptions{}, specs...)
	if _, err := w.Cached(w.ctx); err != nil {
		t.Fatal(err)
	}
	list, err := w.List(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{list, &list[0], list[1], list[1].Secrets, map[string]any{"d": list[0]}, specs, specs[0], &specs[1], specs[1].Headers} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X"} {
			hidden(t, verb, fmt.Sprintf(verb, v))
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Error(err)
		}
		hidden(t, "JSON", string(b))
		if b, err = yaml.Marshal(v); err == nil {
			hidden(t, "YAML", string(b))
		}
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		hidden(t, "slog", log.String())
	}
	for _, row := range w.sim.Table(tableName).Rows() {
		hidden(t, "the table", fmt.Sprintf("%s %q", row.RowKey, row.Properties))
	}
}
