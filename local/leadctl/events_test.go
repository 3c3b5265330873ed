package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner/crf"
	"leadrelay/local/azuresim"
)

// newBooks is a deployment on a simulated account that the commands find by their environment.
func newBooks(t *testing.T) (*azuresim.Server, *ledger.Ledger) {
	t.Helper()
	sim := azuresim.New(azuresim.Options{})
	if err := sim.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)
	key := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	for name, value := range map[string]string{"AzureWebJobsStorage": sim.ConnectionString(), "LEADRELAY_HASH_KEY": key, "LEADRELAY_SEAL_KEY": key} {
		t.Setenv(name, value)
	}
	b, err := (&storageFlag{}).backend()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Setup(t.Context()); err != nil {
		t.Fatal(err)
	}
	return sim, b.Ledger
}

// come opens the document's sample lead as the ledger's flow does; it matches nobody.
func come(t *testing.T, l *ledger.Ledger, receipt string) {
	t.Helper()
	m := ledger.Seal(l.Hash, lead.Envelope{ID: receipt, Partner: "crf", Time: time.Now().UTC().Truncate(time.Millisecond), Data: crf.Sample()},
		lead.Event{Type: "crf.lead", Key: []string{crfSampleID}, Lead: lead.Lead{Partner: "crf", ID: crfSampleID}})
	a, err := l.Arrive(t.Context(), &m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Open(t.Context(), a, nil, &ledger.Passed{Count: 1, Kept: []ledger.Decision{{Destination: "acme", Why: ledger.WhyFilter}}}); err != nil {
		t.Fatal(err)
	}
}

func TestEventsAreListedShownMaskedAndErased(t *testing.T) {
	_, l := newBooks(t)
	receipt := ulidNow()
	come(t, l, receipt)
	for _, c := range []struct {
		args       string
		want, hide []string
	}{
		{"events list", []string{receipt, "unmatched", crfSampleID}, nil},
		{"events list --lead " + crfSampleID + " --partner crf", []string{receipt}, nil},
		{"events list --state dead --since 2d", []string{"no events"}, []string{receipt}},
		{"events show " + receipt, []string{"not to acme: the filter says no", "Matched", "[hidden]"}, []string{"127.0.0.1"}},
		{"events show --reveal --by ann --why audit " + receipt, []string{"127.0.0.1", "revealed by ann: audit"}, nil},
		{"events replay --state unmatched --to nobody --dry-run", nil, nil},
		{"books", []string{"crf", "intake 0"}, nil},
		{"events erase --lead " + crfSampleID + " --yes --by ann", []string{"erased 1 events", "no lender was sent anything"}, nil},
		{"events show " + receipt, []string{"the payload was erased", "erased by ann"}, []string{crfSampleID}},
	} {
		out, err := leadctl(t, "", strings.Fields(c.args)...)
		if (err != nil) != (c.want == nil) {
			t.Errorf("%s: %v\n%s", c.args, err, out)
		}
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s does not say %q:\n%s", c.args, want, out)
			}
		}
		for _, hide := range c.hide {
			if strings.Contains(out, hide) {
				t.Errorf("%s says %q:\n%s", c.args, hide, out)
			}
		}
	}
}

func TestEventsTellScriptsOneObjectALine(t *testing.T) {
	_, l := newBooks(t)
	for range 3 {
		come(t, l, ulidNow())
	}
	out, err := leadctl(t, "", "events", "list", "--json", "--limit", "1", "--state", "unmatched")
	var line struct{ Receipt, Partner, State string }
	if err != nil || json.Unmarshal([]byte(strings.SplitN(out, "\n", 2)[0]), &line) != nil || line.State != "unmatched" || line.Partner != "crf" {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err = leadctl(t, "", "events", "show", "--json", line.Receipt); err != nil || !json.Valid([]byte(out)) || strings.Count(out, "\n") != 1 {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err = leadctl(t, "", "books", "--json"); err != nil || strings.Count(out, "\n") != 2 || !strings.Contains(out, `"duplicates":2`) || !strings.Contains(out, `"difference":0`) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestBooksThatDoNotBalanceAreAnErrorLineAndAnError(t *testing.T) {
	sim, l := newBooks(t)
	l.Now = func() time.Time { return time.Now().Add(-time.Hour) }
	m := ledger.Seal(l.Hash, lead.Envelope{ID: ulidNow(), Partner: "crf", Time: time.Now().Add(-time.Hour), Data: []byte("{}")}, lead.Event{Type: "crf.lead", Key: []string{"x"}})
	sim.Inject(azuresim.Fault{Op: "InsertEntity", Resource: "leadrelayledger", Effect: azuresim.Answer(http.StatusInternalServerError, "InternalError")})
	a, err := l.Arrive(t.Context(), &m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Open(t.Context(), a, nil, nil); err == nil {
		t.Fatal("the event was inserted")
	}
	sim.Heal()
	out, err := leadctl(t, "", "books", "--days", "2")
	if err == nil || !strings.Contains(err.Error(), "do not balance") || !strings.Contains(out, "difference: ") || !strings.Contains(out, m.Envelope.ID) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestEventsRefusesWhatCannotWork(t *testing.T) {
	newBooks(t)
	for _, args := range []string{"events list --state odd", "events list --since never", "events list --limit 0", "events show", "events show nonsense",
		"events replay", "events replay --state dead --rate 0", "events replay --resume nothing", "events erase --lead x", "events release 01KAJ3D4T0XQ2Z8J5V9W7M6N1B",
		"books --day today", "events list --next nonsense"} {
		if out, err := leadctl(t, "", strings.Fields(args)...); err == nil {
			t.Errorf("%s passes:\n%s", args, out)
		}
	}
}

func TestWhenReadsTimesAndHowLongAgo(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{"": {}, "2h": now.Add(-2 * time.Hour), "3d": now.AddDate(0, 0, -3), "2026-11-20": now.AddDate(0, 0, -1).Add(-12 * time.Hour),
		"2026-11-21T12:00:00Z": now} {
		if got, err := when(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q is %v %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"x", "-2h", "-1d", "2026-13-01", "d"} {
		if _, err := when(text, now); err == nil {
			t.Errorf("%q is a time", text)
		}
	}
}

func ulidNow() string { return ulid.Make().String() }

func TestReasonsOfManyDestinationsAreCounted(t *testing.T) {
	passed := []ledger.Decision{{Name: "acme", Why: ledger.WhyPartner}}
	for i := range 30 {
		passed = append(passed, ledger.Decision{Name: fmt.Sprintf("lender-%d", i), Why: ledger.WhyFilter, Derived: true})
	}
	var out strings.Builder
	showPassed(&out, passed)
	for _, want := range []string{"not to acme: not one of its partners\n", "not to 30 destinations (lender-0, lender-1, lender-2, …; --json names them): the filter says no\n", "judged again now"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "lender-3") {
		t.Errorf("it names them all:\n%s", out.String())
	}
}
