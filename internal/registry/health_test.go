package registry_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"leadrelay/internal/registry"
)

// one registers a destination and gives its id.
func (w *world) one() string {
	w.Helper()
	w.apply(registry.ApplyOptions{}, spec("a"))
	return w.find("a").ID
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// TestHeldIsProbedLaterAndLater follows the schedule from a minute to an hour.
func TestHeldIsProbedLaterAndLater(t *testing.T) {
	w := newWorld(t)
	id := w.one()
	since := w.clock()
	w.must(w.Hold(w.ctx, id, "403 AuthenticationFailed"))
	w.pass(time.Second)
	w.must(w.Hold(w.ctx, id, "another reason")) // it is held already
	wait := time.Minute - time.Second
	for _, next := range []time.Duration{2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60, 60, 60} {
		d := w.find("a")
		if d.State() != registry.Held || !d.Health.Since.Equal(since) || !d.Health.NextProbe.Equal(w.clock().Add(wait)) {
			t.Fatalf("%+v, want the next probe in %v", d.Health, wait)
		}
		w.pass(wait)
		wait = next * time.Minute
		w.must(w.Probed(w.ctx, id, "still gone"))
	}
	if h := w.find("a").Health; h.Reason != "still gone" || h.Probes != 13 {
		t.Errorf("%+v", h)
	}
	w.must(w.Switch(w.ctx, id, 1))
	w.must(w.Mended(w.ctx, id))
	if d := w.find("a"); d.State() != registry.Active || d.Health != (registry.Health{Through: w.clock(), Address: 1}) {
		t.Errorf("mended it is %+v", d.Health)
	}
}

func TestProbesOfWhatIsNotHeldAreNothing(t *testing.T) {
	w := newWorld(t)
	id := w.one()
	w.must(w.Probed(w.ctx, id, "late"))
	w.must(w.Mended(w.ctx, id))
	w.must(w.Switch(w.ctx, id, 0))
	if rows := w.sim.Table(tableName).Rows(); len(rows) != 1 {
		t.Errorf("a row was written without need: %d rows", len(rows))
	}
}

// TestHeldAfterADayOfFailures wants twenty failures and a day, and a success to begin anew.
func TestHeldAfterADayOfFailures(t *testing.T) {
	w := newWorld(t)
	id := w.one()
	fail := func(n int) {
		for range n {
			w.must(w.Failed(w.ctx, w.find("a"), "503"))
		}
	}
	held := func() bool { return w.find("a").State() == registry.Held }
	fail(40) // many at once: no day has passed
	w.pass(24*time.Hour - time.Second)
	if fail(1); held() {
		t.Fatal("held before a day was over")
	}
	w.must(w.Mended(w.ctx, id)) // one got through
	w.pass(2 * time.Second)
	if fail(1); held() {
		t.Fatal("held although one got through")
	}
	w.pass(25 * time.Hour)
	if fail(18); held() {
		t.Fatal("held after nineteen failures")
	}
	if fail(1); !held() {
		t.Fatal("not held after twenty failures and a day")
	}
	h := w.find("a").Health
	if h.Reason != "nothing got through for a day: 503" || !h.NextProbe.Equal(w.clock().Add(time.Minute)) || !h.Since.Equal(w.clock()) {
		t.Errorf("%+v", h)
	}
}

// TestFailuresAreCountedOnlyAsFarAsNeeded wants no write for each of a flood of failures.
func TestFailuresAreCountedOnlyAsFarAsNeeded(t *testing.T) {
	w := newWorld(t)
	w.one()
	for range 30 {
		w.must(w.Failed(w.ctx, w.find("a"), "503"))
	}
	d := w.find("a")
	w.sim.Forget()
	w.must(w.Failed(w.ctx, d, "503"))
	if n := w.sim.Count(); n != 0 || d.Health.Failures > 25 {
		t.Errorf("%d requests for the failure after %d", n, d.Health.Failures)
	}
}

// TestConcurrentLearnersLoseNothing has as many learners as one host runs messages, at once.
func TestConcurrentLearnersLoseNothing(t *testing.T) {
	w := newWorld(t)
	id := w.one()
	d := w.find("a")
	const learners = 24 // batchSize and newBatchThreshold of host.json
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range learners {
		r := w.open(oneKey) // some are other instances
		group.Go(func() {
			<-start
			what := func(ctx context.Context) error { return r.Failed(ctx, d, "503") }
			if i == 0 {
				what = func(ctx context.Context) error { return r.Hold(ctx, id, "404") }
			}
			if err := what(w.ctx); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	group.Wait()
	if h := w.find("a").Health; !h.Held || h.Failures != learners-1 {
		t.Errorf("held: %v, %d failures, want %d", h.Held, h.Failures, learners-1)
	}
}

// TestRepairIsProbedSoon wants a new address tried by the next sweep, and a person's word kept apart from the machine's.
func TestRepairIsProbedSoon(t *testing.T) {
	w := newWorld(t)
	id := w.one()
	w.must(w.Switch(w.ctx, id, 1))
	w.must(w.Hold(w.ctx, id, "expired"))
	w.apply(registry.ApplyOptions{}, spec("a", func(s *registry.Spec) { s.Address = ""; s.Filter = "true" }))
	if h := w.find("a").Health; !h.NextProbe.After(w.clock()) {
		t.Error("another filter repairs no address")
	}
	w.apply(registry.ApplyOptions{}, spec("a"))
	if d := w.find("a"); d.State() != registry.Held || d.Health.NextProbe.After(w.clock()) || d.Health.Address != 0 {
		t.Errorf("%+v", d.Health)
	}
	w.must(w.Want(w.ctx, w.find("a"), registry.Paused))
	if w.find("a").State() != registry.Paused {
		t.Error("paused and held is paused")
	}
	w.must(w.Want(w.ctx, w.find("a"), registry.Active))
	if d := w.find("a"); d.State() != registry.Held || d.Health.Reason != "expired" {
		t.Errorf("what the machine knew is gone: %+v", d.Health)
	}
}
