package crash

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"leadrelay/internal/config"
	"leadrelay/internal/crm"
	dataversecrm "leadrelay/internal/crm/dataverse"
	salesforcecrm "leadrelay/internal/crm/salesforce"
	"leadrelay/internal/httpclient"
	"leadrelay/internal/inbox"
	vocabulary "leadrelay/internal/lead"
	"leadrelay/internal/partner/credzu"
	"leadrelay/local/azuresim"
	"leadrelay/local/crmsim/dataverse"
	"leadrelay/local/crmsim/salesforce"
)

// org is a CRM with what is looked at in the end.
type org struct {
	open   func(now func() time.Time) crm.CRM // anew for each life of the program
	faults func(r *rand.Rand)                 // breaks the next calls
	state  func() map[string]string           // of every record, less what a run cannot choose: ids and times of the CRM's own
}

func orgs(h *house) map[string]func() org {
	return map[string]func() org{
		"leads table": func() org {
			return org{open: func(func() time.Time) crm.CRM { return h.life.lane.CRM }, faults: func(*rand.Rand) {}, state: h.tableState}
		},
		"dataverse":  func() org { return dataverseOrg(h) },
		"salesforce": func() org { return salesforceOrg(h) },
	}
}

func (h *house) tableState() map[string]string {
	out := map[string]string{}
	for _, r := range h.sim.Table(h.names.Leads()).Rows() {
		out[r.PartitionKey+"/"+r.RowKey] = fmt.Sprint(r.Properties["status"], r.Properties["lastEvent"])
	}
	return out
}

func dataverseOrg(h *house) org {
	sim := dataverse.New(dataverse.Options{Token: "token"})
	url, err := sim.StartAt("127.0.0.1:0")
	must(h.T, err)
	h.Cleanup(sim.Close)
	return org{
		open: func(now func() time.Time) crm.CRM {
			env := config.New([]string{"CRM_X_URL=" + url, "CRM_X_TOKEN=token"})
			c := dataversecrm.Open(env.Instance("CRM", "x"), crm.Options{Client: httpclient.NewClient(httpclient.Options{}), Now: now})
			must(h.T, env.Err())
			return c
		},
		faults: func(r *rand.Rand) {
			f := dataverse.Fault{Path: "leads", Skip: r.IntN(20), Times: 1 + r.IntN(3)}
			switch r.IntN(6) {
			case 0:
				f.Status, f.Code, f.RetryAfter = 429, "0x80072322", "30"
			case 1:
				f.Status, f.Text = 502, "<html>bad gateway</html>"
			case 2:
				f.DropAfter = true
			case 3:
				f.Drop = true
			case 4:
				f.Cut = true
			case 5:
				f.Status = 401
			}
			sim.Script(f)
		},
		state: func() map[string]string {
			out := map[string]string{}
			for _, set := range []string{"leads", "annotations"} {
				for _, r := range sim.Records(set) {
					for _, own := range []string{"leadid", "objectid", "createdon", "modifiedon"} { // the CRM chooses them
						delete(r, own)
					}
					out[set+"/"+r["crf_leadid"]+r["annotationid"]] = fmt.Sprint(r)
				}
			}
			return out
		},
	}
}

func salesforceOrg(h *house) org {
	sim := salesforce.New(salesforce.Options{})
	server := httptest.NewServer(sim)
	h.Cleanup(server.Close)
	return org{
		open: func(now func() time.Time) crm.CRM {
			env := config.New([]string{"CRM_X_URL=" + server.URL, "CRM_X_CLIENT_ID=" + salesforce.DefaultClientID, "CRM_X_CLIENT_SECRET=" + salesforce.DefaultClientSecret})
			c := salesforcecrm.Open(env.Instance("CRM", "x"), crm.Options{Client: httpclient.NewClient(httpclient.Options{}), Now: now})
			must(h.T, env.Err())
			return c
		},
		faults: func(r *rand.Rand) {
			f := salesforce.Fault{Times: 1 + r.IntN(2)}
			switch r.IntN(6) {
			case 0:
				f.Status, f.Code = 403, "REQUEST_LIMIT_EXCEEDED"
			case 1:
				f.Status, f.Body = 502, "<html>bad gateway</html>"
			case 2:
				f.DropAfter = true
			case 3:
				f.DropBefore = true
			case 4:
				f.Truncate = true
			case 5:
				f.Status, f.Code = 401, "INVALID_SESSION_ID"
			}
			sim.Script(f)
		},
		state: func() map[string]string {
			out := map[string]string{}
			for _, object := range []string{"Lead", "CRF_Event__c"} {
				for _, r := range sim.Records(object) {
					key := fmt.Sprint(object, "/", r["CRF_Lead_Id__c"], r["CRF_Event_Key__c"])
					delete(r, "Id")
					delete(r, "CRF_Lead__c") // an id of the CRM's own
					out[key] = fmt.Sprint(r)
				}
			}
			return out
		},
	}
}

// mixed are n messages as a lender's queue holds them: new leads, updates out of order, duplicates, events before their
// lead, bare and in our envelope, base64 and plain, and junk, which is counted.
func mixed(n int, start time.Time) (texts []string, junk int) {
	r := rand.New(rand.NewPCG(7, 7))
	for len(texts) < n {
		id := fmt.Sprintf("00000000-0000-4000-8000-%012d", len(texts))
		var group []string
		for v, status := range []string{"Matched", "Contacted", "Disqualified", "Withdrawn"}[:1+r.IntN(4)] {
			body := leadBody(id, status)
			if v == 0 && r.IntN(4) == 0 {
				group = append(group, wrap(r, body)) // bare, once: its version is when it was put there
				continue
			}
			group = append(group, wrap(r, envelope("crf", "crf.lead", id, start.Add(time.Duration(len(texts)+v*100)*time.Second), body)))
		}
		if r.IntN(3) == 0 {
			body := fmt.Sprintf(`{"event":"contract_signed","timestamp":"2026-01-22T17:38:12Z","lead_id":%d,"partner_lead_id":%q,"details":{}}`, len(texts)+1, id)
			group = append(group, wrap(r, envelope("credzu", "credzu.contract_signed", fmt.Sprint(len(texts)+1), start, []byte(body))))
		}
		if r.IntN(3) == 0 {
			group = append(group, group[len(group)-1])
		}
		if r.IntN(40) == 0 || len(texts) == 0 {
			group, junk = append(group, []string{"hello", "{", `{"id":7}`}[r.IntN(3)]), junk+1
		}
		r.Shuffle(len(group), func(i, j int) { group[i], group[j] = group[j], group[i] })
		texts = append(texts, group...)
	}
	return texts, junk
}

func wrap(r *rand.Rand, b []byte) string {
	if r.IntN(2) == 0 {
		return string(b)
	}
	return base64.StdEncoding.EncodeToString(b)
}

func envelope(partner, kind, subject string, at time.Time, data []byte) []byte {
	e := vocabulary.Envelope{ID: fmt.Sprintf("01M%023d", at.UnixNano()%1e18), Partner: partner, Type: kind, Subject: subject, Time: at, Data: data}
	return e.AppendJSON(nil)
}

// buried counts what a drain puts away.
type buried map[string]string

func (b buried) Keep(_ context.Context, _ string, m inbox.Message, reason string) error {
	if reason == "" {
		return errors.New("buried without a reason")
	}
	b[m.ID] = reason
	return nil
}

func TestTwoThousandMixedMessagesEndAlikeWithAndWithoutFaults(t *testing.T) {
	n := 2000
	if testing.Short() {
		n = 200
	}
	for _, name := range []string{"leads table", "dataverse", "salesforce"} {
		t.Run(name, func(t *testing.T) {
			calm, junk := drainAll(t, name, n, nil)
			stormy, _ := drainAll(t, name, n, rand.New(rand.NewPCG(1, 2)))
			if len(calm) == 0 || junk == 0 {
				t.Fatalf("%d records, %d pieces of junk: the test shows nothing", len(calm), junk)
			}
			for _, key := range slices.Sorted(maps.Keys(calm)) {
				if calm[key] != stormy[key] {
					t.Errorf("%s differs after faults: %s", key, difference(calm[key], stormy[key]))
				}
			}
			if len(stormy) != len(calm) {
				t.Errorf("%d records with faults, %d without", len(stormy), len(calm))
			}
		})
	}
}

// difference is what two records' texts do not share.
func difference(a, b string) string {
	x, y := strings.Fields(a), strings.Fields(b)
	var out []string
	for _, f := range x {
		if !slices.Contains(y, f) {
			out = append(out, "-"+f)
		}
	}
	for _, f := range y {
		if !slices.Contains(x, f) {
			out = append(out, "+"+f)
		}
	}
	return strings.Join(out, " ")
}

// drainAll drains n mixed messages, with faults and kills when r is there, until nothing is left.
func drainAll(t *testing.T, name string, n int, r *rand.Rand) (state map[string]string, junk int) {
	t.Helper()
	h := newHouse(t)
	target := orgs(h)[name]()
	texts, junk := mixed(n, h.now)
	queue := h.theirs().Queue("leads")
	for _, text := range texts {
		if _, err := queue.EnqueueMessage(t.Context(), text, &azqueue.EnqueueMessageOptions{TimeToLive: to.Ptr(int32(-1))}); err != nil {
			t.Fatal(err)
		}
	}
	kept := buried{}
	messages := h.sim.Storage(lender).Queue("leads").Messages
	for run := 0; len(messages()) > 0; run++ {
		if run > 60 {
			t.Fatalf("%d messages are left after %d runs", len(messages()), run)
		}
		if r != nil && run < 12 {
			for range 4 {
				target.faults(r)
			}
			h.crashAt(1+r.IntN(400), azuresim.When(r.IntN(2) == 0))
		}
		h.drainOnce(target, kept)
		h.revive()
		h.now = h.now.Add(70 * time.Minute)
	}
	if len(kept) != junk {
		t.Errorf("%d messages are buried, %d were junk: %v", len(kept), junk, kept)
	}
	return target.state(), junk
}

// drainOnce runs one drain of the lender's queue. Faults and kills may end it.
func (h *house) drainOnce(target org, kept buried) {
	h.life.drain.Partners["credzu"] = credzu.Open(config.New([]string{"PARTNER_CREDZU_TOKEN=0123456789abcdef0123"}).Instance("PARTNER", "credzu"), h.life.drain.Now)
	lane := h.life.lane
	lane.Inbox = h.inbox(kept)
	lane.CRM, lane.CRMName = target.open(h.life.drain.Now), "x"
	_, _ = h.life.drain.Run(h.life.ctx, lane) // what it could not do stays in the queue
}
