package dataverse_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/crm"
	"leadrelay/internal/crm/dataverse"
	"leadrelay/internal/httpclient"
)

// TestLiveSmokeSkipsWithoutAnOrganisation upserts a made-up lead twice, updates it and writes an event, in the organisation
// that CRM_LIVEDATAVERSE_URL, _TENANT, _CLIENT_ID, _CLIENT_SECRET and _MAPPING name. It leaves the lead there, as
// Disqualified: delete it by hand. This is the one test of the family that may skip.
func TestLiveSmokeSkipsWithoutAnOrganisation(t *testing.T) {
	if os.Getenv("CRM_LIVEDATAVERSE_URL") == "" {
		t.Skip("CRM_LIVEDATAVERSE_URL is not set: never run against a live organisation here")
	}
	env := config.New(os.Environ())
	c := dataverse.Open(env.Instance("CRM", "livedataverse"), crm.Options{Client: httpclient.NewClient(httpclient.Options{}), Now: time.Now})
	if err := env.Err("CRM_LIVEDATAVERSE_"); err != nil {
		t.Fatal(err)
	}
	for _, f := range c.(crm.Preflighter).Preflight(t.Context()) {
		t.Logf("%s %s: %s", f.Level, f.Subject, f.Text)
	}
	if err := c.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	id := time.Now().UTC().Format("20060102-1504-4054-8054-000000150405")
	made := []string{"4626a582-afb9-48bf-8d86-87e6fe91a842", id, "bob@somecompany.com", "smoke@example.com", "Lastnameson", "Leadrelay Smoke Test"}
	event := credzuEvent(t, "contract_signed", "2025-01-22T17:38:12Z")
	event.Event.Lead.Ref = id
	event.Event.Key = append(event.Event.Key, id)
	for i, ch := range []crm.Change{crfLead(t, made...), crfLead(t, made...), crfLead(t, append(made, `"Matched"`, `"Disqualified"`)...), event, event} {
		want := [...]crm.Result{crm.Created, crm.Updated, crm.Updated, crm.Updated, crm.Unchanged}[i]
		out := c.Upsert(t.Context(), []crm.Change{ch})[0]
		if out.Err != nil || out.Result != want || strings.Count(out.ID, "-") != 4 {
			t.Fatalf("change %d: want %s, got %+v", i, want, out)
		}
	}
}
