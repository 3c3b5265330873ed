package salesforce_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/crm"
	"leadrelay/internal/crm/crmtest"
	"leadrelay/internal/crm/salesforce"
	"leadrelay/internal/httpclient"
	"leadrelay/internal/lead"
	sim "leadrelay/local/crmsim/salesforce"
)

// world is a driver before a simulated org, with a clock of its own.
type world struct {
	*testing.T
	org *sim.Org
	crm *salesforce.CRM
	url string

	mu sync.Mutex
	at time.Time
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

func newWorld(t *testing.T, o sim.Options, settings ...string) *world {
	t.Helper()
	w := &world{T: t, at: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
	o.Now = w.now
	w.org = sim.New(o)
	server := httptest.NewServer(w.org)
	t.Cleanup(server.Close)
	w.url = server.URL
	w.crm = w.open(settings...)
	return w
}

// open makes another driver of the same org; settings are "NAME=value" and replace what a plain driver has.
func (w *world) open(settings ...string) *salesforce.CRM {
	w.Helper()
	plain := []string{"URL=" + w.url, "CLIENT_ID=" + sim.DefaultClientID, "CLIENT_SECRET=" + sim.DefaultClientSecret}
	c, err := open(w.now, append(plain, settings...)...)
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// open reads settings of the CRM main; a later one replaces an earlier one, an empty one takes it away.
func open(now func() time.Time, settings ...string) (*salesforce.CRM, error) {
	last := map[string]string{}
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		last[name] = "CRM_MAIN_" + name + "=" + value
	}
	e := config.New(slices.Collect(maps.Values(last)))
	c := salesforce.Open(e.Instance("CRM", "main"), crm.Options{Client: httpclient.NewClient(httpclient.Options{}), Now: now})
	return c.(*salesforce.CRM), e.Err("CRM_")
}

// upsert is one change that must pass.
func (w *world) upsert(ch crm.Change) crm.Outcome {
	w.Helper()
	out := w.crm.Upsert(w.Context(), []crm.Change{ch})[0]
	if out.Err != nil {
		w.Fatalf("upsert: %v", out.Err)
	}
	return out
}

// refuse is one change that must not pass.
func (w *world) refuse(ch crm.Change, kind lead.Kind) error {
	w.Helper()
	out := w.crm.Upsert(w.Context(), []crm.Change{ch})[0]
	if lead.KindOf(out.Err) != kind || out.Err == nil {
		w.Fatalf("want an error of kind %s, got %v", kind, out.Err)
	}
	return out.Err
}

// only is the one record of an object.
func (w *world) only(object string) map[string]any {
	w.Helper()
	rows := w.org.Records(object)
	if len(rows) != 1 {
		w.Fatalf("want one %s, got %d", object, len(rows))
	}
	return rows[0]
}

// api are the calls that were made but for tokens, as "METHOD path".
func (w *world) api() []string {
	var out []string
	for _, c := range w.org.Calls() {
		if path, ok := strings.CutPrefix(c.Path, "/services/data/v67.0"); ok {
			path, _, _ = strings.Cut(path, "?")
			out = append(out, c.Method+" "+path)
		}
	}
	return out
}

const leadID = "4626a582-afb9-48bf-8d86-87e6fe91a842"

// leadOf is a lead event of CRF Connect with some members of its payload: "a":1,"b":2.
func leadOf(id, members string) crm.Change {
	said := map[string]any{"id": id, "status": "Matched", "state": "Submitted", "nameOfBusiness": "Some Company LLC.", "lastName": "Lastnameson", "email": "bob@example.com"}
	if err := json.Unmarshal([]byte("{"+members+"}"), &said); err != nil {
		panic(err) // the tests write JSON
	}
	payload, err := json.Marshal(said)
	if err != nil {
		panic(err)
	}
	return crm.Change{
		Event:   lead.Event{Type: "crf.lead", Key: []string{id, members}, Versioned: true, Lead: lead.Lead{Partner: "crf", ID: id, Stage: lead.Open}},
		Version: lead.Version{Time: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)}, Payload: payload,
	}
}

// eventOf is what Credzu says about a lead of ours.
func eventOf(id, word string, at time.Time) crm.Change {
	return crm.Change{
		Event: lead.Event{Type: "credzu." + word, Key: []string{id, word, at.String()}, About: lead.Activity, Occurred: at, Priority: lead.High,
			Lead: lead.Lead{Partner: "credzu", ID: "44921", Ref: id}},
		Version: lead.Version{Time: at}, Payload: fmt.Appendf(nil, `{"event":%q,"lead_id":44921,"partner_lead_id":%q,"details":{"n":1}}`, word, id),
	}
}

func noon() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

func TestSalesforceKeepsThePromises(t *testing.T) {
	var mu sync.Mutex
	worlds := map[crm.CRM]*world{}
	crmtest.Run(t, crmtest.Harness{
		Open: func(t *testing.T) crm.CRM {
			w := newWorld(t, sim.Options{})
			mu.Lock()
			defer mu.Unlock()
			worlds[w.crm] = w
			return w.crm
		},
		Down: func(t *testing.T) crm.CRM {
			w := newWorld(t, sim.Options{})
			w.org.Script(sim.Fault{Path: "/services", Status: 503, Body: "<h1>Down for bob@example.com</h1>", Times: 1000})
			return w.crm
		},
		Records: func(t *testing.T, c crm.CRM) []crmtest.Record {
			mu.Lock()
			defer mu.Unlock()
			var out []crmtest.Record
			for _, r := range worlds[c].org.Records("Lead") {
				s := func(name string) string { v, _ := r[name].(string); return v }
				_, key, found := strings.Cut(s("CRF_Lead_Id__c"), ".")
				if !found {
					key = s("CRF_Lead_Id__c")
				}
				out = append(out, crmtest.Record{Partner: s("CRF_Partner__c"), ID: plain(t, key), Email: s("Email"), City: s("City"), Status: s("CRF_Status__c"), LastEvent: s("CRF_Last_Event__c")})
			}
			return out
		},
		Secrets: []string{sim.DefaultClientSecret, "00Dsim"},
		Blind:   true, // the API does not tell whether an update changed anything; the drain knows by the content's hash
	})
}

// plain is the id that mapping.Key wrote.
func plain(t *testing.T, key string) string {
	t.Helper()
	var b strings.Builder
	for i := 0; i < len(key); i++ {
		if key[i] != '_' {
			b.WriteByte(key[i])
			continue
		}
		c, err := hex.DecodeString(key[i+1 : i+3])
		if err != nil {
			t.Fatal(err)
		}
		b.Write(c)
		i += 2
	}
	return b.String()
}
