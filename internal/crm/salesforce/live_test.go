package salesforce_test

import (
	"os"
	"testing"
	"time"

	"leadrelay/internal/crm"
)

// TestLiveSmokeNeedsAnOrgOfYours upserts, updates and looks up one lead in a real org, and leaves it there. It runs only
// where LEADRELAY_LIVE_SALESFORCE_URL, _CLIENT_ID and _CLIENT_SECRET name a Developer Edition or a sandbox that has the
// fields of the default map. No CI has one: nobody has yet seen it pass.
func TestLiveSmokeNeedsAnOrgOfYours(t *testing.T) {
	const prefix = "LEADRELAY_LIVE_SALESFORCE_"
	if os.Getenv(prefix+"URL") == "" {
		t.Skip("set " + prefix + "URL, _CLIENT_ID and _CLIENT_SECRET")
	}
	c, err := open(time.Now, "URL="+os.Getenv(prefix+"URL"), "CLIENT_ID="+os.Getenv(prefix+"CLIENT_ID"), "CLIENT_SECRET="+os.Getenv(prefix+"CLIENT_SECRET"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, f := range c.Preflight(t.Context()) {
		t.Logf("%s %s: %s", f.Level, f.Subject, f.Text)
		if f.Level == crm.Fault {
			t.Errorf("%s: %s", f.Subject, f.Text)
		}
	}
	id := "leadrelay-smoke-" + time.Now().UTC().Format("20060102-150405")
	for n, want := range []crm.Result{crm.Created, crm.Updated} {
		if out := c.Upsert(t.Context(), []crm.Change{leadOf(id, "")})[0]; out.Err != nil || out.Result != want {
			t.Fatalf("upsert %d: want %s, got %+v", n, want, out)
		}
	}
	for n, want := range []crm.Result{crm.Updated, crm.Unchanged} {
		if out := c.Upsert(t.Context(), []crm.Change{eventOf(id, "contract_signed", time.Now().UTC())})[0]; out.Err != nil || out.Result != want {
			t.Fatalf("activity %d: want %s, got %+v", n, want, out)
		}
	}
}
