package sweep_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/ledger"
	"leadrelay/internal/sweep"
	"leadrelay/local/azuresim"
)

// TestNothingToDo wants no error and no noise, even before the host has made its poison queue.
func TestNothingToDo(t *testing.T) {
	w := newWorld(t)
	if _, err := w.account().Queue(w.names.IntakePoison()).Delete(w.ctx, nil); err != nil {
		t.Fatal(err)
	}
	if r := w.sweep(); r != (sweep.Report{}) || w.mended != 1 || w.log.Len() > 0 {
		t.Errorf("%+v, %d mended, logged %s", r, w.mended, &w.log)
	}
}

func (w *world) enqueue(texts ...[]byte) {
	for _, text := range texts {
		w.put(w.names.Intake(), base64.StdEncoding.EncodeToString(text))
	}
}

// TestLateIntakeIsDrained has an intake that nobody reads, of more than one fetch.
func TestLateIntakeIsDrained(t *testing.T) {
	w := newWorld(t)
	for i := range 40 {
		w.enqueue(message(i))
	}
	if r := w.sweep(); r.Drained != 0 || len(w.delivered) != 0 {
		t.Fatalf("an intake in time was drained: %+v", r)
	}
	w.pass(119 * time.Second)
	if r := w.sweep(); r.Drained != 0 {
		t.Fatalf("an intake in time was drained: %+v", r)
	}
	w.pass(time.Second)
	if r := w.sweep(); r.Drained != 40 || r.Late != 2*time.Minute {
		t.Errorf("%+v", r)
	}
	if _, raw := w.waiting(); len(raw) != 0 || len(w.delivered) != 40 || w.delivered[0] != string(message(0)) {
		t.Errorf("%d are left, %d delivered", len(raw), len(w.delivered))
	}
	if !strings.Contains(w.log.String(), `"level":"ERROR","msg":"intake late"`) {
		t.Errorf("nobody is told: %s", &w.log)
	}
}

// TestWhatIsNotDueIsNotLate has a retry that was put long before its time, and a message that somebody has leased.
func TestWhatIsNotDueIsNotLate(t *testing.T) {
	w := newWorld(t)
	w.enqueue(message(1, func(m *ledger.Message) { m.Retry = &ledger.Retry{Destination: "d", Due: w.now.Add(time.Hour)} }))
	w.pass(time.Hour + time.Minute)
	w.enqueue(message(2))
	if _, err := w.Intake.Take(w.ctx, 10*time.Minute); err != nil { // the trigger has both
		t.Fatal(err)
	}
	if r := w.sweep(); r.Drained != 0 || r.Late != 0 {
		t.Errorf("%+v", r)
	}
	w.pass(11 * time.Minute) // it died
	if r := w.sweep(); r.Drained != 2 {
		t.Errorf("%+v", r)
	}
}

// TestAFailingMessageStaysAndTheOthersGo drains past an error and a panic.
func TestAFailingMessageStaysAndTheOthersGo(t *testing.T) {
	w := newWorld(t)
	w.enqueue(message(1), message(2), message(3))
	w.deliver = func(text string) error {
		switch text {
		case string(message(1)):
			return errors.New("storage is down")
		case string(message(2)):
			panic("bob@example.com")
		}
		return nil
	}
	w.pass(time.Hour)
	if r := w.sweep(); r.Drained != 1 || len(w.delivered) != 1 || w.mended != 1 {
		t.Errorf("%+v, delivered %d, mended %d", r, len(w.delivered), w.mended)
	}
	if parsed, _ := w.waiting(); len(parsed) != 2 {
		t.Errorf("%d are left, want 2", len(parsed))
	}
	if strings.Contains(w.log.String(), "bob@") || strings.Count(w.log.String(), "message failed") != 2 {
		t.Errorf("logged %s", &w.log)
	}
}

// TestOneOfTwoSweepsWorks runs a second sweep in the middle of the first.
func TestOneOfTwoSweepsWorks(t *testing.T) {
	w := newWorld(t)
	w.spill("a.json", message(1))
	w.mend = func() error {
		r, err := w.sweeper().Sweep(w.ctx)
		if err != nil || r != (sweep.Report{}) {
			t.Errorf("the second sweep: %+v, %v", r, err)
		}
		return nil
	}
	w.sweep()
	if w.mended != 1 {
		t.Errorf("%d sweeps mended, want 1", w.mended)
	}
	w.mend = nil
	w.sweep() // the lease was given back at once
	if w.mended != 2 {
		t.Errorf("the next sweep did not work")
	}
}

// TestADeadSweepIsFollowed lets a sweep die with its lease: the next one works when the lease is over.
func TestADeadSweepIsFollowed(t *testing.T) {
	w := newWorld(t)
	if _, ok, err := w.sweeper().Lock.Acquire(w.ctx); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if w.sweep(); w.mended != 0 {
		t.Error("it worked under another's lease")
	}
	w.pass(61 * time.Second)
	if w.sweep(); w.mended != 1 {
		t.Error("it did not work after the lease was over")
	}
}

// TestOneKindThatFailsKeepsNoOtherBack breaks each kind in turn; all the others' work must be done.
func TestOneKindThatFailsKeepsNoOtherBack(t *testing.T) {
	for name, c := range map[string]struct {
		fault azuresim.Fault
		mend  func() error
		fed   int
		drain int
	}{
		"spill":                  {azuresim.Fault{Op: "ListBlobs", Resource: "sweep-spill", Effect: azuresim.Busy(0)}, nil, 1, 1},
		"poison":                 {azuresim.Fault{Op: "GetMessages", Resource: "sweep-intake-poison", Effect: azuresim.Busy(0)}, nil, 1, 1},
		"intake":                 {azuresim.Fault{Op: "PeekMessages", Effect: azuresim.Busy(0)}, nil, 2, 0},
		"deliveries":             {azuresim.Fault{Times: -1, Resource: "none"}, func() error { return errors.New("a table is down") }, 2, 1},
		"deliveries, by a panic": {azuresim.Fault{Times: -1, Resource: "none"}, func() error { panic("bob@example.com") }, 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.enqueue(message(1))
			w.pass(time.Hour)
			w.spill("b.json", message(2))
			w.poison(message(3))
			w.sim.Inject(c.fault)
			w.mend = c.mend
			r, err := w.Sweep(w.ctx)
			kind, _, _ := strings.Cut(name, ",")
			if err == nil || !strings.HasPrefix(err.Error(), kind+": ") || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "bob@") {
				t.Errorf("got %v", err)
			}
			if r.Fed != c.fed || (r.Drained > 0) != (c.drain > 0) || w.mended != 1 {
				t.Errorf("%+v, %d mended", r, w.mended)
			}
		})
	}
}

func TestWatchIsToldHowLateTheIntakeWasAndItsFailureKeepsNothingElseFromBeingDone(t *testing.T) {
	w := newWorld(t)
	late := []time.Duration{}
	w.Watch = func(_ context.Context, d time.Duration) error {
		late = append(late, d)
		return errors.New("the endpoint is down")
	}
	if _, err := w.Sweep(w.ctx); err == nil || !strings.Contains(err.Error(), "watch: the endpoint is down") {
		t.Errorf("the sweep says %v", err)
	}
	if len(late) != 1 || late[0] != 0 || w.mended != 1 {
		t.Errorf("watched %v, mended %d times", late, w.mended)
	}
}
