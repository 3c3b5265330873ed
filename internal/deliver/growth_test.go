package deliver_test

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/registry"
	"leadrelay/local/azuresim"
)

// meter counts what goes to the storage and comes back, bodies only.
type meter struct {
	mu       sync.Mutex
	next     http.RoundTripper
	requests int
	out, in  int
}

func (m *meter) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		m.add(func() { m.out += len(body) })
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	resp, err := m.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	m.add(func() { m.requests, m.in = m.requests+1, m.in+len(body) })
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, err
}

func (m *meter) add(count func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	count()
}

// cost is what one event takes of the storage.
type cost struct{ requests, out, in int }

func (m *meter) of(event func()) cost {
	m.add(func() { m.requests, m.out, m.in = 0, 0, 0 })
	event()
	return cost{m.requests, m.out, m.in}
}

func newMeteredWorld(t *testing.T, specs ...registry.Spec) (*world, *meter) {
	t.Helper()
	sim := azuresim.New(azuresim.Options{})
	m := &meter{next: sim.Process()}
	account, err := azure.ConnectAccount(sim.ConnectionString(), &http.Client{Transport: m})
	if err != nil {
		t.Fatal(err)
	}
	return newWorldOn(t, account, specs...), m
}

// TestOneEventCostsTheStorageTheSameWithManyDestinations has one destination that matches among 10, 100 and 1,000, some of which ask
// after an event's applicant.
func TestOneEventCostsTheStorageTheSameWithManyDestinations(t *testing.T) {
	var costs []cost
	sizes := []int{10, 100, 1000}
	if testing.Short() {
		sizes = sizes[:2]
	}
	for _, n := range sizes {
		specs := append(many(n-2), spec("to", func(s *registry.Spec) { s.Duplicates = "tag" }),
			spec("other", func(s *registry.Spec) { s.Partners, s.Duplicates = []string{"credzu"}, "drop" }))
		w, meter := newMeteredWorld(t, specs...)
		w.pass(2 * time.Minute)
		w.deliver(w.lead(uuid(1), map[string]any{"duplicateId": "one"})) // reads the destinations
		costs = append(costs, meter.of(func() { w.deliver(w.lead(uuid(2), map[string]any{"duplicateId": "two"})) }))
		if w.got("to") != 2 {
			t.Fatalf("of %d destinations the one that matches got %d", n, w.got("to"))
		}
	}
	t.Logf("requests, bytes out, bytes in: %v", costs)
	for _, c := range costs[1:] {
		if c.requests != costs[0].requests || c.out > costs[0].out+200 || c.in > costs[0].in+200 {
			t.Errorf("it costs %+v, with 10 destinations %+v", c, costs[0])
		}
	}
}

// TestOneEventCostsTheStorageTheSameInALargeLedger has all the events before on the same day, from the same partner.
func TestOneEventCostsTheStorageTheSameInALargeLedger(t *testing.T) {
	w, meter := newMeteredWorld(t, spec("to"))
	one := func(n int) cost { return meter.of(func() { w.deliver(w.lead(uuid(n), nil)) }) }
	first := one(1)
	for n := range 10 {
		one(n + 2)
	}
	few := one(100)
	for n := range 300 {
		one(n + 1000)
	}
	if many := one(5000); many.requests != few.requests || many.out > few.out+20 || many.in > few.in+20 {
		t.Errorf("it costs %+v, with ten events in the ledger %+v, at first %+v", many, few, first)
	}
}

// TestNobodyIsAskedForAnApplicantWhoNobodyAsksAfter compares an event with and without a duplicate id.
func TestNobodyIsAskedForAnApplicantWhoNobodyAsksAfter(t *testing.T) {
	w, meter := newMeteredWorld(t, spec("to")) // one: of several, the outcomes go together as they come
	w.deliver(w.lead(uuid(1), nil))
	without := meter.of(func() { w.deliver(w.lead(uuid(2), nil)) })
	with := meter.of(func() { w.deliver(w.lead(uuid(3), map[string]any{"duplicateId": "a-person"})) })
	if with.requests != without.requests {
		t.Errorf("%d requests, without a duplicate id %d", with.requests, without.requests)
	}
}
