package dataverse_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
	sim "leadrelay/local/crmsim/dataverse"
)

// story is what a lead's life looks like to the driver.
func story(t *testing.T) []crm.Change {
	return []crm.Change{
		crfLead(t), crfLead(t, "bob@", "rob@"), credzuEvent(t, "contract_signed", "2025-01-21T00:00:00Z"),
		credzuEvent(t, "mortgage_ready", "2025-01-22T17:38:12Z"), crfLead(t, `"Submitted"`, `"Removed"`, "bob@", "rob@"),
	}
}

// tell tells every change until it passes, as the drain would.
func tell(t *testing.T, w *world, changes []crm.Change) {
	t.Helper()
	for _, ch := range changes {
		for try := 0; ; try++ {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			out := w.crm.Upsert(ctx, []crm.Change{ch})[0]
			cancel()
			if out.Err == nil {
				break
			}
			clean(t, out.Err)
			if kind := lead.KindOf(out.Err); try == 6 || kind != lead.Unavailable && kind != lead.Address {
				t.Fatalf("does not pass: %v", out.Err)
			}
			w.pass(lead.RetryAfter(out.Err) + time.Second)
		}
	}
}

// state is what an organisation holds, without what it makes up itself.
func state(w *world) string {
	var b strings.Builder
	for _, set := range []string{"leads", "annotations", "tasks"} {
		for _, r := range w.org.Records(set) {
			for _, own := range []string{"leadid", "createdon", "modifiedon", "objectid", "regardingobjectid"} {
				if r[own] != "" {
					r[own] = "set"
				}
			}
			for _, name := range slices.Sorted(maps.Keys(r)) {
				fmt.Fprintf(&b, "%s.%s=%s\n", set, name, r[name])
			}
		}
	}
	return b.String()
}

func TestEveryFaultAtEveryCallEndsInTheStateOfARunWithoutFaults(t *testing.T) {
	quiet := newWorld(t, nil)
	tell(t, quiet, story(t))
	want, calls := state(quiet), len(quiet.org.Log())
	if !strings.Contains(want, "leads.statuscode=7") || calls < 10 {
		t.Fatalf("the story is not told: %d calls", calls)
	}
	for name, f := range map[string]sim.Fault{
		"429": {Status: 429, Code: "0x80072322", RetryAfter: "1"}, "401": {Status: 401}, "401 twice": {Status: 401, Times: 2}, "race": {Status: 412, Code: "0x80060882"},
		"dropped": {Drop: true}, "dropped after commit": {DropAfter: true}, "cut": {Cut: true}, "502 page": {Status: 502, Text: "<html>Bad Gateway</html>"},
		"503": {Status: 503}, "deadlock": {Status: 500, Code: "0x80044150"}, "forbidden for a while": {Status: 403, Code: "0x80040220"}, "slow": {Slow: 20 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for skip := range calls {
				w := newWorld(t, nil)
				f.Skip = skip
				w.org.Script(f)
				tell(t, w, story(t))
				if got := state(w); got != want {
					t.Fatalf("%s at call %d: the organisation holds\n%s\nwant\n%s", name, skip, got, want)
				}
			}
		})
	}
}

func TestSlowOrganisationIsLeftWhenTheContextEnds(t *testing.T) {
	w := newWorld(t, nil)
	w.org.Script(sim.Fault{Slow: 30 * time.Second})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	out := w.crm.Upsert(ctx, []crm.Change{crfLead(t)})[0]
	if lead.KindOf(out.Err) != lead.Unavailable || !errors.Is(out.Err, context.DeadlineExceeded) || time.Since(start) > 5*time.Second {
		t.Errorf("want unavailable at once, got %v after %s", out.Err, time.Since(start))
	}
}
