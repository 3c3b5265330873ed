package dataverse_test

import (
	"strings"
	"sync"
	"testing"

	"leadrelay/internal/crm"
	"leadrelay/internal/crm/crmtest"
	"leadrelay/internal/crm/dataverse"
	"leadrelay/internal/mapping"
	sim "leadrelay/local/crmsim/dataverse"
)

func TestConformance(t *testing.T) {
	conform(t, defaultMap(t), func(t *testing.T, r map[string]string) (string, string) { return keyParts(t, r["crf_leadid"]) }, false)
}

// TestConformanceWithoutAnAlternateKey is the suite in an organisation that has no key: the record's id is the lead's.
func TestConformanceWithoutAnAlternateKey(t *testing.T) {
	text, err := mapping.Default("dataverse")
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), "key: {field: crf_leadid, plain: crf}", "key: {primary: true, plain: crf}", 1)
	changed = strings.Replace(changed, "crf_partner: {path: lead.partner, max: 100}", "crf_partner: {path: lead.partner, max: 100}\n      crf_clientreferenceid: {path: lead.id, max: 100}", 1)
	m, err := mapping.Parse([]byte(changed))
	if err != nil {
		t.Fatal(err)
	}
	conform(t, m, func(_ *testing.T, r map[string]string) (string, string) {
		return r["crf_partner"], r["crf_clientreferenceid"]
	}, true)
}

// conform runs the family's suite; who tells a record's partner and id. noStrange: the columns that tell cannot hold
// every id.
func conform(t *testing.T, m *mapping.Mapping, who func(*testing.T, map[string]string) (string, string), noStrange bool) {
	var mu sync.Mutex
	worlds := map[crm.CRM]*world{}
	open := func(t *testing.T) *world {
		w := newWorld(t, func(_ *sim.Options, c *dataverse.Config) { c.Mapping = m })
		if m.KeyField() == "" {
			w.org.SetKeyStatus("leads", "")
		}
		mu.Lock()
		defer mu.Unlock()
		worlds[w.crm] = w
		return w
	}
	crmtest.Run(t, crmtest.Harness{
		Open: func(t *testing.T) crm.CRM { return open(t).crm },
		Down: func(t *testing.T) crm.CRM {
			w := open(t)
			w.org.Script(sim.Fault{Status: 503, Times: 1000})
			return w.crm
		},
		Records: func(t *testing.T, c crm.CRM) []crmtest.Record {
			mu.Lock()
			defer mu.Unlock()
			var out []crmtest.Record
			for _, r := range worlds[c].org.Records("leads") {
				one := crmtest.Record{Email: r["emailaddress1"], City: r["address1_city"], Status: r["crf_status"], LastEvent: r["crf_lastevent"]}
				one.Partner, one.ID = who(t, r)
				out = append(out, one)
			}
			return out
		},
		Secrets:       []string{bearer},
		Blind:         true,
		NoStrangeKeys: noStrange,
	})
}
