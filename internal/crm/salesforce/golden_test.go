package salesforce_test

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leadrelay/internal/crm"
	sim "leadrelay/local/crmsim/salesforce"
)

var update = flag.Bool("update", false, "write the golden transcripts anew")

// transcript is every request but for what differs from run to run: the token and the host.
func transcript(t *testing.T, calls []sim.Call) string {
	t.Helper()
	var b strings.Builder
	for _, c := range calls {
		path, err := url.QueryUnescape(c.Path)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %s\n", c.Method, path)
		for _, name := range []string{"Accept", "Content-Type", "Sforce-Auto-Assign", "Sforce-Duplicate-Rule-Header"} {
			if v := c.Header.Get(name); v != "" {
				fmt.Fprintf(&b, "%s: %s\n", name, v)
			}
		}
		fmt.Fprintf(&b, "\n%s\n--- %d\n", c.Body, c.Status)
	}
	return b.String()
}

// TestRequestsAreTheOnesOnRecord holds the whole wire against a transcript, so that no change of it goes unseen.
func TestRequestsAreTheOnesOnRecord(t *testing.T) {
	sample, err := os.ReadFile(filepath.Join("testdata", "lead.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, settings := range map[string][]string{"plain": nil, "assigned": {"ASSIGNMENT=on", "DUPLICATES=reject"}} {
		w := newWorld(t, sim.Options{}, settings...)
		if err := w.crm.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		ch := leadOf(leadID, "")
		ch.Payload = sample
		w.upsert(ch)
		for i, o := range w.crm.Upsert(t.Context(), []crm.Change{leadOf(leadID, `"phone":"1"`), leadOf("new", "")}) {
			if o.Err != nil {
				t.Fatalf("%d: %v", i, o.Err)
			}
		}
		for range 2 {
			w.upsert(eventOf(leadID, "mortgage_ready", noon()))
		}
		got := transcript(t, w.org.Calls())
		file := filepath.Join("testdata", "golden", name+".txt")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: the requests differ from %s; got\n%s", name, file, got)
		}
	}
}
