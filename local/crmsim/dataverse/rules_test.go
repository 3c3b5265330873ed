package dataverse

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// ask sends one call with the headers that every call has; header is "Name: value" lines, "-Name" takes one away.
func ask(t *testing.T, url, method, path, body string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range append([]string{"Accept: application/json", "OData-Version: 4.0", "OData-MaxVersion: 4.0", "Authorization: Bearer any", "Content-Type: application/json"}, header...) {
		if name, ok := strings.CutPrefix(h, "-"); ok {
			r.Header.Del(name)
			continue
		}
		name, v, _ := strings.Cut(h, ": ")
		r.Header.Set(name, v)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

const (
	known   = Base + "leads(crf_leadid='known')"
	unknown = Base + "leads(crf_leadid='unknown')"
	someID  = "99999999-2222-4333-8444-555555555555"
)

// start is an organisation with the lead "known".
func start(t *testing.T, o Options) (*Server, string) {
	t.Helper()
	s := New(o)
	url := s.Start(false)
	t.Cleanup(s.Close)
	if status, text := ask(t, url, "PATCH", known, `{"lastname":"Known","emailaddress1":"known@example.com"}`); status != 204 {
		t.Fatalf("%d %s", status, text)
	}
	return s, url
}

// rule is one call and what the documents say becomes of it.
type rule struct {
	name, method, path, body string
	header                   []string
	status                   int
	says                     string
}

// addressing is §1.2 and §1.3: upserts, conditions and keys.
func addressing() []rule {
	return []rule{
		{"upsert of a new record", "PATCH", unknown, `{}`, nil, 204, ""},
		{"upsert with representation, new", "PATCH", unknown + "?$select=leadid", `{}`, []string{"Prefer: return=representation"}, 201, `"leadid"`},
		{"upsert with representation, known", "PATCH", known + "?$select=leadid", `{}`, []string{"Prefer: return=representation"}, 200, `"leadid"`},
		{"update of a new record", "PATCH", unknown, `{}`, []string{"If-Match: *"}, 404, codeNoKeyRow},
		{"update of a new record by id", "PATCH", Base + "leads(" + someID + ")", `{}`, []string{"If-Match: *"}, 404, codeNoRow},
		{"create of a known record", "PATCH", known, `{}`, []string{"If-None-Match: *"}, 412, "matching key values"},
		{"create of a new record", "PATCH", unknown, `{}`, []string{"If-None-Match: *"}, 204, ""},
		{"another version", "PATCH", known, `{}`, []string{`If-Match: W/"999"`}, 412, codeEtag},
		{"the header that browsers need", "PATCH", known, `{}`, []string{"If-None-Match: null"}, 204, ""},
		{"primary key creates", "PATCH", Base + "leads(" + someID + ")", `{}`, nil, 204, ""},
		{"undeclared key", "PATCH", Base + "leads(emailaddress1='x')", `{}`, nil, 400, codeURL},
		{"key without quotes", "PATCH", Base + "leads(crf_leadid=known)", `{}`, nil, 400, codeURL},
		{"single quote in a key", "PATCH", Base + "leads(crf_leadid='O'Brien')", `{}`, nil, 400, codeURL},
		{"doubled quote in a key", "PATCH", Base + "leads(crf_leadid='O%27%27Brien')", `{}`, nil, 204, ""},
		{"slash in a key", "PATCH", Base + "leads(crf_leadid='a%2Fb')", `{}`, nil, 400, "not supported"},
		{"plus in a key", "PATCH", Base + "leads(crf_leadid='a%2Bb')", `{}`, nil, 400, "not supported"},
		{"colon in a key", "PATCH", Base + "leads(crf_leadid='a:b')", `{}`, nil, 400, "not supported"},
		{"another key in the body", "PATCH", unknown, `{"crf_leadid":"other"}`, nil, 400, "strict"},
		{"unknown set", "PATCH", Base + "lead(crf_leadid='x')", `{}`, nil, 404, codeURL},
	}
}

// contents is §1.4 to §1.8: columns, states, lookups, duplicates, and the calls themselves.
func contents() []rule {
	return []rule{
		{"unknown column", "PATCH", known, `{"nosuch":1}`, nil, 400, codePayload},
		{"unknown column in select", "GET", known + "?$select=nosuch", ``, nil, 400, codeURL},
		{"number for text", "PATCH", known, `{"lastname":1}`, nil, 400, codePayload},
		{"text for number", "PATCH", known, `{"estimatedamount":"1"}`, nil, 400, codePayload},
		{"too long", "PATCH", known, `{"lastname":"` + strings.Repeat("x", 51) + `"}`, nil, 400, codeLong},
		{"too long in UTF-16", "PATCH", known, `{"lastname":"` + strings.Repeat("😀", 26) + `"}`, nil, 400, codeLong},
		{"control character", "PATCH", known, `{"lastname":"\u0000"}`, nil, 400, codePayload},
		{"number out of range", "PATCH", known, `{"numberofemployees":1000001}`, nil, 400, codeInt},
		{"amount out of range", "PATCH", known, `{"estimatedamount":-1}`, nil, 400, codeMoney},
		{"too many decimals", "PATCH", known, `{"address1_latitude":44.9642757}`, nil, 400, "strict"},
		{"choice out of range", "PATCH", known, `{"leadsourcecode":11}`, nil, 400, codeChoice},
		{"local time", "PATCH", known, `{"crf_lasteventat":"2025-01-01T00:00:00"}`, nil, 400, codePayload},
		{"status of a state that a new record has not", "PATCH", unknown, `{"statecode":2,"statuscode":4}`, nil, 400, codeStatus},
		{"status of another state", "PATCH", known, `{"statecode":2,"statuscode":1}`, []string{"If-Match: *"}, 400, codeStatus},
		{"state and status", "PATCH", known, `{"statecode":2,"statuscode":4}`, []string{"If-Match: *"}, 204, ""},
		{"column that is not for create", "PATCH", unknown, `{"createdon":"2025-01-01T00:00:00Z"}`, nil, 204, ""},
		{"bind to nothing", "PATCH", Base + "annotations(" + someID + ")", `{"objectid_lead@odata.bind":"/leads(crf_leadid='unknown')"}`, nil, 404, codeNoKeyRow},
		{"bind by key", "PATCH", Base + "annotations(" + someID + ")", `{"objectid_lead@odata.bind":"/leads(crf_leadid='known')"}`, nil, 204, ""},
		{"bind in other letters", "PATCH", Base + "annotations(" + someID + ")", `{"objectid_Lead@odata.bind":"/leads(crf_leadid='known')"}`, nil, 400, codePayload},
		{"bind to another table", "PATCH", Base + "annotations(" + someID + ")", `{"objectid_lead@odata.bind":"/systemusers(` + UserID + `)"}`, nil, 400, codePayload},
		{"lookup written as a column", "PATCH", Base + "annotations(" + someID + ")", `{"objectid":"` + someID + `"}`, nil, 400, codePayload},
		{"duplicate, rules off", "PATCH", unknown, `{"emailaddress1":"KNOWN@example.com"}`, nil, 204, ""},
		{"duplicate, rules on", "PATCH", unknown, `{"emailaddress1":"KNOWN@example.com"}`, []string{"MSCRM.SuppressDuplicateDetection: false"}, 412, codeDuplicate},
		{"no token", "GET", Base + "WhoAmI", ``, []string{"-Authorization"}, 401, ""},
		{"no OData version", "PATCH", known, `{}`, []string{"-OData-Version"}, 400, "strict"},
		{"no accept", "PATCH", known, `{}`, []string{"-Accept"}, 400, "strict"},
		{"no body", "PATCH", known, ``, nil, 400, codePayload},
		{"no JSON", "PATCH", known, `{`, nil, 400, codePayload},
		{"a name twice", "PATCH", known, `{"lastname":"a","lastname":"b"}`, nil, 400, codePayload},
		{"another content type", "PATCH", known, `{}`, []string{"Content-Type: text/plain"}, 415, ""},
		{"unknown query option", "GET", known + "?$nosuch=1", ``, nil, 400, codeURL},
		{"unknown method", "PUT", known, `{}`, nil, 405, ""},
		{"batch", "POST", Base + "$batch", `{}`, nil, 501, ""},
		{"another version of the API", "GET", "/api/data/v1.0/leads", ``, nil, 404, ""},
		{"delete", "DELETE", known, ``, nil, 204, ""},
		{"delete of nothing", "DELETE", unknown, ``, nil, 404, codeNoKeyRow},
		{"create by POST", "POST", Base + "leads", `{"lastname":"x"}`, nil, 204, ""},
		{"key taken by POST", "POST", Base + "leads", `{"crf_leadid":"KNOWN"}`, nil, 412, codeKeyTaken},
		{"list", "GET", Base + "leads?$select=lastname&$top=1", ``, nil, 200, "Known"},
		{"metadata", "GET", Base + "EntityDefinitions(LogicalName='lead')?$expand=Keys($select=LogicalName)", ``, nil, 200, "crf_leadid_key"},
		{"metadata of nothing", "GET", Base + "EntityDefinitions(LogicalName='nosuch')", ``, nil, 404, ""},
	}
}

func TestOrganisationObeysTheDocuments(t *testing.T) {
	for _, c := range append(addressing(), contents()...) {
		t.Run(c.name, func(t *testing.T) {
			_, url := start(t, Options{})
			status, text := ask(t, url, c.method, c.path, c.body, c.header...)
			if status != c.status || !strings.Contains(text, c.says) {
				t.Errorf("want %d with %q, got %d %s", c.status, c.says, status, text)
			}
		})
	}
}

func TestRefusedWriteChangesNothing(t *testing.T) {
	s, url := start(t, Options{})
	before := s.Records("leads")[0]
	if status, _ := ask(t, url, "PATCH", known, `{"firstname":"New","nosuch":1}`); status != 400 {
		t.Fatalf("want 400, got %d", status)
	}
	if after := s.Records("leads")[0]; after["firstname"] != before["firstname"] {
		t.Error("half of a refused write is there")
	}
}

func TestServiceProtectionCountsFiveMinutes(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	_, url := start(t, Options{Burst: 2, Now: func() time.Time { return now }})
	for _, want := range []int{200, 429, 429} {
		if status, _ := ask(t, url, "GET", known+"?$select=leadid", ""); status != want {
			t.Errorf("want %d, got %d", want, status)
		}
	}
	now = now.Add(5 * time.Minute)
	if status, _ := ask(t, url, "GET", known+"?$select=leadid", ""); status != 200 {
		t.Errorf("after the window: %d", status)
	}
}
