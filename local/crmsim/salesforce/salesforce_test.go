package salesforce_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	sim "leadrelay/local/crmsim/salesforce"
)

// caller speaks to an org as any client might.
type caller struct {
	*testing.T
	org    *sim.Org
	url    string
	token  string
	header http.Header
}

func newCaller(t *testing.T, o sim.Options) *caller {
	t.Helper()
	c := &caller{T: t, org: sim.New(o), header: http.Header{"Content-Type": {"application/json"}}}
	server := httptest.NewServer(c.org)
	t.Cleanup(server.Close)
	c.url = server.URL
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {sim.DefaultClientID}, "client_secret": {sim.DefaultClientSecret}}
	resp, err := http.PostForm(c.url+"/services/oauth2/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var said map[string]string
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil || said["instance_url"] != c.url || said["expires_in"] != "" {
		t.Fatalf("token: %v %v", said, err)
	}
	c.token = said["access_token"]
	return c
}

// ask gives the status and the body.
func (c *caller) ask(method, path, body string) (int, string) {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	r.Header = c.header.Clone()
	r.Header.Set("Authorization", "Bearer "+c.token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

const (
	base   = "/services/data/v67.0"
	upsert = base + "/composite/sobjects/Lead/CRF_Lead_Id__c"
	single = base + "/sobjects/Lead/CRF_Lead_Id__c/"
)

func records(items ...string) string {
	return `{"allOrNone":false,"records":[` + strings.Join(items, ",") + `]}`
}

func item(key, members string) string {
	return fmt.Sprintf(`{"attributes":{"type":"Lead"},"CRF_Lead_Id__c":%q,"LastName":"L","Company":"C"%s}`, key, members)
}

func TestRequestsAgainstTheDocumentsAreRefused(t *testing.T) {
	many := make([]string, 201)
	for i := range many {
		many[i] = item(fmt.Sprint(i), "")
	}
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		say                string
	}{
		"201 records":          {"PATCH", upsert, records(many...), 400, "EXCEEDED_ID_LIMIT"},
		"no records":           {"PATCH", upsert, records(), 400, "EXCEEDED_ID_LIMIT"},
		"no attributes":        {"PATCH", upsert, records(`{"CRF_Lead_Id__c":"a","LastName":"L","Company":"C"}`), 400, "INVALID_TYPE"},
		"another object":       {"PATCH", upsert, records(`{"attributes":{"type":"Task"},"CRF_Lead_Id__c":"a"}`), 400, "INVALID_TYPE"},
		"an id":                {"PATCH", upsert, records(item("a", `,"Id":"00Q000000000001AAA"`)), 400, "INVALID_FIELD"},
		"no external id":       {"PATCH", base + "/composite/sobjects/Lead/Email", records(item("a", "")), 404, "NOT_FOUND"},
		"unknown field":        {"PATCH", upsert, records(item("a", `,"Nope__c":1`)), 400, "INVALID_FIELD"},
		"number as text":       {"PATCH", upsert, records(item("a", `,"NumberOfEmployees":"3"`)), 400, "JSON_PARSER_ERROR"},
		"text as number":       {"PATCH", upsert, records(item("a", `,"City":3`)), 400, "JSON_PARSER_ERROR"},
		"datetime of no zone":  {"PATCH", upsert, records(item("a", `,"CRF_Date_Created__c":"2024-07-30 20:54:16"`)), 400, "JSON_PARSER_ERROR"},
		"list":                 {"PATCH", upsert, records(item("a", `,"CRF_Product_Tags__c":["a"]`)), 400, "JSON_PARSER_ERROR"},
		"no JSON":              {"PATCH", upsert, "{", 400, "JSON_PARSER_ERROR"},
		"key in the body":      {"PATCH", single + "a", `{"CRF_Lead_Id__c":"a","LastName":"L","Company":"C"}`, 400, "INVALID_FIELD"},
		"retired version":      {"GET", "/services/data/v30.0/limits", "", 410, "UNSUPPORTED_API_VERSION"},
		"version of tomorrow":  {"GET", "/services/data/v99.0/limits", "", 404, "NOT_FOUND"},
		"unknown resource":     {"GET", base + "/nope", "", 404, "NOT_FOUND"},
		"wrong method":         {"DELETE", upsert, "", 405, "METHOD_NOT_ALLOWED"},
		"update only, absent":  {"PATCH", single + "nobody?updateOnly=true", `{"LastName":"L"}`, 404, "NOT_FOUND"},
		"query without WHERE":  {"GET", base + "/query?q=SELECT+Id+FROM+Lead", "", 400, "MALFORMED_QUERY"},
		"query, open text":     {"GET", base + "/query?q=" + url.QueryEscape("SELECT Id FROM Lead WHERE Email = 'a"), "", 400, "MALFORMED_QUERY"},
		"query, unknown field": {"GET", base + "/query?q=" + url.QueryEscape("SELECT Nope FROM Lead WHERE Email = 'a'"), "", 400, "INVALID_FIELD"},
		"query, long text":     {"GET", base + "/query?q=" + url.QueryEscape("SELECT Id FROM Lead WHERE Description = 'a'"), "", 400, "INVALID_FIELD"},
		"query too long":       {"GET", base + "/query?q=" + strings.Repeat("x", 17000), "", 414, "URI_TOO_LONG"},
	} {
		caller := newCaller(t, sim.Options{})
		if status, body := caller.ask(c.method, c.path, c.body); status != c.status || !strings.Contains(body, `"errorCode":"`+c.say) {
			t.Errorf("%s: want %d %s, got %d %s", name, c.status, c.say, status, body)
		}
		if n := len(caller.org.Records("Lead")); n != 0 {
			t.Errorf("%s: %d leads were written", name, n)
		}
	}
}

func TestItemsFailOneByOne(t *testing.T) {
	for code, members := range map[string]string{
		"STRING_TOO_LONG": `,"FirstName":"` + strings.Repeat("x", 41) + `"`, "INVALID_EMAIL_ADDRESS": `,"Email":"nobody"`,
		"REQUIRED_FIELD_MISSING": `,"LastName":null`, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": `,"Status":"Matched"`,
		"NUMBER_OUTSIDE_VALID_RANGE": `,"NumberOfEmployees":100000000`, "INVALID_FIELD_FOR_INSERT_UPDATE": `,"IsConverted":true`,
		"MALFORMED_ID": `,"OwnerId":"Bob Productownerson"`, "INVALID_STATUS": `,"Status":"Closed - Converted"`,
	} {
		c := newCaller(t, sim.Options{})
		status, body := c.ask("PATCH", upsert, records(item("a", ""), item("b", members), item("c", "")))
		if status != 200 || strings.Count(body, `"success":true`) != 2 || !strings.Contains(body, `"statusCode":"`+code+`"`) || len(c.org.Records("Lead")) != 2 {
			t.Errorf("%s: got %d %s", code, status, body)
		}
	}
}

func TestKeyThatStandsTwiceFailsBoth(t *testing.T) {
	c := newCaller(t, sim.Options{})
	_, body := c.ask("PATCH", upsert, records(item("a", ""), item("A", ""), item("b", "")))
	if strings.Count(body, "Duplicate external id specified") != 2 || len(c.org.Records("Lead")) != 1 {
		t.Errorf("got %s", body)
	}
}

func TestAllOrNoneUndoesAll(t *testing.T) {
	c := newCaller(t, sim.Options{})
	c.ask("PATCH", upsert, records(item("a", `,"City":"Duluth"`)))
	body := strings.Replace(records(item("a", `,"City":"Other"`), item("b", ""), item("c", `,"Email":"nobody"`)), "false", "true", 1)
	if _, said := c.ask("PATCH", upsert, body); strings.Count(said, "ALL_OR_NONE_OPERATION_ROLLED_BACK") != 2 {
		t.Errorf("got %s", said)
	}
	if rows := c.org.Records("Lead"); len(rows) != 1 || rows[0]["City"] != "Duluth" {
		t.Errorf("got %v", rows)
	}
}

func TestSingleUpsertTellsWhatItDid(t *testing.T) {
	c := newCaller(t, sim.Options{})
	for _, want := range []int{201, 200} {
		if status, body := c.ask("PATCH", single+"O%27Brien%2F%2B", `{"LastName":"L","Company":"C"}`); status != want || !strings.Contains(body, fmt.Sprintf(`"created":%v`, want == 201)) {
			t.Errorf("want %d, got %d %s", want, status, body)
		}
	}
	if r := c.org.Records("Lead"); len(r) != 1 || r[0]["CRF_Lead_Id__c"] != "O'Brien/+" || r[0]["OwnerId"] != sim.AssignmentQueue {
		t.Errorf("got %v", r)
	}
	c.org.Put("Lead", map[string]any{"CRF_Lead_Id__c": "o'brien/+"})
	if status, body := c.ask("PATCH", single+"O%27Brien%2F%2B", `{"LastName":"M"}`); status != 300 || strings.Count(body, "00Q") != 2 {
		t.Errorf("ambiguous: got %d %s", status, body)
	}
}

func TestLimitsAndSessions(t *testing.T) {
	c := newCaller(t, sim.Options{DailyLimit: 2})
	for _, want := range []int{200, 200, 403} {
		if status, body := c.ask("GET", base+"/limits", ""); status != want {
			t.Errorf("want %d, got %d %s", want, status, body)
		}
	}
	c = newCaller(t, sim.Options{SessionCalls: 1})
	for _, want := range []int{200, 401} {
		if status, _ := c.ask("GET", base+"/limits", ""); status != want {
			t.Errorf("want %d, got %d", want, status)
		}
	}
	c = newCaller(t, sim.Options{})
	c.header.Set("Content-Type", "text/plain")
	if status, _ := c.ask("PATCH", upsert, records(item("a", ""))); status != 415 {
		t.Errorf("got %d", status)
	}
	c.header = http.Header{"Content-Type": {"application/json"}, "Sforce-Auto-Assign": {"maybe"}}
	if status, _ := c.ask("PATCH", upsert, records(item("a", ""))); status != 400 {
		t.Errorf("got %d", status)
	}
}
