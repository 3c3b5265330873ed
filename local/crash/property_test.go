package crash

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
	"leadrelay/local/azuresim"
)

// model is what must come of a random history: which contents of which lead were accepted, in order.
type model struct {
	accepted map[string][]string // statuses by lead id, as they were accepted; equal neighbours are one
	lost     int                 // sends whose answer got lost or whose program was killed: each may be repeated
}

// TestRandomHistoriesEndAsTheModelSays drives random events, duplicates, faults, kills, sweeps, edits of destinations and
// clock moves. In the end everything is repaired, and every accepted event must be delivered to every destination that
// it was meant for, to no other, and the ledger must tell what the destinations really hold.
func TestRandomHistoriesEndAsTheModelSays(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 8
	}
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			h := newHouse(t)
			m := &model{accepted: map[string][]string{}}
			r := rand.New(rand.NewPCG(seed, 1))
			for range 60 {
				h.step(r, m)
			}
			h.sim.Heal()
			h.sim.CrashAt(0, azuresim.Before, nil)
			h.revive()
			h.decide("queue", registry.Active)
			h.decide("blob", registry.Active)
			h.settle()
			h.compare(m)
		})
	}
}

// step is one random thing that happens.
func (h *house) step(r *rand.Rand, m *model) {
	h.Helper()
	switch n := r.IntN(100); {
	case n < 35:
		id := fmt.Sprintf("00000000-0000-4000-8000-%012d", r.IntN(4))
		status := []string{"Matched", "Reviewed", "Funded"}[r.IntN(3)]
		h.post(leadBody(id, status))
		if said := m.accepted[id]; len(said) == 0 || said[len(said)-1] != status {
			m.accepted[id] = append(said, status)
		}
		h.now = h.now.Add(time.Duration(r.IntN(20)) * time.Second)
	case n < 60:
		h.trigger()
	case n < 70:
		_ = h.trySweep() // the faults may make it fail; the next one goes on
	case n < 80:
		h.now = h.now.Add(time.Duration(r.IntN(120)) * time.Minute)
	case n < 88:
		h.fault(r, m)
	case n < 92:
		h.sim.Heal()
	case n < 96:
		h.crashAt(1+r.IntN(30), azuresim.When(r.IntN(2) == 0))
		m.lost++
	default:
		h.decide([]string{"queue", "blob"}[r.IntN(2)], []registry.State{registry.Active, registry.Paused}[r.IntN(2)])
	}
}

// fault breaks the lender's storage or ours for some requests.
func (h *house) fault(r *rand.Rand, m *model) {
	theirs := func(q azuresim.Request) bool { return q.Account == lender }
	f := azuresim.Fault{Match: theirs, Times: 1 + r.IntN(6)}
	switch r.IntN(6) {
	case 0:
		f.Effect = azuresim.Busy(0)
	case 1:
		f.Effect = azuresim.Refuse()
	case 2:
		f.Effect = azuresim.Expired()
	case 3:
		f.Effect = azuresim.Answer(404, "QueueNotFound")
	case 4:
		f.Effect, f.Apply = azuresim.Reset(), true
		m.lost += f.Times
	case 5: // ours: the intake refuses, the spill takes it
		f.Match, f.Op, f.Effect = func(q azuresim.Request) bool { return q.Account != lender }, "PutMessage", azuresim.Answer(503, "ServerBusy")
	}
	h.sim.Inject(f)
}

// decide pauses or resumes a destination, as a person does.
func (h *house) decide(name string, s registry.State) {
	h.Helper()
	d, err := h.life.registry.Find(h.life.ctx, name)
	if err == nil {
		err = h.life.registry.Want(h.life.ctx, d, s)
	}
	if err != nil && !h.life.dead {
		h.Fatal(err)
	}
	h.revive()
}

// compare holds the end against the model.
func (h *house) compare(m *model) {
	h.Helper()
	delivered := map[string]int{} // d rows by destination id
	for _, row := range h.sim.Table(h.names.Ledger()).Rows() {
		if row.RowKey[0] == 'd' {
			delivered[row.RowKey]++
			if s := ledger.State(fmt.Sprint(row.Properties["State"])); s != ledger.Delivered {
				h.Errorf("a delivery ended %s: %v", s, row.Properties["Reason"])
			}
		}
	}
	for key, s := range h.events() {
		if s != ledger.Delivered {
			h.Errorf("event %s ended %s", key, s)
		}
	}
	queue, container := h.inQueue(""), h.inContainer("")
	for row, n := range delivered {
		if n != container {
			h.Errorf("the ledger says %d deliveries to %s, the container holds %d blobs", n, row, container)
		}
		if queue < n || queue > n+m.lost+h.deaths {
			h.Errorf("the ledger says %d deliveries, the queue holds %d messages; %d sends were doubtful", n, queue, m.lost+h.deaths)
		}
	}
	for id, statuses := range m.accepted {
		for _, status := range statuses {
			if h.inContainer(`"id":"`+id) == 0 || h.holds(id, status) == 0 {
				h.Errorf("lead %s was accepted as %s, and the container has no such version", id, status)
			}
		}
	}
}

// holds counts the blobs of one lead with one status.
func (h *house) holds(id, status string) int {
	n := 0
	for _, b := range h.sim.Storage(lender).Container("leads").Blobs() {
		if text := string(b.Data); strings.Contains(text, `"id":"`+id+`"`) && strings.Contains(text, `"status":"`+status+`"`) {
			n++
		}
	}
	return n
}
