package dataverse_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/crm/dataverse"
	"leadrelay/internal/lead"
	sim "leadrelay/local/crmsim/dataverse"
)

func TestCheckStopsAtWhatNoLeadCouldPass(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*world)
		says  string
	}{
		"no key":         {func(w *world) { w.org.SetKeyStatus("leads", "") }, "crf_leadid does not exist"},
		"key not active": {func(w *world) { w.org.SetKeyStatus("leads", "InProgress") }, "InProgress"},
		"no column":      {func(w *world) { w.org.Customise("leads", "crf_status", nil) }, "crf_status"},
		"forbidden":      {func(w *world) { w.org.Script(sim.Fault{Status: 403, Code: "0x80040220", Times: 9}) }, "security role"},
		"unauthorised":   {func(w *world) { w.org.Script(sim.Fault{Status: 401, Times: 9}) }, "application user"},
		"another server": {func(w *world) { w.org.Script(sim.Fault{Status: 404, Text: "<html>", Times: 9}) }, "Web API"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			c.spoil(w)
			err := w.crm.Check(t.Context())
			if lead.KindOf(err) != lead.Address || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("want one line of kind address that says %q, got %v", c.says, err)
			}
			clean(t, err)
		})
	}
}

func TestWhoMayNotReadMetadataIsNotHeldUp(t *testing.T) {
	w := newWorld(t, nil)
	w.org.Script(sim.Fault{Path: "EntityDefinitions", Status: 403, Code: "0x80040220", Times: 9})
	if err := w.crm.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestMetadataIsReadOnceAnHour(t *testing.T) {
	w := newWorld(t, nil)
	count := func() (n int) {
		for _, e := range w.org.Log() {
			if strings.Contains(e.Path, "EntityDefinitions") {
				n++
			}
		}
		return n
	}
	for range 3 {
		if err := w.crm.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	first := count()
	w.pass(61 * time.Minute)
	if err := w.crm.Check(t.Context()); err != nil || first != 3 || count() != 6 {
		t.Errorf("want three tables read twice, got %d and %d: %v", first, count(), err)
	}
}

func TestColumnThatVanishesStopsTheLaneAndBuriesNoLead(t *testing.T) {
	w := newWorld(t, nil)
	w.must(t, crfLead(t))
	if err := w.crm.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.pass(10 * time.Second)
	w.org.Customise("leads", "crf_status", nil)
	out := w.one(t, crfLead(t, "bob@", "rob@"))
	if lead.KindOf(out.Err) != lead.Address || !strings.Contains(out.Err.Error(), "crf_status") {
		t.Errorf("want an error of kind address that names crf_status, got %v", out.Err)
	}
}

func TestRefusedTokenIsDroppedOnceAndAskedForAnew(t *testing.T) {
	keys := &tokens{}
	w := newWorld(t, func(_ *sim.Options, c *dataverse.Config) { c.Credential = keys })
	w.must(t, crfLead(t))
	w.org.Script(sim.Fault{Status: 401})
	w.must(t, crfLead(t))
	if len(keys.asked) != 2 || keys.asked[0].Claims != "" || keys.asked[1].Claims == "" || !strings.HasSuffix(keys.asked[0].Scopes[0], "/.default") {
		t.Errorf("want a second token past the caches, got %+v", keys.asked)
	}
	w.org.Script(sim.Fault{Status: 401, Times: 2})
	if out := w.one(t, crfLead(t)); lead.KindOf(out.Err) != lead.Address {
		t.Errorf("a token that is refused twice stops the lane: %v", out.Err)
	}
}

func TestNoTokenIsAFaultOfTheAddressUnlessEntraIsDown(t *testing.T) {
	for text, want := range map[string]lead.Kind{"AADSTS7000215: SECRET": lead.Address, "the credential is broken SECRET": lead.Address, "Post: dial tcp: SECRET": lead.Unavailable} {
		w := newWorld(t, func(_ *sim.Options, c *dataverse.Config) { c.Credential = &tokens{fail: errors.New(text)} })
		err := w.crm.Check(t.Context())
		if lead.KindOf(err) != want || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: want %s, got %v", text, want, err)
		}
	}
}

// TestClientSecretGetsTokensFromEntra drives azidentity against the simulator's token endpoint, over TLS.
func TestClientSecretGetsTokensFromEntra(t *testing.T) {
	org := sim.New(sim.Options{Tenant: "tenant", ClientID: "app", ClientSecret: "SECRET-of-the-app", TokenCalls: 3})
	url := org.Start(true)
	defer org.Close()
	open := func(secret string) *dataverse.CRM {
		cred, err := dataverse.NewCredential("tenant", "app", secret, url+"/", org.Client())
		if err != nil {
			t.Fatal(err)
		}
		return dataverse.New(dataverse.Config{URL: url + sim.Base, Mapping: defaultMap(t), Credential: cred, Client: org.Client(), Now: time.Now})
	}
	c := open("SECRET-of-the-app")
	for i := range 10 { // each token is good for three calls only
		if out := c.Upsert(t.Context(), []crm.Change{crfLead(t)})[0]; out.Err != nil {
			t.Fatalf("%d: %v", i, out.Err)
		}
	}
	err := open("SECRET-wrong").Check(t.Context())
	if lead.KindOf(err) != lead.Address || strings.Contains(err.Error(), "SECRET") || !strings.Contains(err.Error(), "AADSTS7000215") {
		t.Errorf("want the number of Entra's error and nothing else, got %v", err)
	}
}

func TestPreflightNamesEachFault(t *testing.T) {
	w := newWorld(t, nil)
	for _, f := range w.crm.Preflight(t.Context()) {
		if f.Level != crm.OK {
			t.Errorf("a prepared organisation: %+v", f)
		}
	}
	no := false
	w.org.SetKeyStatus("leads", "Failed")
	w.org.Customise("leads", "crf_status", nil)
	w.org.Customise("leads", "subject", &sim.Column{Type: "String", Length: 200})
	w.org.Customise("leads", "crf_hasbusinessplan", &sim.Column{Type: "String", Length: 100})
	w.org.Customise("leads", "industrycode", &sim.Column{Type: "Picklist", Options: []int{1, 2}})
	w.org.Customise("leads", "crf_fraudscore", &sim.Column{Type: "Decimal", Precision: 4, Update: &no})
	want := map[string]crm.Level{"key lead.crf_leadid": crm.Fault, "column lead.crf_status": crm.Fault, "column lead.subject": crm.Fault,
		"column lead.crf_hasbusinessplan": crm.Fault, "column lead.industrycode": crm.Fault, "column lead.crf_fraudscore": crm.Warning}
	for _, f := range w.crm.Preflight(t.Context()) {
		if f.Level != crm.OK && want[f.Subject] != f.Level {
			t.Errorf("unexpected: %+v", f)
		}
		delete(want, f.Subject)
	}
	for subject := range want {
		t.Errorf("%s was not found", subject)
	}
	for _, e := range w.org.Log() {
		if e.Method != "GET" {
			t.Errorf("a preflight writes nothing: %s %s", e.Method, e.Path)
		}
	}
}
