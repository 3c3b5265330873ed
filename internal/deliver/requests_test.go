package deliver_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/oklog/ulid/v2"

	"leadrelay/internal/azure"
	"leadrelay/internal/config"
	"leadrelay/internal/deliver"
	"leadrelay/internal/destination"
	"leadrelay/internal/destination/queue"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner"
	"leadrelay/internal/partner/crf"
	"leadrelay/internal/registry"
	"leadrelay/local/azuresim"
)

// mill is a deployment that delivers to n lenders' queues, all of it by one transport.
type mill struct {
	*deliver.Deliverer
	sim *azuresim.Server
	now time.Time
	n   int
}

// newMill makes one on a simulated account; wrap, which may be nil, stands before it.
func newMill(tb testing.TB, n int, wrap func(http.RoundTripper) http.RoundTripper) *mill {
	tb.Helper()
	m := &mill{now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return m.now }
	m.sim = azuresim.New(azuresim.Options{Now: clock, LogSize: -1})
	tb.Cleanup(m.sim.Close)
	client := &http.Client{Transport: m.sim.Process()}
	if wrap != nil {
		client.Transport = wrap(client.Transport)
	}
	account, err := azure.ConnectAccount(m.sim.ConnectionString(), client)
	must(tb, err)
	names := ledger.Names{Prefix: "leadrelay"}
	must(tb, ledger.Setup(tb.Context(), account, names))
	sealer, err := registry.NewSealer(bytes.Repeat([]byte("k"), 32))
	must(tb, err)
	sign, err := azure.NewSigner(m.sim.ConnectionString())
	must(tb, err)
	m.Deliverer = &deliver.Deliverer{
		Ledger: ledger.New(account, names, ledger.NewHash([]byte("a key")), clock), Intake: ledger.NewIntake(account, names), Now: clock,
		Destinations: registry.New(account.Table(names.Destinations()), sealer, nil, clock), Tally: &ledger.Tally{Table: account.Table(names.State()), Now: clock},
		Partners: map[string]partner.Partner{"crf": crf.Open(config.New([]string{"PARTNER_CRF_SECRET=0123456789abcdef"}).Instance("PARTNER", "crf"), clock)},
		Log:      slog.New(slog.NewJSONHandler(io.Discard, nil)),
		Open: func(d registry.Destination, _ int) (destination.Destination, error) {
			return queue.Open(destination.Options{Address: d.Secrets.Address, Client: client, Now: clock})
		},
	}
	var specs []registry.Spec
	for i := range n {
		name := fmt.Sprintf("leads%d", i)
		_, err := account.Queue(name).Create(tb.Context(), nil)
		must(tb, err)
		specs = append(specs, registry.Spec{Name: name, Lender: "Acme", Kind: "queue", Address: sign.SignQueue(name, "a", m.now.AddDate(0, 0, -1), m.now.AddDate(1, 0, 0))})
	}
	_, err = m.Destinations.Apply(tb.Context(), specs, registry.ApplyOptions{})
	must(tb, err)
	must(tb, m.Deliver(tb.Context(), m.lead(tb, "Matched"))) // what a process does once
	return m
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// lead is the message of a new lead.
func (m *mill) lead(tb testing.TB, status string) []byte {
	m.n++
	return m.version(tb, m.n, status)
}

// version is the message of a version of the n-th lead.
func (m *mill) version(tb testing.TB, n int, status string) []byte {
	tb.Helper()
	m.now = m.now.Add(time.Millisecond)
	id := uuid(n)
	body := bytes.Replace(crf.Sample(), []byte("4626a582-afb9-48bf-8d86-87e6fe91a842"), []byte(id), 1)
	body = bytes.Replace(body, []byte(`"status": "Matched"`), []byte(`"status": "`+status+`"`), 1)
	sum := lead.ContentHash(body)
	content := hex.EncodeToString(sum[:])
	hash := m.Ledger.Hash
	text, err := ledger.Message{Key: hash.Of("event", "crf", id, content), LeadKey: hash.Of("lead", "crf", id), Content: content, Form: hash.Submission("crf", id), Via: "header X-Api-Key",
		Envelope: lead.Envelope{ID: ulid.MustNew(ulid.Timestamp(m.now), rand.Reader).String(), Partner: "crf", Type: "crf.lead", Subject: id, Time: m.now, Data: body}}.Encode()
	must(tb, err)
	return text
}

// TestAFirstLeadMakesTheseRequests guards the README's table of costs, and how long a lead takes. What a process does once
// (the destinations, the row of the day) is not in it, nor what the host does with the intake.
//
// It runs in a bubble of time: every request takes 10 ms, and all lenders but the first one take a little longer, so that
// their outcomes come while the first one's is being written.
func TestAFirstLeadMakesTheseRequests(t *testing.T) {
	const trip = 10 * time.Millisecond
	for _, n := range []int{1, 2, 8, 60} {
		synctest.Test(t, func(t *testing.T) {
			m := newMill(t, n, func(next http.RoundTripper) http.RoundTripper {
				return slow{next, func(r *http.Request) time.Duration {
					if lender := strings.Contains(r.URL.Path, "/leads"); lender && !strings.Contains(r.URL.Path, "/leads0/") {
						return trip + time.Millisecond
					}
					return trip
				}}
			})
			text := m.lead(t, "Matched")
			m.sim.Forget()
			begun := time.Now()
			must(t, m.Deliver(t.Context(), text))
			want, trips := map[string]int{"InsertEntity": 2, "Transaction": 3, "PutMessage": n, "MergeEntity": 2}, 6
			if n == 1 {
				want["MergeEntity"], trips = 1, 5
			}
			if got := m.sim.Counts(); !maps.Equal(got, want) {
				t.Errorf("for %d destinations it makes %v, want %v", n, got, want)
			}
			if took := time.Since(begun); took != time.Duration(trips)*trip {
				t.Errorf("for %d destinations it takes %v, want %d round trips", n, took, trips)
			}
		})
	}
}

// TestOtherMessagesMakeTheseRequests is the same of what is no first lead.
func TestOtherMessagesMakeTheseRequests(t *testing.T) {
	for name, c := range map[string]struct {
		destinations int
		act          func(m *mill) []byte
		want         map[string]int
	}{
		"a first lead for nobody": {0, func(m *mill) []byte { return m.lead(t, "Matched") }, map[string]int{"InsertEntity": 3, "Transaction": 1, "MergeEntity": 1}},
		"an update": {1, func(m *mill) []byte { return m.version(t, 1, "Funded") },
			map[string]int{"InsertEntity": 2, "GetEntity": 2, "Transaction": 4, "PutMessage": 1, "MergeEntity": 1}},
		"a duplicate": {1, func(m *mill) []byte { return m.version(t, 1, "Matched") },
			map[string]int{"InsertEntity": 3, "GetEntity": 2, "Transaction": 1, "MergeEntity": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMill(t, c.destinations, nil)
			text := c.act(m)
			m.sim.Forget()
			must(t, m.Deliver(t.Context(), text))
			if got := m.sim.Counts(); !maps.Equal(got, c.want) {
				t.Errorf("it makes %v, want %v", got, c.want)
			}
		})
	}
}

// slow lets requests take their time.
type slow struct {
	next  http.RoundTripper
	takes func(*http.Request) time.Duration
}

func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(s.takes(r))
	return s.next.RoundTrip(r)
}
