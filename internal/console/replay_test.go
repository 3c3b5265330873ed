package console_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/console"
	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
	"leadrelay/local/azuresim"
)

// replayOne replays an event and gives why it was refused, empty when it was not.
func (w *world) replayOne(receipt string, o console.Order) string {
	w.Helper()
	out, err := w.desk.ReplayOne(w.ctx, receipt, o, who())
	if err != nil || len(out) != 1 {
		w.Fatalf("replay of %s: %+v %v", receipt, out, err)
	}
	w.handle()
	return out[0].Refused
}

// refusing makes a lender's queue refuse events for good until it is removed.
func (w *world) refusing(name string) *azuresim.Injected {
	return w.sim.Inject(azuresim.Fault{Resource: "lender-" + name, Effect: azuresim.Answer(http.StatusBadRequest, "InvalidInput")})
}

func TestDeadDeliveryIsReplayedOnceItsFarSideIsMended(t *testing.T) {
	w := newWorld(t)
	w.lender("acme", "queue")
	fault := w.refusing("acme")
	receipt := w.accept("crf", lead(t, uuid(1), nil))
	if d := w.delivery(receipt, "acme"); d.State != "dead" {
		t.Fatalf("it is %+v", d)
	}
	w.pass(20 * 24 * time.Hour) // long after the week of its tries
	fault.Remove()
	fault = w.sim.Inject(azuresim.Fault{Resource: "lender-acme", Times: 1, Effect: azuresim.Busy(0)})
	if why := w.replayOne(receipt, console.Order{}); why != "" {
		t.Fatal(why)
	}
	if d := w.delivery(receipt, "acme"); d.State != "in flight" || d.Due.IsZero() {
		t.Fatalf("after a try that failed it is %+v", d)
	}
	w.pass(time.Minute)
	w.handle()
	e, d := w.show(receipt), w.delivery(receipt, "acme")
	if d.State != "delivered" || d.Tries != 3 || w.got("acme") != 1 || e.State != "delivered" {
		t.Errorf("it is %+v, and the lender has %d", d, w.got("acme"))
	}
	if len(e.Deeds) != 1 || e.Deeds[0].What != ledger.DeedReplayed || e.Deeds[0].By != "ann" || e.Deeds[0].Destination != "acme" {
		t.Errorf("the deeds are %+v", e.Deeds)
	}
	w.balanced()
	if fault.Hits() != 1 {
		t.Error("the fault was not met")
	}
}

func TestDeliveredEventIsReplayedToTheSameOrToAnotherDestinationIfItsFilterSaysYes(t *testing.T) {
	w := newWorld(t)
	w.lender("acme", "queue")
	receipt := w.accept("crf", lead(t, uuid(1), nil))
	w.lender("rich", "queue", func(s *registry.Spec) { s.Filter = `lead.amount >= 1000000` })
	w.lender("new", "blob")
	w.lender("careful", "queue", func(s *registry.Spec) { s.FraudLimit = 0.0001 })
	w.pass(time.Minute)
	if why := w.replayOne(receipt, console.Order{}); why != "" || w.got("acme") != 2 {
		t.Errorf("%q, and the lender has %d", why, w.got("acme"))
	}
	if why := w.replayOne(receipt, console.Order{To: "new", DryRun: true}); why != "" || w.delivery(receipt, "new").State != "" {
		t.Errorf("a dry run says %q and does something", why)
	}
	if why := w.replayOne(receipt, console.Order{To: "new"}); why != "" || !w.delivery(receipt, "new").Added || w.delivery(receipt, "new").State != "delivered" {
		t.Errorf("%q, it is %+v", why, w.delivery(receipt, "new"))
	}
	if why := w.replayOne(receipt, console.Order{To: "rich"}); !strings.Contains(why, "amount") || w.got("rich") != 0 {
		t.Errorf("against the filter: %q", why)
	}
	if why := w.replayOne(receipt, console.Order{To: "rich", Force: true}); why != "" || w.got("rich") != 1 {
		t.Errorf("forced: %q", why)
	}
	forced := 0
	for _, d := range w.show(receipt).Deeds {
		if d.Forced {
			forced++
		}
	}
	if forced != 1 {
		t.Errorf("%d deeds are marked forced, want the one to rich", forced)
	}
	w.balanced()
}

func TestReplayIsRefusedWithItsReason(t *testing.T) {
	w := newWorld(t)
	w.lender("acme", "queue", func(s *registry.Spec) { s.FraudLimit = 0.5 })
	waits := w.accept("crf", lead(t, uuid(1), map[string]any{"fraudScore": 0.9}))
	if why := w.replayOne(waits, console.Order{}); !strings.Contains(why, "release or refuse") {
		t.Errorf("a waiting one: %q", why)
	}
	fault := w.sim.Inject(azuresim.Fault{Resource: "lender-acme", Effect: azuresim.Busy(0)})
	flying := w.accept("crf", lead(t, uuid(2), nil))
	if why := w.replayOne(flying, console.Order{}); !strings.Contains(why, "on its way") {
		t.Errorf("one on its way: %q", why)
	}
	fault.Remove()
	erased := w.accept("crf", lead(t, uuid(3), nil))
	if _, err := w.desk.Erase(w.ctx, "crf", uuid(3), who()); err != nil {
		t.Fatal(err)
	}
	if why := w.replayOne(erased, console.Order{}); !strings.Contains(why, "erased") {
		t.Errorf("an erased one: %q", why)
	}
}

func TestRejectedEventIsPutInAgainOnceItsSchemaIsMended(t *testing.T) {
	w := newWorld(t)
	w.lender("acme", "queue")
	status, receipt := w.post("crf", lead(t, uuid(1), map[string]any{"fraudScore": 7}))
	w.handle()
	if status != http.StatusUnprocessableEntity {
		t.Fatalf("it was answered %d", status)
	}
	if why := w.replayOne(receipt, console.Order{}); !strings.Contains(why, "still not valid") || !strings.Contains(why, "fraudScore") {
		t.Errorf("before the fix: %q", why)
	}
	w.pass(time.Hour)
	newer := w.accept("crf", lead(t, uuid(1), map[string]any{"status": "Funded"}))
	w.desk.Partners["crf"] = lenient{w.desk.Partners["crf"]}
	out, err := w.desk.ReplayOne(w.ctx, receipt, console.Order{}, who())
	if err != nil || out[0].As == "" || out[0].Refused != "" {
		t.Fatalf("after the fix: %+v %v", out, err)
	}
	w.handle()
	e := w.show(out[0].As)
	if e.Replays != receipt || e.State != "delivered" || !e.Received.Equal(w.show(receipt).Received) {
		t.Errorf("the new event is %+v", e)
	}
	if list := w.list(console.Filter{Lead: uuid(1)}); len(list) != 2 || list[0].Receipt != newer {
		t.Errorf("it passes for newer than what came after it: %+v", list)
	}
	if why := w.replayOne(receipt, console.Order{}); !strings.Contains(why, out[0].As) {
		t.Errorf("a second time: %q", why)
	}
	if deeds := w.show(receipt).Deeds; len(deeds) != 1 || deeds[0].Receipt != out[0].As {
		t.Errorf("the deeds of the rejected one are %+v", deeds)
	}
	w.balanced()
}

func TestWaitingEventIsReleasedOrRefusedForEachDestination(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"acme", "best"} {
		w.lender(name, "queue", func(s *registry.Spec) { s.FraudLimit = 0.5 })
	}
	receipt := w.accept("crf", lead(t, uuid(1), map[string]any{"fraudScore": 0.9}))
	if _, err := w.desk.Release(w.ctx, receipt, "acme", who()); err != nil {
		t.Fatal(err)
	}
	w.handle()
	if w.got("acme") != 1 || w.got("best") != 0 || w.show(receipt).State != "held" {
		t.Errorf("acme has %d, best %d", w.got("acme"), w.got("best"))
	}
	if out, err := w.desk.Refuse(w.ctx, receipt, "acme", who()); err != nil || out[0].Refused == "" {
		t.Errorf("what is delivered is refused: %+v %v", out, err)
	}
	if out, err := w.desk.Refuse(w.ctx, receipt, "", who()); err != nil || len(out) != 1 || out[0].Destination != "best" {
		t.Errorf("%+v %v", out, err)
	}
	d := w.delivery(receipt, "best")
	if d.State != "dead" || !strings.Contains(d.Reason, "refused by ann: a test") || len(w.show(receipt).Deeds) != 2 {
		t.Errorf("it is %+v", d)
	}
	if _, err := w.desk.Release(w.ctx, receipt, "", who()); err == nil {
		t.Error("nothing waits, and something is released")
	}
	w.balanced()
}

// many makes n dead events over three days, and one that is delivered.
func (w *world) many(n int) {
	w.Helper()
	w.lender("acme", "queue")
	fault := w.refusing("acme")
	for i := range n {
		w.accept("crf", lead(w, uuid(i), nil))
		if i%(n/3+1) == 0 {
			w.pass(20 * time.Hour)
		}
	}
	fault.Remove()
	w.accept("crf", lead(w, uuid(n), nil))
}

func TestManyAreReplayedByFilterAfterADryRunThatCountsThem(t *testing.T) {
	w := newWorld(t)
	w.many(30)
	o, f := console.Order{DryRun: true}, console.Filter{State: "dead"}
	for _, dry := range []bool{true, false} {
		o.DryRun = dry
		run, err := w.desk.NewRun(f, o, who())
		if err != nil {
			t.Fatal(err)
		}
		if err := w.desk.Replay(w.ctx, &run, console.Pace{}); err != nil || run.Events != 30 || run.Replayed != 30 {
			t.Fatalf("dry %v: %+v %v", dry, run, err)
		}
		if got := w.got("acme"); dry && got != 1 {
			t.Fatalf("a dry run sends %d", got)
		}
		w.handle()
	}
	if w.got("acme") != 31 || len(w.list(console.Filter{State: "dead"})) != 0 {
		t.Errorf("the lender has %d, %d are dead", w.got("acme"), len(w.list(console.Filter{State: "dead"})))
	}
	w.balanced()
	for _, f := range []console.Filter{{}, {State: "unmatched"}, {State: "in flight"}, {Lead: "x", State: "dead"}} {
		if _, err := w.desk.NewRun(f, console.Order{}, who()); err == nil {
			t.Errorf("%+v is taken for a replay", f)
		}
	}
}

func TestEventsThatMatchedNobodyAreReplayedToANewDestination(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.accept("crf", lead(t, uuid(i), nil))
	}
	w.accept("credzu", []byte(`{"event":"note","timestamp":"2026-11-22T09:00:00Z","lead_id":1,"details":{}}`))
	w.lender("late", "queue", func(s *registry.Spec) { s.Partners = []string{"crf"} })
	w.pass(time.Minute)
	run, err := w.desk.NewRun(console.Filter{State: "unmatched"}, console.Order{To: "late"}, who())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.desk.Replay(w.ctx, &run, console.Pace{}); err != nil || run.Replayed != 5 || run.Refused["not one of its partners"] != 1 {
		t.Fatalf("%+v %v", run, err)
	}
	w.handle()
	if w.got("late") != 5 {
		t.Errorf("the lender has %d", w.got("late"))
	}
	w.balanced()
}

// TestInterruptedReplayIsTakenUpAndSendsNothingTwice stops a run in its middle by its context, as Ctrl-C does, and another at
// each of its storage requests, as a kill does.
func TestInterruptedReplayIsTakenUpAndSendsNothingTwice(t *testing.T) {
	w := newWorld(t)
	w.many(30)
	ctx, cancel := context.WithCancel(w.ctx)
	run, err := w.desk.NewRun(console.Filter{State: "dead"}, console.Order{}, who())
	if err != nil {
		t.Fatal(err)
	}
	err = w.desk.Replay(ctx, &run, console.Pace{Progress: func(r console.Run) {
		if r.Events == 11 {
			cancel()
		}
	}})
	if err == nil {
		t.Fatal("it was not interrupted")
	}
	w.handle()
	before := w.got("acme")
	w.resume(run.ID)
	if w.got("acme") != 31 || before > 12 {
		t.Errorf("the lender has %d, and had %d before", w.got("acme"), before)
	}
	if _, err := w.desk.TakeUp(w.ctx, run.ID); err == nil {
		t.Error("a run that is done is taken up")
	}
}

func (w *world) resume(id string) {
	w.Helper()
	again, err := w.desk.TakeUp(w.ctx, id)
	if err != nil {
		w.Fatal(err)
	}
	if err := w.desk.Replay(w.ctx, &again, console.Pace{}); err != nil || !again.Done {
		w.Fatalf("%+v %v", again, err)
	}
	w.handle()
}

func TestReplayThatIsKilledAtAnyRequestIsTakenUpAndSendsNothingTwice(t *testing.T) {
	for n := 1; ; n++ {
		w := newWorld(t)
		w.many(3)
		run, err := w.desk.NewRun(console.Filter{State: "dead"}, console.Order{}, who())
		if err != nil {
			t.Fatal(err)
		}
		victim := w.newHouse()
		w.sim.Forget()
		dead := false
		w.sim.CrashAt(n, azuresim.After, func() { dead = true })
		err = victim.desk.Replay(w.ctx, &run, console.Pace{})
		if !dead {
			if err != nil || n < 20 {
				t.Fatalf("after %d requests: %v", n, err)
			}
			return
		}
		if err == nil {
			t.Fatalf("killed at %d, and no error", n)
		}
		w.handle()
		if _, err := w.desk.TakeUp(w.ctx, run.ID); err == nil {
			w.resume(run.ID)
		} else if errors.Is(err, ledger.ErrNoReplay) && n < 5 {
			continue // it was killed before it was known
		}
		if got := w.got("acme"); got != 4 {
			t.Errorf("killed at %d: the lender has %d, want 4", n, got)
		}
		w.balanced()
	}
}

func TestPaceBoundsTheRateOfAReplay(t *testing.T) {
	w := newWorld(t)
	w.many(5)
	run, err := w.desk.NewRun(console.Filter{State: "dead"}, console.Order{}, who())
	if err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	if err := w.desk.Replay(w.ctx, &run, console.Pace{Every: 20 * time.Millisecond}); err != nil || time.Since(started) < 100*time.Millisecond {
		t.Errorf("five took %v, %v", time.Since(started), err)
	}
}
