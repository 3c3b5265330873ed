package salesforce_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/url"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"leadrelay/local/crmsim/clients"
	sim "leadrelay/local/crmsim/salesforce"
)

// heard is what jsforce said of a step.
type heard struct {
	Step    string `json:"step"`
	Value   any    `json:"value"`
	Error   string `json:"error"`
	Message string `json:"message"`
}

// runJsforce runs the script against the world's org.
func (w *world) runJsforce(fields map[string]any) map[string]heard {
	w.Helper()
	text, err := json.Marshal(fields)
	if err != nil {
		w.Fatal(err)
	}
	script, err := filepath.Abs(filepath.Join("testdata", "jsforce.cjs"))
	if err != nil {
		w.Fatal(err)
	}
	out := clients.Node(w.T, script, "URL="+w.url, "ID="+sim.DefaultClientID, "SECRET="+sim.DefaultClientSecret, "KEY="+leadID, "FIELDS="+string(text))
	steps := map[string]heard{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		var h heard
		if err := json.Unmarshal(lines.Bytes(), &h); err != nil {
			w.Fatalf("%s: %v", lines.Bytes(), err)
		}
		steps[h.Step] = h
	}
	return steps
}

// TestJsforceAndWeAgreeAboutTheWire runs a client that others wrote (jsforce 3.6.5) against the simulator, and holds our
// requests against its requests for the same records.
func TestJsforceAndWeAgreeAboutTheWire(t *testing.T) {
	w := newWorld(t, sim.Options{})
	w.upsert(leadOf(leadID, `"requestedAmount":25000.00,"numEmployees":3,"hasBusinessPlan":true`))
	w.upsert(eventOf(leadID, "contract_signed", noon()))
	ours := w.org.Calls()

	theirs := newWorld(t, sim.Options{})
	for range 2 {
		theirs.org.Put("Lead", map[string]any{"CRF_Lead_Id__c": "twin", "LastName": "Twin", "Company": "c"})
	}
	fields := recordsOf(t, find(t, ours, "PATCH", "/composite/sobjects/Lead/CRF_Lead_Id__c"))[0]
	delete(fields, "attributes")
	delete(fields, "CRF_Lead_Id__c")
	steps := theirs.runJsforce(fields)
	wantJsforceUnderstood(t, steps)
	calls := theirs.org.Calls()

	// The token is asked for with the same parameters.
	if a, b := form(t, find(t, ours, "POST", "/token").Body), form(t, find(t, calls, "POST", "/token").Body); !reflect.DeepEqual(a, b) {
		t.Errorf("token: we send %v, jsforce %v", a, b)
	}
	// jsforce upserts one record a call, its key in the path; the fields and their JSON are the same.
	single := find(t, calls, "PATCH", "/sobjects/Lead/CRF_Lead_Id__c/"+leadID)
	var sent map[string]any
	if err := json.Unmarshal([]byte(single.Body), &sent); err != nil {
		t.Fatal(err)
	}
	delete(sent, "attributes")
	if !reflect.DeepEqual(sent, fields) {
		t.Errorf("upsert: we send %v, jsforce %v", fields, sent)
	}
	// Both update by id through the same resource, in the same form.
	a, b := find(t, ours, "PATCH", "/composite/sobjects"), find(t, calls, "PATCH", "/composite/sobjects")
	if a.Path != b.Path || a.Header.Get("Content-Type") != b.Header.Get("Content-Type") || shape(t, a.Body) != shape(t, b.Body) {
		t.Errorf("update:\nwe send %s %s\njsforce %s %s", a.Path, a.Body, b.Path, b.Body)
	}
	if a, b := find(t, ours, "GET", "/query?q="), find(t, calls, "GET", "/query?q="); strings.SplitN(a.Path, "?", 2)[0] != strings.SplitN(b.Path, "?", 2)[0] {
		t.Errorf("query: we ask %s, jsforce %s", a.Path, b.Path)
	}
}

func wantJsforceUnderstood(t *testing.T, steps map[string]heard) {
	t.Helper()
	for step, want := range map[string]string{
		"unknownField": "INVALID_FIELD", "wrongType": "JSON_PARSER_ERROR", "tooLong": "STRING_TOO_LONG", "required": "REQUIRED_FIELD_MISSING",
		"ambiguous": "MULTIPLE_CHOICES", "deleted": "ENTITY_IS_DELETED",
	} {
		if got := steps[step]; got.Error != want {
			t.Errorf("%s: want %s, got %+v", step, want, got)
		}
	}
	for step, want := range map[string]string{
		"again": `"created":false`, "create": `"created":true`, "many": `"created":true`, "update": `"success":true`, "updateGone": `INVALID_CROSS_REFERENCE_KEY`,
		"task": `"success":true`, "retrieve": `"Third"`, "query": `["Hot"]`, "describe": `["CRF_Lead_Id__c"]`, "usage": `"limit":100000`, "delete": `"success":true`,
		"authorize": `"http://127.0.0.1`,
	} {
		got, err := json.Marshal(steps[step].Value)
		if err != nil || steps[step].Error != "" || !strings.Contains(string(got), want) {
			t.Errorf("%s: want %s, got %s %+v", step, want, got, steps[step])
		}
	}
}

// find is the first call whose path holds a text; of a text that ends a path, the path must end there.
func find(t *testing.T, calls []sim.Call, method, part string) sim.Call {
	t.Helper()
	for _, c := range calls {
		if c.Method == method && (strings.HasSuffix(c.Path, part) || strings.HasSuffix(part, "=") && strings.Contains(c.Path, part)) {
			return c
		}
	}
	t.Fatalf("no %s of …%s", method, part)
	return sim.Call{}
}

func recordsOf(t *testing.T, c sim.Call) []map[string]any {
	t.Helper()
	var in struct {
		Records []map[string]any `json:"records"`
	}
	if err := json.Unmarshal([]byte(c.Body), &in); err != nil {
		t.Fatal(err)
	}
	return in.Records
}

func form(t *testing.T, body string) url.Values {
	t.Helper()
	v, err := url.ParseQuery(body)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// shape is a collection without its values: the members around the records, and what every record must have.
func shape(t *testing.T, body string) string {
	t.Helper()
	var in map[string]any
	if err := json.Unmarshal([]byte(body), &in); err != nil {
		t.Fatal(err)
	}
	record := in["records"].([]any)[0].(map[string]any)
	in["records"] = map[string]any{"attributes": record["attributes"], "has an Id": record["Id"] != nil || record["id"] != nil}
	out, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
