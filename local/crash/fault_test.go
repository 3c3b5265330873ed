package crash

import (
	"fmt"
	"testing"
	"time"

	"leadrelay/internal/ledger"
	"leadrelay/local/azuresim"
)

// trouble is one way in which a lender's storage goes wrong, and what the delivery is while it does.
type trouble struct {
	name   string
	fault  azuresim.Fault
	during ledger.State
	// extra is how many further messages the lender may end with: an answer that got lost leaves one doubtful send.
	extra int
	// dead says that the event can never pass, so that it is dead for good, with its reason.
	dead bool
}

func troubles() []trouble {
	put := func(e azuresim.Effect) azuresim.Fault {
		return azuresim.Fault{Op: "PutMessage", Resource: "leads", Effect: e}
	}
	landed := put(azuresim.Answer(500, "InternalError"))
	landed.Apply, landed.Times = true, 1
	lost := put(azuresim.Reset())
	lost.Apply, lost.Times = true, 1
	out := []trouble{
		{name: "connection refused", fault: put(azuresim.Refuse()), during: ledger.InFlight},
		{name: "connection dropped", fault: put(azuresim.Drop()), during: ledger.InFlight},
		{name: "reset", fault: put(azuresim.Reset()), during: ledger.InFlight},
		{name: "reset after the write landed", fault: lost, during: ledger.InFlight, extra: 1},
		{name: "500 after the write landed", fault: landed, during: ledger.InFlight, extra: 1},
		{name: "500", fault: put(azuresim.Answer(500, "OperationTimedOut")), during: ledger.InFlight},
		{name: "503", fault: put(azuresim.Answer(503, "ServerBusy")), during: ledger.InFlight},
		{name: "503 with Retry-After", fault: put(azuresim.Busy(90 * time.Second)), during: ledger.InFlight},
		{name: "429", fault: put(azuresim.Answer(429, "")), during: ledger.InFlight},
		{name: "a redirect", fault: put(azuresim.Redirect(307, "http://127.0.0.1:1/elsewhere")), during: ledger.Held},
		{name: "the queue is gone", fault: put(azuresim.Answer(404, "QueueNotFound")), during: ledger.Held},
		{name: "the account is disabled", fault: put(azuresim.Answer(403, "AccountIsDisabled")), during: ledger.Held},
		{name: "the SAS expired", fault: put(azuresim.Expired()), during: ledger.Held},
		{name: "413", fault: put(azuresim.Answer(413, "RequestBodyTooLarge")), during: ledger.Dead, dead: true},
		{name: "400", fault: put(azuresim.Answer(400, "InvalidXmlDocument")), during: ledger.Dead, dead: true},
	}
	for _, code := range []string{"AuthenticationFailed", "AuthorizationPermissionMismatch", "AuthorizationSourceIPMismatch", "AuthorizationProtocolMismatch",
		"AuthorizationResourceTypeMismatch", "AuthorizationServiceMismatch", "AuthorizationFailure"} {
		out = append(out, trouble{name: "403 " + code, fault: put(azuresim.Denied(code)), during: ledger.Held})
	}
	return out
}

func TestEachTroubleOfALenderEndsWellAndDelaysNobodyElse(t *testing.T) {
	for _, tr := range troubles() {
		t.Run(tr.name, func(t *testing.T) {
			h := newHouse(t)
			fault := h.sim.Inject(tr.fault)
			h.post(leadBody(leadA, "Matched"))
			h.trigger()
			for _, state := range h.events() {
				if state != tr.during {
					t.Errorf("during the trouble the event is %s, want %s", state, tr.during)
				}
			}
			if h.inContainer(leadA) != 1 {
				t.Error("the healthy destination had to wait")
			}
			h.now = h.now.Add(2 * time.Hour)
			h.trigger()
			h.sweeps()
			fault.Remove()
			h.settle()
			want, state := 1, ledger.Delivered
			if tr.dead {
				want, state = 0, ledger.Dead
			}
			if got := h.inQueue(leadA); got < want || got > want+tr.extra {
				t.Errorf("the lender's queue has %d messages, want %d", got, want)
			}
			for _, s := range h.events() {
				if s != state {
					t.Errorf("in the end the event is %s, want %s", s, state)
				}
			}
		})
	}
}

func TestBlobWhoseAnswerGotLostIsDeliveredOnce(t *testing.T) {
	h := newHouse(t)
	h.sim.Inject(azuresim.Fault{Op: "PutBlob", Times: 1, Apply: true, Effect: azuresim.Reset(),
		Match: func(r azuresim.Request) bool { return r.Account == lender }})
	h.post(leadBody(leadA, "Matched"))
	h.settle()
	if n := h.inContainer(leadA); n != 1 {
		t.Errorf("the container has %d blobs", n)
	}
	assumed := 0
	for _, r := range h.sim.Table(h.names.Ledger()).Rows() {
		if fmt.Sprint(r.Properties["Assumed"]) == "true" {
			assumed++
		}
	}
	if assumed != 1 {
		t.Errorf("%d deliveries are marked assumed, want the one that was there already", assumed)
	}
}

func TestTablesDownForAnHourWithTheTriggerLiveLosesNothing(t *testing.T) {
	h := newHouse(t)
	down := h.sim.Inject(azuresim.Fault{Service: "table", Effect: azuresim.Answer(503, "ServerBusy")})
	for i := range 10 {
		h.post(leadBody(fmt.Sprintf("00000000-0000-4000-8000-%012d", i), "Matched"))
	}
	for range 60 {
		h.trigger()
		h.now = h.now.Add(time.Minute)
	}
	down.Remove()
	h.settle()
	for i := range 10 {
		id := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		if q, c := h.inQueue(id), h.inContainer(id); q != 1 || c != 1 {
			t.Errorf("lead %d: %d messages, %d blobs", i, q, c)
		}
	}
}

func TestClockThatJumpsBothWaysLosesNothing(t *testing.T) {
	h := newHouse(t)
	busy := h.sim.Inject(azuresim.Fault{Op: "PutMessage", Resource: "leads", Effect: azuresim.Busy(0)})
	for i, jump := range []time.Duration{0, -20 * time.Minute, 3 * time.Hour, -2 * time.Hour, 26 * time.Hour} {
		h.now = h.now.Add(jump)
		h.post(leadBody(leadA, []string{"Matched", "Reviewed", "Contacted", "Qualified", "Funded"}[i]))
		h.trigger()
		h.sweeps()
	}
	busy.Remove()
	h.settle()
	if q, c := h.inQueue(leadA), h.inContainer(leadA); q != 5 || c != 5 {
		t.Errorf("%d messages and %d blobs of five versions", q, c)
	}
}
