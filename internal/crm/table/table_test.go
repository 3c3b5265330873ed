package table_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/crm"
	"leadrelay/internal/crm/crmtest"
	"leadrelay/internal/crm/table"
	"leadrelay/internal/lead"
	"leadrelay/local/azurite"
)

// server is the one Azurite of this package's tests.
var server *azurite.Server

func TestMain(m *testing.M) {
	s, err := azurite.Start(context.Background(), azurite.Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	server = s
	code := m.Run()
	_ = s.Close()
	os.Exit(code)
}

func account(t *testing.T, connection string) *azure.Account {
	t.Helper()
	a, err := azure.ConnectAccount(connection, azure.NewClient())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// open makes the CRM of a table that does not exist yet.
func open(t *testing.T) *table.CRM {
	t.Helper()
	name := fmt.Sprintf("leads%d", time.Now().UnixNano())
	return table.New(account(t, server.ConnectionString()), name, time.Now)
}

func list(t *testing.T, c *table.CRM) []table.Lead {
	t.Helper()
	var out []table.Lead
	for l, err := range c.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, l)
	}
	return out
}

func TestTableKeepsThePromises(t *testing.T) {
	crmtest.Run(t, crmtest.Harness{
		Open: func(t *testing.T) crm.CRM { return open(t) },
		Down: func(t *testing.T) crm.CRM {
			nobody := "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;QueueEndpoint=http://127.0.0.1:1/a;" +
				"BlobEndpoint=http://127.0.0.1:1/a;TableEndpoint=http://127.0.0.1:1/a;"
			return table.New(account(t, nobody), "leads", time.Now)
		},
		Records: func(t *testing.T, c crm.CRM) []crmtest.Record {
			var out []crmtest.Record
			for _, l := range list(t, c.(*table.CRM)) {
				out = append(out, crmtest.Record{Partner: l.Partner, ID: l.ID, Email: l.Email, City: l.City, Status: l.Status, LastEvent: l.LastEvent})
			}
			return out
		},
		Secrets: []string{azurite.AccountKey},
	})
}

func change(id string, at time.Time, payload string) crm.Change {
	return crm.Change{
		Event: lead.Event{Type: "crf.lead", Lead: lead.Lead{
			Partner: "crf", ID: id, Stage: lead.Open, Amount: "25000.00", FraudScore: "0.15",
			Created: time.Date(2020, 5, 8, 23, 9, 15, 479670100, time.FixedZone("", 3600)),
		}},
		Version: lead.Version{Time: at, Receipt: "01ARZ3NDEKTSV4RRFFQ69G5FAV"}, Payload: []byte(payload),
	}
}

func upsert(t *testing.T, c *table.CRM, ch crm.Change) crm.Result {
	t.Helper()
	out := c.Upsert(t.Context(), []crm.Change{ch})[0]
	if out.Err != nil {
		t.Fatal(out.Err)
	}
	return out.Result
}

func TestColumnsKeepDigitsAndTimes(t *testing.T) {
	c := open(t)
	at := time.Date(2026, 3, 2, 10, 0, 0, 700, time.UTC)
	ch := change("a", at, `{"requestedAmount":25000.00}`)
	upsert(t, c, ch)
	l := list(t, c)[0]
	if l.RequestedAmount != "25000.00" || l.FraudScore != "0.15" || l.Stage != "open" {
		t.Errorf("got amount %q, fraud score %q, stage %q", l.RequestedAmount, l.FraudScore, l.Stage)
	}
	if !l.Created.Equal(ch.Event.Lead.Created) || !l.ReceivedAt.Equal(at) || l.UpdatedAt.IsZero() {
		t.Errorf("got created %s, received %s, updated %s", l.Created, l.ReceivedAt, l.UpdatedAt)
	}
	if l.Receipt != ch.Version.Receipt || l.EventType != "crf.lead" || string(l.Payload) != string(ch.Payload) {
		t.Errorf("got %+v", l)
	}
}

func TestUnknownStageLowersNothing(t *testing.T) {
	c := open(t)
	ch := change("a", time.Now(), `{"status":"Matched"}`)
	upsert(t, c, ch)
	ch.Event.Lead.Stage, ch.Payload = lead.Unknown, []byte(`{"status":"Whatever"}`)
	if r := upsert(t, c, ch); r != crm.Updated {
		t.Errorf("want updated, got %s", r)
	}
	if l := list(t, c)[0]; l.Stage != "open" {
		t.Errorf("want stage open, got %q", l.Stage)
	}
}

func TestPayloadIsKeptWholeWhateverItsLength(t *testing.T) {
	c := open(t)
	for _, n := range []int{2, 40_000, 64 << 10, 64<<10 + 1, 300_000, 640 << 10, 70_000, 1} {
		payload := strings.Repeat("é", n/2) + strings.Repeat("x", n%2)
		upsert(t, c, change("a", time.Now(), payload))
		if got := list(t, c)[0].Payload; !bytes.Equal(got, []byte(payload)) {
			t.Errorf("%d bytes: got %d back", len(payload), len(got))
		}
	}
}

func TestPayloadBeyondARowIsRefused(t *testing.T) {
	c := open(t)
	out := c.Upsert(t.Context(), []crm.Change{change("a", time.Now(), `"`+strings.Repeat("x", 1<<20)+`"`)})[0]
	if lead.KindOf(out.Err) != lead.Refused || !strings.Contains(out.Err.Error(), "larger") {
		t.Errorf("want refused for its size, got %v", out.Err)
	}
}

func TestLongAndForbiddenTextsDoNotRefuseALead(t *testing.T) {
	c := open(t)
	ch := change("a", time.Now(), `{"x":1}`)
	ch.Event.Lead.Business.Name = strings.Repeat("é", 100_000)
	ch.Event.Lead.Purpose = "a\x00b\uFFFEc\n"
	upsert(t, c, ch)
	l := list(t, c)[0]
	if len(l.BusinessName) == 0 || len(l.BusinessName) > 2048 || l.Purpose != "abc\n" {
		t.Errorf("got a name of %d bytes and purpose %q", len(l.BusinessName), l.Purpose)
	}
	if r := upsert(t, c, ch); r != crm.Unchanged {
		t.Errorf("want unchanged, got %s", r)
	}
}

func TestAmountBeyondFloatKeepsItsDigits(t *testing.T) {
	c := open(t)
	ch := change("a", time.Now(), `{"x":1}`)
	ch.Event.Lead.Amount = "1e999"
	ch.Event.Lead.Created = time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC)
	upsert(t, c, ch)
	if l := list(t, c)[0]; l.RequestedAmount != "1e999" {
		t.Errorf("got %q", l.RequestedAmount)
	}
	if r := upsert(t, c, ch); r != crm.Unchanged {
		t.Errorf("want unchanged, got %s", r)
	}
}

func TestWritersOfOneRowSideBySideLoseNothing(t *testing.T) {
	c := open(t)
	upsert(t, c, change("a", time.Now(), `{"n":-1}`))
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			errs[i] = c.Upsert(t.Context(), []crm.Change{change("a", time.Now(), fmt.Sprintf(`{"n":%d}`, i))})[0].Err
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil && lead.KindOf(err) != lead.Unavailable {
			t.Errorf("want unavailable for a lost race, got %v", err)
		}
	}
	if n := len(list(t, c)); n != 1 {
		t.Errorf("want one row, got %d", n)
	}
}

func TestActivityFindsTheLeadThatItsPartnerRefersTo(t *testing.T) {
	c := open(t)
	upsert(t, c, change("4626a582", time.Now(), `{"x":1}`))
	act := crm.Change{Event: lead.Event{
		Type: "credzu.mortgage_ready", About: lead.Activity, Priority: lead.Critical, Occurred: time.Now(),
		Lead: lead.Lead{Partner: "credzu", ID: "44921", Ref: "4626a582"},
	}, Payload: []byte(`{}`)}
	if r := upsert(t, c, act); r != crm.Updated {
		t.Errorf("want updated, got %s", r)
	}
	if l := list(t, c); len(l) != 1 || l[0].LastEvent != "credzu.mortgage_ready" || l[0].Priority != "critical" {
		t.Errorf("got %+v", l)
	}

	other := change("4626a582", time.Now(), `{"x":1}`)
	other.Event.Lead.Partner = "other"
	upsert(t, c, other)
	act.Event.Type = "credzu.escrow_funded"
	if out := c.Upsert(t.Context(), []crm.Change{act})[0]; !errors.Is(out.Err, crm.ErrNoLead) {
		t.Errorf("want ErrNoLead when two leads bear the id, got %v", out.Err)
	}
}

func TestLateActivityDoesNotUndoANewerOne(t *testing.T) {
	c := open(t)
	upsert(t, c, change("a", time.Now(), `{"x":1}`))
	act := func(word string, at time.Time) crm.Change {
		return crm.Change{Event: lead.Event{Type: word, About: lead.Activity, Occurred: at, Lead: lead.Lead{Partner: "crf", ID: "a"}}, Payload: []byte(`{}`)}
	}
	now := time.Now()
	upsert(t, c, act("newer", now))
	if r := upsert(t, c, act("older", now.Add(-time.Minute))); r != crm.Unchanged {
		t.Errorf("want unchanged, got %s", r)
	}
	if l := list(t, c)[0]; l.LastEvent != "newer" {
		t.Errorf("want the newer event, got %q", l.LastEvent)
	}
}

func TestListWalksEveryPage(t *testing.T) {
	c := open(t)
	changes := make([]crm.Change, 1100) // a page has 1,000 rows
	for i := range changes {
		changes[i] = change(fmt.Sprint(i), time.Now(), `{"x":1}`)
	}
	for _, o := range c.Upsert(t.Context(), changes) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
	}
	if n := len(list(t, c)); n != 1100 {
		t.Errorf("want 1100 leads, got %d", n)
	}
	for range c.List(t.Context()) {
		break
	}
}

func TestKeysGoBackAndForth(t *testing.T) {
	for _, id := range []string{"plain-1", "a/b", "^", "^2F", "é\x00\xff", `\#?'"%`, ""} {
		key := table.Key(id)
		if strings.ContainsAny(key, "/\\#?'\"%\x00") {
			t.Errorf("key %q of %q", key, id)
		}
		if back, err := table.ID(key); back != id || err != nil {
			t.Errorf("%q came back as %q, %v", id, back, err)
		}
	}
	for _, key := range []string{"^", "^2", "^zz", "a^2f"} {
		if id, err := table.ID(key); err == nil {
			t.Errorf("%q is no key of ours, but came back as %q", key, id)
		}
	}
}
