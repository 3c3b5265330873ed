package salesforce_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
	sim "leadrelay/local/crmsim/salesforce"
)

// story is what the org is told, step by step; each step is told again until it passes, as the drain does.
func (w *world) story() {
	w.Helper()
	steps := [][]crm.Change{
		{leadOf("a", `"phone":"1"`), leadOf("b", ""), leadOf("c", "")},
		{leadOf("a", `"phone":"2"`), leadOf("d", "")},
		{eventOf("a", "contract_signed", noon()), eventOf("b", "mortgage_ready", noon())},
		{eventOf("a", "mortgage_ready", noon().Add(time.Hour)), leadOf("c", `"status":"Contacted"`)},
	}
	for n, changes := range steps {
		for try := 0; len(changes) > 0; try++ {
			if try > 8 {
				w.Fatalf("step %d never passes", n)
			}
			var again []crm.Change
			for i, o := range w.crm.Upsert(w.Context(), changes) {
				if kind := lead.KindOf(o.Err); o.Err != nil && kind != lead.Unavailable {
					w.Fatalf("step %d: %v", n, o.Err)
				}
				if o.Err != nil {
					again = append(again, changes[i])
				}
			}
			changes = again
			w.pass(time.Hour)
		}
	}
}

// state is what the org holds, without ids.
func (w *world) state() string {
	w.Helper()
	var out []string
	for _, object := range []string{"Lead", "CRF_Event__c", "Task"} {
		for _, r := range w.org.Records(object) {
			delete(r, "Id")
			for _, ref := range []string{"CRF_Lead__c", "WhoId"} {
				if r[ref] != nil {
					r[ref] = "set"
				}
			}
			text, err := json.Marshal(r)
			if err != nil {
				w.Fatal(err)
			}
			out = append(out, object+" "+string(text))
		}
	}
	sort.Strings(out)
	return strings.Join(out, "\n")
}

func TestEveryFaultEndsInTheStateOfARunWithoutFaults(t *testing.T) {
	good := newWorld(t, sim.Options{})
	good.story()
	want := good.state()
	for name, f := range map[string]sim.Fault{
		"dropped before":  {DropBefore: true},
		"dropped after":   {DropAfter: true},
		"truncated":       {Truncate: true},
		"bad gateway":     {Status: 502, Body: "<html>bad gateway</html>"},
		"no JSON":         {Status: 200, Body: "<html>please log in</html>"},
		"ended session":   {Status: 401, Code: "INVALID_SESSION_ID"},
		"used up":         {Status: 403, Code: "REQUEST_LIMIT_EXCEEDED"},
		"server busy":     {Status: 503, Code: "SERVER_UNAVAILABLE"},
		"one locked item": {Item: "a", ItemCode: "UNABLE_TO_LOCK_ROW"},
	} {
		for at := range 10 {
			t.Run(fmt.Sprintf("%s at call %d", name, at), func(t *testing.T) {
				w := newWorld(t, sim.Options{})
				if f.ItemCode == "" && at > 0 {
					w.org.Script(sim.Fault{Times: at}) // so many calls go well
				}
				w.org.Script(f)
				w.story()
				if n := w.org.Pending(); n != 0 {
					t.Errorf("%d faults never happened", n)
				}
				if got := w.state(); got != want {
					t.Errorf("want\n%s\ngot\n%s", want, got)
				}
			})
		}
	}
}

func TestSlowOrgEndsWithTheContext(t *testing.T) {
	w := newWorld(t, sim.Options{})
	w.org.Script(sim.Fault{Path: "composite", Delay: time.Minute})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if out := w.crm.Upsert(ctx, []crm.Change{leadOf(leadID, "")})[0]; lead.KindOf(out.Err) != lead.Unavailable {
		t.Errorf("got %v", out.Err)
	}
}
