package crash

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/ledger"
	"leadrelay/local/azuresim"
)

const (
	leadA = "00000000-0000-4000-8000-00000000000a"
	leadB = "00000000-0000-4000-8000-00000000000b"
)

// story is one way of an event. Its act runs whole, or is killed once on the way; then everything is settled.
type story struct {
	name string
	// requests is the dry run's count. A smaller one means that the killing reaches less than it did.
	requests int
	before   func(h *house) // is not killed
	act      func(h *house)
	// queue and container say how often what must lie with the lender in the end. One more message may be the doubtful send.
	queue, container map[string]int
	leads            int // rows of the leads table; 0: not drained
}

func stories() []story {
	one := map[string]int{leadA: 1}
	post := func(id, status string) func(*house) { return func(h *house) { h.post(leadBody(id, status)) } }
	return []story{
		{name: "receive, deliver", requests: 15, act: func(h *house) { post(leadA, "Matched")(h); h.trigger() }, queue: one, container: one},
		{name: "duplicate", requests: 11, before: func(h *house) { post(leadA, "Matched")(h); h.trigger() },
			act: func(h *house) { post(leadA, "Matched")(h); h.trigger() }, queue: one, container: one},
		{name: "update and back", requests: 50, before: post(leadA, "Matched"), act: func(h *house) {
			h.trigger()
			for _, status := range []string{"Funded", "Matched"} {
				h.now = h.now.Add(time.Hour)
				h.post(leadBody(leadA, status))
				h.trigger()
			}
		}, queue: map[string]int{leadA: 3}, container: map[string]int{leadA: 3}},
		{name: "large lead", requests: 16, act: func(h *house) { h.post(large(leadA)); h.trigger() }, queue: map[string]int{leadA: 0}, container: one},
		{name: "busy lender", requests: 53, before: func(h *house) {
			h.sim.Inject(azuresim.Fault{Op: "PutMessage", Resource: "leads", Times: 2, Effect: azuresim.Busy(0)})
			h.post(leadBody(leadA, "Matched"))
		}, act: func(h *house) {
			h.trigger()
			h.now = h.now.Add(10 * time.Second)
			h.trigger()
			h.now = h.now.Add(time.Minute)
			h.trigger()
		}, queue: one, container: one},
		{name: "expired SAS, held, repaired", requests: 114, before: func(h *house) {
			h.sim.Inject(azuresim.Fault{Op: "PutMessage", Resource: "leads", Times: 2, Effect: azuresim.Expired()})
			h.post(leadBody(leadA, "Matched"))
			h.now = h.now.Add(time.Second)
			h.post(leadBody(leadB, "Matched"))
		}, act: func(h *house) {
			h.trigger()
			for range 3 { // probed in vain, probed, released
				h.now = h.now.Add(3 * time.Minute)
				h.sweeps()
				h.trigger()
			}
		}, queue: map[string]int{leadA: 1, leadB: 1}, container: map[string]int{leadA: 1, leadB: 1}},
		{name: "spilled", requests: 31, before: func(h *house) {
			down := h.sim.Inject(azuresim.Fault{Op: "PutMessage", Effect: azuresim.Refuse()})
			h.post(leadBody(leadA, "Matched"))
			down.Remove()
		}, act: func(h *house) { h.sweeps(); h.trigger() }, queue: one, container: one},
		{name: "poisoned", requests: 31, before: func(h *house) {
			h.post(leadBody(leadA, "Matched"))
			h.poison()
		}, act: func(h *house) { h.sweeps(); h.now = h.now.Add(2 * time.Minute); h.trigger() }, queue: one, container: one},
		{name: "retention", requests: 5, before: func(h *house) {
			h.post(leadBody(leadA, "Matched"))
			h.trigger()
			h.post(large(leadB))
			h.trigger()
			h.now = h.now.AddDate(0, 0, 40)
		}, act: (*house).housekeeping, queue: map[string]int{leadA: 1, leadB: 0}, container: map[string]int{leadA: 1, leadB: 1}},
		{name: "drain", requests: 12, before: func(h *house) {
			h.post(leadBody(leadA, "Matched"))
			h.post(leadBody(leadB, "Matched"))
			h.trigger()
			h.now = h.now.Add(time.Hour)
			h.post(leadBody(leadA, "Funded"))
			h.trigger()
		}, act: (*house).drains, container: map[string]int{leadA: 2, leadB: 1}, leads: 2},
	}
}

// housekeeping takes old payloads and orphans away, again when it is killed.
func (h *house) housekeeping() {
	h.Helper()
	for range 5 {
		err := errors.Join(h.life.ledger.Retire(h.life.ctx, 30*24*time.Hour), h.life.ledger.RemoveOrphans(h.life.ctx))
		if !h.life.dead {
			must(h.T, err)
			break
		}
		h.revive()
	}
	left := 0
	for _, r := range h.sim.Table(h.names.Ledger()).Rows() {
		if b, ok := r.Properties["Envelope"].([]byte); ok && len(b) > 0 && fmt.Sprint(r.Properties["State"]) == "delivered" {
			left++
		}
	}
	if left > 0 {
		h.Errorf("%d payloads of delivered events are still there", left)
	}
}

// large is a lead beyond a queue message.
func large(id string) []byte {
	return []byte(strings.Replace(string(leadBody(id, "Matched")), `"otherReasonText":""`, `"otherReasonText":"`+strings.Repeat("x", 100<<10)+`"`, 1))
}

// poison moves what is in the intake to the host's poison queue, as the host does.
func (h *house) poison() {
	h.Helper()
	ctx := context.Background()
	if _, err := h.life.account.Queue(h.names.IntakePoison()).Create(ctx, nil); err != nil {
		h.Fatal(err)
	}
	messages := h.sim.Queue(h.names.Intake()).Messages()
	h.sim.Queue(h.names.Intake()).Clear()
	for _, m := range messages {
		if _, err := h.life.account.Queue(h.names.IntakePoison()).EnqueueMessage(ctx, m.Text, nil); err != nil {
			h.Fatal(err)
		}
	}
}

func TestKilledAtEachStorageRequestLosesNothing(t *testing.T) {
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			total := s.run(t, 0, azuresim.Before)
			t.Logf("%d storage requests", total)
			if total < s.requests {
				t.Errorf("the dry run makes %d storage requests, the story says %d: say so there if that is meant", total, s.requests)
			}
			for n := 1; n <= total; n++ {
				for _, when := range []azuresim.When{azuresim.Before, azuresim.After} {
					t.Run(fmt.Sprintf("request %d of %d, after it %v", n, total, when), func(t *testing.T) { s.run(t, n, when) })
				}
			}
		})
	}
}

// run plays the story, killed at request n, and says how many requests its act makes. n 0 kills nobody.
func (s story) run(t *testing.T, n int, when azuresim.When) int {
	t.Helper()
	h := newHouse(t)
	if s.before != nil {
		s.before(h)
	}
	from := h.sim.Count()
	if n > 0 {
		h.crashAt(n, when)
	}
	s.act(h)
	total := h.sim.Count() - from
	h.sim.CrashAt(0, when, nil)
	h.settle()
	if n > 0 && h.deaths != 1 {
		t.Errorf("the program died %d times", h.deaths)
	}
	s.check(h)
	return total
}

// tooLarge says that a lead of the story is beyond the lender's queue.
func (s story) tooLarge() bool { return strings.HasPrefix(s.name, "large") || s.name == "retention" }

func (s story) check(h *house) {
	h.Helper()
	extra := 0
	for id, want := range s.queue {
		got := h.inQueue(id)
		extra += got - want
		if got < want {
			h.Errorf("the lender's queue has %d messages of %s, want %d", got, id, want)
		}
	}
	if extra > min(1, h.deaths) {
		h.Errorf("the lender's queue has %d messages too many", extra)
	}
	for id, want := range s.container {
		if got := h.inContainer(id); got != want {
			h.Errorf("the lender's container has %d blobs of %s, want %d", got, id, want)
		}
	}
	for key, state := range h.events() {
		if state != ledger.Delivered && !(state == ledger.Dead && s.tooLarge()) {
			h.Errorf("event %s is %s", key, state)
		}
	}
	if s.leads > 0 {
		h.drained(s.leads)
	}
}

// drained drains what is left and wants the newest version of each lead, once.
func (h *house) drained(want int) {
	h.Helper()
	for range 3 {
		h.drains()
		h.now = h.now.Add(11 * time.Minute)
	}
	rows := h.sim.Table(h.names.Leads()).Rows()
	if len(rows) != want {
		h.Errorf("the leads table has %d rows, want %d", len(rows), want)
	}
	for _, r := range rows {
		wantStatus := map[string]string{leadA: "Funded", leadB: "Matched"}[r.RowKey]
		if got := fmt.Sprint(r.Properties["status"]); got != wantStatus {
			h.Errorf("lead %s is %s, want %s", r.RowKey, got, wantStatus)
		}
	}
	for _, m := range h.sim.Storage(lender).Queue("leads").Messages() {
		text, _ := base64.StdEncoding.DecodeString(m.Text)
		h.Errorf("the lender's queue still has a message of %d bytes", len(text))
	}
}
