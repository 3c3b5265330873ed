package deliver_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/deliver"
	"leadrelay/internal/destination"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
)

func down() error { return lead.Errorf(lead.Unavailable, "down") }

func TestUnavailableIsTriedAgainOnTheSchedule(t *testing.T) {
	w := newWorld(t, spec("a"), spec("b"))
	w.memory("a").Fail(down())
	m := w.lead(uuid(1), nil)
	w.deliver(m)
	w.want(m, "a", ledger.InFlight)
	w.want(m, "b", ledger.Delivered)
	w.wantEvent(m, ledger.InFlight)
	for i, wait := range []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 2 * time.Hour} {
		if row := w.row(m, "a"); row.Tries != i+1 || row.Due.Sub(w.clock()) != wait {
			t.Fatalf("after %d tries the next is due in %v, want %d tries and %v", row.Tries, row.Due.Sub(w.clock()), i+1, wait)
		}
		w.pass(wait - time.Second)
		if row := w.row(m, "a"); row.Tries != i+1 {
			t.Fatalf("a try was made before its time")
		}
		w.pass(time.Second)
	}
	w.memory("a").Fail(nil)
	w.pass(2 * time.Hour)
	w.want(m, "a", ledger.Delivered)
	w.wantEvent(m, ledger.Delivered)
	if n := w.got("b"); n != 1 {
		t.Errorf("the healthy destination got %d deliveries", n)
	}
}

func TestDelaysSpreadByAFifth(t *testing.T) {
	if lo, hi := deliver.Delay(1, 0), deliver.Delay(1, 1); lo != 4*time.Second || hi != 6*time.Second {
		t.Errorf("the first delay is %v to %v", lo, hi)
	}
}

func TestRetryAfterWins(t *testing.T) {
	w := newWorld(t, spec("a"))
	w.memory("a").Fail(&lead.Error{Kind: lead.Unavailable, RetryAfter: 17 * time.Minute})
	m := w.lead(uuid(1), nil)
	w.deliver(m)
	if wait := w.row(m, "a").Due.Sub(w.clock()); wait != 17*time.Minute {
		t.Errorf("the next try is due in %v", wait)
	}
}

func TestFaultOfTheEventIsDeadAtOnceWithItsReason(t *testing.T) {
	for _, kind := range []lead.Kind{lead.Refused, lead.TooLarge} {
		w := newWorld(t, spec("a"))
		w.memory("a").Fail(lead.Errorf(kind, "because"))
		m := w.lead(uuid(1), nil)
		w.deliver(m)
		w.want(m, "a", ledger.Dead)
		w.wantEvent(m, ledger.Dead)
		if row := w.row(m, "a"); !strings.Contains(row.Reason, "because") {
			t.Errorf("its reason is %q", row.Reason)
		}
	}
}

func TestFaultOfTheAddressHoldsTheDestinationAndLosesNothing(t *testing.T) {
	w := newWorld(t, spec("a"))
	w.memory("a").Fail(lead.Errorf(lead.Address, "403"))
	var all []ledger.Message
	for i := range 4 {
		m := w.lead(uuid(i), nil)
		all = append(all, m)
		w.deliver(m)
		w.want(m, "a", ledger.Held)
		w.wantEvent(m, ledger.Held)
		w.pass(time.Second)
	}
	if row := w.row(all[1], "a"); row.Tries != 0 {
		t.Errorf("a held destination was tried with a new event: %d tries", row.Tries)
	}
	w.mend()
	if row := w.row(all[0], "a"); row.Tries != 1 {
		t.Errorf("it was probed before a minute was over")
	}
	w.pass(time.Minute)
	w.mend()
	if row := w.row(all[0], "a"); row.Tries != 2 || row.State != ledger.Held {
		t.Errorf("the probe of the oldest left it %s after %d tries", row.State, row.Tries)
	}
	w.memory("a").Fail(nil)
	w.pass(time.Minute)
	w.mend()
	if n := w.got("a"); n != 0 {
		t.Errorf("the second probe came before two minutes were over")
	}
	w.pass(time.Minute)
	w.mend()
	if n := w.got("a"); n != 1 {
		t.Fatalf("the probe delivered %d", n)
	}
	w.mend()
	w.pass(time.Minute)
	var order []string
	for _, d := range w.memory("a").Delivered() {
		order = append(order, d.LeadID)
	}
	if !slices.Equal(order, []string{uuid(0), uuid(1), uuid(2), uuid(3)}) {
		t.Errorf("they were released in the order %v", order)
	}
	for _, m := range all {
		w.wantEvent(m, ledger.Delivered)
	}
}

// stuck is a far side that hangs until it is let go.
type stuck struct{ let chan struct{} }

func (s stuck) Deliver(ctx context.Context, _ destination.Delivery) (destination.Receipt, error) {
	select {
	case <-s.let:
		return destination.Receipt{Code: http.StatusCreated}, nil
	case <-ctx.Done():
		return destination.Receipt{}, lead.Errorf(lead.Unavailable, "timeout")
	}
}

func TestOneHangingDestinationDelaysNoneOfNine(t *testing.T) {
	var specs []registry.Spec
	for i := range 10 {
		specs = append(specs, spec(fmt.Sprintf("d%d", i)))
	}
	w := newWorld(t, specs...)
	s := stuck{make(chan struct{})}
	w.far["d0"] = s
	m := w.lead(uuid(1), nil)
	done := make(chan error, 1)
	go func() { done <- w.try(m) }()
	for deadline := time.Now().Add(30 * time.Second); ; {
		n := 0
		for i := 1; i < 10; i++ {
			if w.row(m, fmt.Sprintf("d%d", i)).State == ledger.Delivered {
				n++
			}
		}
		if n == 9 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of 9 are recorded as delivered while one hangs", n)
		}
	}
	close(s.let)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	w.wantEvent(m, ledger.Delivered)
}

// panics is a driver with a bug.
type panics struct{}

func (panics) Deliver(context.Context, destination.Delivery) (destination.Receipt, error) {
	panic("a value that must not be logged")
}

func TestPanickingDriverFailsItsOwnDeliveryOnly(t *testing.T) {
	w := newWorld(t, spec("a"), spec("b"))
	w.far["a"] = panics{}
	m := w.lead(uuid(1), nil)
	w.deliver(m)
	w.want(m, "a", ledger.InFlight)
	w.want(m, "b", ledger.Delivered)
	if strings.Contains(w.log.String(), "must not be logged") {
		t.Error("the log holds the value of the panic")
	}
}

func TestRepeatedInvocationSendsOnlyWhatIsMissing(t *testing.T) {
	w := newWorld(t, spec("a"), spec("b"))
	m := w.lead(uuid(1), nil)
	w.deliver(m)
	w.deliver(m)
	w.deliver(m)
	if w.got("a") != 1 || w.got("b") != 1 {
		t.Errorf("a got %d, b got %d", w.got("a"), w.got("b"))
	}
}

func TestPausedDestinationKeepsItsEventsAndGetsThemWhenResumed(t *testing.T) {
	w := newWorld(t, spec("a", func(s *registry.Spec) { s.State = registry.Paused }))
	m := w.lead(uuid(1), nil)
	w.deliver(m)
	w.want(m, "a", ledger.Held)
	w.pass(48 * time.Hour)
	w.mend()
	w.want(m, "a", ledger.Held)
	w.apply(spec("a"))
	w.mend()
	w.pass(time.Minute)
	w.want(m, "a", ledger.Delivered)
	if row := w.row(m, "a"); row.Tries != 1 {
		t.Errorf("it took %d tries", row.Tries)
	}
}

func TestRemovedDestinationClosesWhatIsOpenForIt(t *testing.T) {
	w := newWorld(t, spec("a"), spec("b"))
	w.memory("a").Fail(down())
	m := w.lead(uuid(1), nil)
	w.deliver(m)
	d, err := w.Destinations.Find(w.ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Destinations.Want(w.ctx, d, registry.Removed); err != nil {
		t.Fatal(err)
	}
	w.mend()
	row, _, err := w.Ledger.Delivery(w.ctx, m.Key, d.ID)
	if err != nil || row.State != ledger.Dead || row.Reason != "destination removed" {
		t.Errorf("its delivery is %s: %s %v", row.State, row.Reason, err)
	}
	w.pass(time.Hour)
	w.mend()
	if list, err := w.Destinations.List(w.ctx); err != nil || len(list) != 1 {
		t.Errorf("%d destinations are left %v", len(list), err)
	}
	w.wantEvent(m, ledger.Dead)
}

func TestNothingMatchedIsAnOutcomeWithItsReasons(t *testing.T) {
	w := newWorld(t, spec("a", func(s *registry.Spec) { s.Partners = []string{"credzu"} }), spec("b", func(s *registry.Spec) { s.Filter = "lead.amount > 1000000" }))
	m := w.lead(uuid(1), nil)
	w.deliver(m)
	w.wantEvent(m, ledger.Unmatched)
	e, _, err := w.Ledger.Event(w.ctx, m.Key)
	if kept := e.Passed.Kept; err != nil || len(kept) != 2 || kept[0].Why != "not one of its partners" || kept[1].Why != "the filter says no" {
		t.Errorf("the reasons are %+v %v", e.Passed, err)
	}
}

func TestInitialOnlyDestinationGetsNoUpdates(t *testing.T) {
	w := newWorld(t, spec("a", func(s *registry.Spec) { s.Updates = "initial" }), spec("b"))
	w.deliver(w.lead(uuid(1), nil))
	w.pass(time.Minute)
	w.deliver(w.lead(uuid(1), map[string]any{"status": "Funded"}))
	w.pass(time.Minute)
	w.deliver(w.lead(uuid(1), map[string]any{"state": "Removed"}))
	if w.got("a") != 1 || w.got("b") != 3 {
		t.Errorf("initial got %d, all got %d", w.got("a"), w.got("b"))
	}
}
