package dataverse_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"leadrelay/internal/mapping"
	"leadrelay/local/crmsim/clients"
	sim "leadrelay/local/crmsim/dataverse"
)

// clientStep is a line of dynamics.mjs.
type clientStep struct {
	Step    string
	Value   json.RawMessage
	Status  int
	Code    string
	Message string
}

// dynamics runs DynamicsWebApi, a client that others wrote, against an organisation.
func dynamics(t *testing.T, w *world, body string) map[string]clientStep {
	t.Helper()
	out := clients.Node(t, "dynamics.mjs", "URL="+w.url, "TOKEN="+bearer, "BODY="+body, "KEY=crf_leadid='4626a582-afb9-48bf-8d86-87e6fe91a842'",
		"NOTE="+mapping.ID("note", "client"))
	steps := map[string]clientStep{}
	for line := range bytes.Lines(out) {
		var s clientStep
		if err := json.Unmarshal(line, &s); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		steps[s.Step] = s
	}
	return steps
}

// TestIndependentClientCanUseTheSimulatorAndSpeaksAsWeDo holds the simulator against a client that knows Dataverse from
// elsewhere, and our requests against its.
func TestIndependentClientCanUseTheSimulatorAndSpeaksAsWeDo(t *testing.T) {
	ours := newWorld(t, nil)
	ours.must(t, crfLead(t, `"Submitted"`, `"Removed"`))
	ours.must(t, credzuEvent(t, "contract_signed", "2025-01-22T17:38:12Z"))
	mine := ours.org.Log()

	theirs := newWorld(t, nil)
	steps := dynamics(t, theirs, mine[0].Body)
	for step, want := range map[string]string{ // this client takes a 412 for an answer, not an error, when a condition was set
		"create": "", "again": "", "silent": "", "createOnly": "", "update": "", "updateMissing": "404", "retrieve": "", "stale": "",
		"unknownColumn": "400", "quotedKey": "", "duplicate": "412", "note": "", "noteAgain": "", "whoAmI": "", "delete": "",
	} {
		s, ok := steps[step]
		if got := strings.TrimPrefix(fmt.Sprint(s.Status), "0"); !ok || got != want {
			t.Errorf("step %s: want status %q, got %q %s", step, want, got, s.Message)
		}
	}
	if got := theirs.org.Records("leads"); len(got) != 1 || got[0]["crf_leadid"] != "O'Brien" {
		t.Errorf("want the one lead with a quote in its key, got %v", got)
	}

	byStep := theirs.org.Log()
	var statuses []int
	for _, e := range byStep {
		statuses = append(statuses, e.Status)
	}
	if want := []int{201, 200, 204, 412, 204, 404, 200, 412, 400, 204, 412, 204, 412, 200, 204}; !slices.Equal(statuses, want) {
		t.Errorf("want the statuses %v, got %v", want, statuses)
	}
	for _, c := range []struct {
		what         string
		ours, theirs sim.Exchange
	}{
		{"upsert", mine[0], byStep[0]},
		{"state", mine[1], find(t, byStep, "PATCH", `{"statecode":2,"statuscode":7}`)},
		{"note", find(t, mine, "PATCH", "objectid_lead"), find(t, byStep, "PATCH", "objectid_lead")},
	} {
		for _, d := range compare(c.ours, c.theirs) {
			t.Errorf("%s: %s", c.what, d)
		}
	}
}

func find(t *testing.T, log []sim.Exchange, method, in string) sim.Exchange {
	t.Helper()
	for _, e := range log {
		if e.Method == method && strings.Contains(e.Body, in) {
			return e
		}
	}
	t.Fatalf("no %s with %s", method, in)
	return sim.Exchange{}
}

// compare tells how two calls differ in what Dataverse looks at: method, path up to ids of notes, headers, columns.
func compare(a, b sim.Exchange) []string {
	var out []string
	differ := func(what, x, y string) {
		if x != y {
			out = append(out, fmt.Sprintf("%s: ours %q, theirs %q", what, x, y))
		}
	}
	differ("method", a.Method, b.Method)
	differ("path", path(a), path(b))
	for _, name := range []string{"if-match", "if-none-match", "odata-version", "odata-maxversion", "prefer", "accept"} {
		differ(name, a.Header[name], b.Header[name])
	}
	kind := func(e sim.Exchange) string {
		return strings.ToLower(strings.ReplaceAll(e.Header["content-type"], " ", ""))
	}
	differ("content type", kind(a), kind(b))
	columns := func(e sim.Exchange) string {
		var m map[string]json.RawMessage
		if json.Unmarshal([]byte(e.Body), &m) != nil {
			return e.Body
		}
		return strings.Join(slices.Sorted(maps.Keys(m)), " ")
	}
	differ("columns", columns(a), columns(b))
	return out
}

// path is an exchange's path without what the two need not share: a note's id, and how the query is escaped.
func path(e sim.Exchange) string {
	p := strings.NewReplacer("%27", "'", "%24", "$", "%2C", ",").Replace(e.Path)
	if before, _, ok := strings.Cut(p, "annotations("); ok {
		return before + "annotations(…)"
	}
	return p
}
