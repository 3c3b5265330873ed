package registry_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/config"
	"leadrelay/internal/registry"
)

func TestApplySaysWhatItDid(t *testing.T) {
	w := newWorld(t)
	none, pruning := registry.ApplyOptions{}, registry.ApplyOptions{Prune: true}
	a, b := spec("a"), spec("b", func(s *registry.Spec) { s.Partners = []string{} })
	changed := a
	changed.Address, changed.Filter, changed.Events, changed.State = address("a"), "true", []string{"crf.*"}, registry.Paused
	for _, c := range []struct {
		o     registry.ApplyOptions
		specs []registry.Spec
		want  string
	}{
		{none, nil, ""},
		{none, []registry.Spec{a, b}, "a created; b created"},
		{none, []registry.Spec{a, b}, "a unchanged; b unchanged"},
		{pruning, []registry.Spec{a, b}, "a unchanged; b unchanged"},
		{none, []registry.Spec{changed}, "a updated address,state,events,filter"},
		{none, []registry.Spec{changed}, "a unchanged"},
		{pruning, []registry.Spec{changed}, "a unchanged; b removed"},
		{pruning, []registry.Spec{changed}, "a unchanged"},
		{none, []registry.Spec{b}, "b created"},
		{pruning, nil, "a removed; b removed"},
	} {
		dry := c.o
		dry.DryRun = true
		before := fmt.Sprint(w.sim.Table(tableName).Rows())
		if got := w.apply(dry, c.specs...); got != c.want {
			t.Errorf("a dry run says %q, want %q", got, c.want)
		}
		if after := fmt.Sprint(w.sim.Table(tableName).Rows()); after != before {
			t.Errorf("the dry run of %q wrote", c.want)
		}
		if got := w.apply(c.o, c.specs...); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// TestIdIsNeverUsedAgain removes a destination and registers one of the same name.
func TestIdIsNeverUsedAgain(t *testing.T) {
	w := newWorld(t)
	w.apply(registry.ApplyOptions{}, spec("a"))
	first := w.find("a")
	w.apply(registry.ApplyOptions{Prune: true})
	if _, err := w.Find(w.ctx, "a"); !errors.Is(err, registry.ErrNone) {
		t.Errorf("a removed one is found: %v", err)
	}
	w.apply(registry.ApplyOptions{}, spec("a"))
	if second := w.find("a"); second.ID == first.ID || w.find(second.ID).Name != "a" {
		t.Error("the id came again")
	}
	list, err := w.List(w.ctx)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d are listed, want the removed one too: %v", len(list), err)
	}
	if err := w.Delete(w.ctx, first); err != nil {
		t.Fatal(err)
	}
	if err := w.Delete(w.ctx, first); err != nil {
		t.Errorf("deleted twice: %v", err)
	}
	if list, _ := w.List(w.ctx); len(list) != 1 || list[0].ID == first.ID {
		t.Errorf("%d are listed after the removed one is deleted", len(list))
	}
}

// TestSecretsStayWhenLeftOut gives a destination every secret, then leaves some out.
func TestSecretsStayWhenLeftOut(t *testing.T) {
	w := newWorld(t)
	w.apply(registry.ApplyOptions{}, webhook("w"), spec("q", func(s *registry.Spec) { s.Overflow = container() }))
	before := w.find("w").Secrets
	bare := registry.Spec{Name: "w", Lender: "Acme", Kind: "webhook"}
	if got := w.apply(registry.ApplyOptions{}, bare); got != "w unchanged" {
		t.Error(got)
	}
	if after := w.find("w").Secrets; after.Address != before.Address || after.Headers["X-Key"] != before.Headers["X-Key"] || len(after.Signing) != 2 {
		t.Error("a secret that was left out is gone")
	}
	for name, c := range map[string]struct {
		spec registry.Spec
		want string
	}{
		"another header":            {registry.Spec{Name: "w", Lender: "Acme", Kind: "webhook", Headers: map[string]config.Secret{"X-Key": "other"}}, "w updated headers"},
		"no headers":                {registry.Spec{Name: "w", Lender: "Acme", Kind: "webhook", Headers: map[string]config.Secret{}}, "w updated headers"},
		"another signing secret":    {registry.Spec{Name: "w", Lender: "Acme", Kind: "webhook", Secret: "whsec_other"}, "w updated secret"},
		"the address and no others": {registry.Spec{Name: "w", Lender: "Acme", Kind: "webhook", Address: "https://lender.example/other"}, "w updated address,headers,secret"},
		"a second address only":     {registry.Spec{Name: "q", Lender: "Acme", Kind: "queue", AddressNext: address("a")}, "q updated address_next"},
		"another overflow only":     {registry.Spec{Name: "q", Lender: "Acme", Kind: "queue", Overflow: container()}, "q updated overflow"},
	} {
		if got := w.apply(registry.ApplyOptions{DryRun: true}, c.spec); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestWrongSpecsAreToldAllAtOnce wants each complaint, no value of any secret, and nothing written.
func TestWrongSpecsAreToldAllAtOnce(t *testing.T) {
	pasted := address("a").Reveal()
	for name, c := range map[string]struct {
		spec registry.Spec
		want []string
	}{
		"nothing said":        {registry.Spec{}, []string{"destination 1", "name must", "lender is required", "kind must", "address is required"}},
		"a name in capitals":  {spec("Demo"), []string{"destination 1: name must"}},
		"a SAS for a name":    {spec(pasted), []string{"destination 1: name must"}},
		"a SAS for a lender":  {spec("a", func(s *registry.Spec) { s.Lender = pasted }), []string{"lender must be a name"}},
		"a SAS for a kind":    {spec("a", func(s *registry.Spec) { s.Kind = pasted }), []string{"kind must be one of [queue blob webhook]"}},
		"a SAS for a state":   {spec("a", func(s *registry.Spec) { s.State = registry.State(pasted) }), []string{"state must be one of"}},
		"a SAS for an event":  {spec("a", func(s *registry.Spec) { s.Events = []string{"crf.*", pasted + "["} }), []string{"events: number 2"}},
		"a SAS for a format":  {spec("a", func(s *registry.Spec) { s.Format = pasted }), []string{"format must"}},
		"a SAS for encoding":  {spec("a", func(s *registry.Spec) { s.Encoding = pasted }), []string{"encoding must"}},
		"a SAS for a filter":  {spec("a", func(s *registry.Spec) { s.Filter, s.Exclude = pasted, []string{"x", pasted} }), []string{"filter holds a signature", "exclude holds a signature"}},
		"settled by machine":  {spec("a", func(s *registry.Spec) { s.State = registry.Held }), []string{"state must"}},
		"a template, no text": {spec("a", func(s *registry.Spec) { s.Format = "template" }), []string{"template and format"}},
		"text, no template":   {spec("a", func(s *registry.Spec) { s.Template = "{}" }), []string{"template and format"}},
		"other words":         {spec("a", func(s *registry.Spec) { s.Updates, s.Duplicates, s.Stale = "x", "y", "z" }), []string{"updates must", "duplicates must", "stale must"}},
		"a limit of two":      {spec("a", func(s *registry.Spec) { s.FraudLimit = 2 }), []string{"fraud_limit"}},
		"a webhook's things":  {spec("a", func(s *registry.Spec) { s.Headers, s.AllowPrivate = map[string]config.Secret{"X": "7f3a"}, true }), []string{"headers and secret are for webhooks", "allow_private is for webhooks"}},
		"a queue's things":    {webhook("a", func(s *registry.Spec) { s.Encoding, s.Overflow = "text", container() }), []string{"encoding is for queues", "overflow is for queues"}},
		"only the old secret": {webhook("a", func(s *registry.Spec) { s.Secret = "" }), []string{"secret_old"}},
		"no URL":              {spec("a", func(s *registry.Spec) { s.Address = "leads sig=7f3a" }), []string{"address: "}},
		"may not add":         {spec("a", func(s *registry.Spec) { s.Address = address("r") }), []string{"address: "}},
		"a container":         {spec("a", func(s *registry.Spec) { s.Address = container() }), []string{"address: "}},
		"bad, bad, bad":       {spec("a", func(s *registry.Spec) { s.Address, s.AddressNext, s.Overflow = "x", "y", "z" }), []string{"address: ", "address_next: ", "overflow: "}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			_, err := w.Apply(w.ctx, []registry.Spec{c.spec, spec("right"), {Name: "wrong-too"}}, registry.ApplyOptions{})
			if err == nil {
				t.Fatal("it was accepted")
			}
			for _, want := range append(c.want, "wrong-too: ") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no word of %q in %q", want, err)
				}
			}
			hidden(t, "the complaint", err.Error())
			if rows := w.sim.Table(tableName).Rows(); len(rows) > 0 {
				t.Errorf("%d rows were written", len(rows))
			}
		})
	}
}

// TestWhatCannotChange wants lender, kind and the uniqueness of names kept.
func TestWhatCannotChange(t *testing.T) {
	w := newWorld(t)
	w.apply(registry.ApplyOptions{}, spec("a"))
	pasted := spec(address("a").Reveal())
	for name, specs := range map[string][]registry.Spec{
		"another lender": {spec("a", func(s *registry.Spec) { s.Lender = "Other" })},
		"another kind":   {webhook("a")},
		"twice":          {spec("a"), spec("a")},
		"new, twice":     {spec("b"), spec("c"), spec("b")},
		"a SAS, twice":   {pasted, pasted},
	} {
		if _, err := w.Apply(w.ctx, specs, registry.ApplyOptions{}); err == nil {
			t.Errorf("%s: accepted", name)
		} else {
			hidden(t, name, err.Error())
		}
	}
	if list, _ := w.List(w.ctx); len(list) != 1 {
		t.Errorf("%d destinations", len(list))
	}
}

// TestReadSpecsIsStrict wants unknown keys and wrong types told by line, without a value of the file.
func TestReadSpecsIsStrict(t *testing.T) {
	const sas = "https://lender.queue.core.windows.net/leads?sp=a&sig=7f3a"
	for name, c := range map[string]struct{ file, want string }{
		"a typing error":          {"destinations:\n- name: a\n  adress: " + sas, "line 3: field adress not found"},
		"two typing errors":       {"destinations:\n- nam: a\n  adress: " + sas, "field nam not found"},
		"a SAS for a key":         {"destinations:\n- name: a\n  \"" + sas + "\": x", "line 3: field (…) not found"},
		"a SAS for a list":        {"destinations:\n- name: a\n  events: \"" + sas + "\"", "line 3"},
		"a SAS for a number":      {"destinations:\n- name: a\n  fraud_limit: \"" + sas + "\"", "line 3"},
		"a SAS for headers":       {"destinations:\n- name: a\n  headers: \"" + sas + "\"", "line 3"},
		"a SAS for the file":      {"\"" + sas + "\"", "line 1"},
		"a SAS for a destination": {"destinations:\n- \"" + sas + "\"", "line 2"},
		"the same key twice":      {"destinations:\n- name: a\n  \"" + sas + "\\\"x\": 1\n  \"" + sas + "\\\"x\": 2", "line 3"},
		"a key at the top":        {"destination:\n- name: a", "field destination not found"},
		"no YAML":                 {"destinations: [\"" + sas, "destinations: yaml"},
		"an alias of nothing":     {"destinations:\n- name: *sig=7f3a", "destinations: yaml"},
		"empty":                   {"", "empty"},
		"two documents":           {"destinations: []\n---\ndestinations: []\n", "second document"},
	} {
		t.Run(name, func(t *testing.T) {
			specs, err := registry.ReadSpecs(strings.NewReader(c.file))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, %v, want %q", specs, err, c.want)
			}
			hidden(t, "the complaint", err.Error())
			if strings.Contains(err.Error(), "https") {
				t.Errorf("a value is quoted: %v", err)
			}
		})
	}
	specs, err := registry.ReadSpecs(strings.NewReader("destinations:\n- {name: a, lender: Acme, kind: queue, address: \"" + sas + "\", events: [crf.*], fraud_limit: 0.5, state: paused, headers: {X: y}}\n- {name: b}\n"))
	if err != nil || len(specs) != 2 || specs[0].Address.Reveal() != sas || specs[0].FraudLimit != 0.5 || specs[0].Events[0] != "crf.*" || specs[0].State != registry.Paused || specs[0].Headers["X"] != "y" {
		t.Errorf("%+v, %v", specs, err)
	}
}

// TestAppliesOnAzurite runs the round through the pinned storage.
func TestAppliesOnAzurite(t *testing.T) {
	sealer, err := registry.NewSealer(oneKey)
	if err != nil {
		t.Fatal(err)
	}
	ctx := azuretest.Context(t)
	r := registry.New(storage.Account.Table(fmt.Sprintf("destinations%d", counter.Add(1))), sealer, nil, time.Now)
	for _, want := range []string{"created", "unchanged"} {
		s := webhook("w", func(s *registry.Spec) { s.Exclude = []string{"$.ip"} })
		changes, err := r.Apply(ctx, []registry.Spec{s}, registry.ApplyOptions{}) // creates the table
		if err != nil || changes[0].Action != want {
			t.Fatalf("%+v, %v", changes, err)
		}
	}
	d, err := r.Find(ctx, "w")
	if err != nil || d.Secrets.Signing[1] != "whsec_older-7f3a" || d.Config.Exclude[0] != "$.ip" || d.Place != "lender.example" {
		t.Fatalf("%+v, %v", d, err)
	}
	if err := r.Hold(ctx, d.ID, "gone"); err != nil {
		t.Fatal(err)
	}
	if d, err = r.Find(ctx, "w"); err != nil || d.State() != registry.Held || d.Health.Since.IsZero() || !d.Health.Through.IsZero() {
		t.Errorf("%+v, %v", d.Health, err)
	}
}
