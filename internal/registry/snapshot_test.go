package registry_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/registry"
	"leadrelay/local/azuresim"
)

// cached is what a running handler sees.
func (w *world) cached() *registry.Snapshot {
	w.Helper()
	s, err := w.Cached(w.ctx)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// another is another program on the same storage.
func (w *world) another(specs ...registry.Spec) {
	w.Helper()
	if _, err := w.open(oneKey).Apply(w.ctx, specs, registry.ApplyOptions{}); err != nil {
		w.Fatal(err)
	}
}

// TestCachedIsRefreshed reads at most every thirty seconds what another program changes.
func TestCachedIsRefreshed(t *testing.T) {
	w := newWorld(t)
	if len(w.cached().All) != 0 { // no table yet
		t.Error("something was there")
	}
	w.another(spec("a"))
	if len(w.cached().All) != 0 {
		t.Error("it is not cached")
	}
	w.pass(30 * time.Second)
	if len(w.cached().All) != 1 {
		t.Error("a change is not seen after 30 s")
	}
	w.apply(registry.ApplyOptions{}, spec("b"))
	if len(w.cached().All) != 2 {
		t.Error("one's own change is not seen at once")
	}
}

func TestCachedCallsNothingForWhatIsFresh(t *testing.T) {
	w := newWorld(t)
	w.apply(registry.ApplyOptions{}, spec("a"))
	first := w.cached()
	before := w.sim.Count()
	w.pass(24 * time.Second)
	if w.cached() != first || w.sim.Count() != before {
		t.Errorf("%d requests", w.sim.Count()-before)
	}
	if n := testing.AllocsPerRun(100, func() { w.cached() }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestOneReadsAnewBeforeTheOthersMustWait has the reading of one who asks late take until the others have theirs.
func TestOneReadsAnewBeforeTheOthersMustWait(t *testing.T) {
	w := newWorld(t)
	w.apply(registry.ApplyOptions{}, spec("a"))
	first := w.cached()
	w.another(spec("b"))
	w.pass(26 * time.Second)
	reading, resume := make(chan struct{}), make(chan struct{})
	w.sim.Inject(azuresim.Fault{Op: "QueryEntities", Times: 1, Match: func(azuresim.Request) bool { close(reading); <-resume; return false }})
	var late sync.WaitGroup
	late.Go(func() {
		if s := w.cached(); len(s.All) != 2 {
			t.Errorf("who read anew has %d destinations", len(s.All))
		}
	})
	<-reading
	if w.cached() != first {
		t.Error("another one did not go on with what it had")
	}
	close(resume)
	late.Wait()
	w.sim.Heal()
	if len(w.cached().All) != 2 {
		t.Error("what was read anew is not kept")
	}
}

func TestCachedOutlivesATroubleOfTheStorageForItsThirtySeconds(t *testing.T) {
	w := newWorld(t)
	w.apply(registry.ApplyOptions{}, spec("a"))
	first := w.cached()
	w.sim.Inject(azuresim.Fault{Op: "QueryEntities", Effect: azuresim.Busy(0)})
	w.pass(26 * time.Second)
	if w.cached() != first {
		t.Error("it is given up before its time")
	}
	w.pass(4 * time.Second)
	if _, err := w.Cached(w.ctx); err == nil {
		t.Error("it is older than it may be")
	}
}

// TestWhatIsTakenFromTheSnapshotBeforeIsAsItWouldBeRead changes one thing after the other.
func TestWhatIsTakenFromTheSnapshotBeforeIsAsItWouldBeRead(t *testing.T) {
	w := newWorld(t)
	w.apply(registry.ApplyOptions{}, spec("a"), spec("b"), webhook("w"))
	same := func(step string) {
		t.Helper()
		w.Forget()
		have := w.cached()
		want, err := w.open(oneKey).Cached(w.ctx)
		if err != nil || len(have.All) != len(want.All) {
			t.Fatalf("%s: %d of %d, %v", step, len(have.All), len(want.All), err)
		}
		for i := range have.All {
			if a, b := fmt.Sprintf("%+v", have.All[i]), fmt.Sprintf("%+v", want.All[i]); a != b {
				t.Errorf("%s: %s, want %s", step, a, b)
			}
			if have.All[i].Secrets.Address != want.All[i].Secrets.Address || have.All[i].Version == "" {
				t.Errorf("%s: %s has another address, or no version", step, have.All[i].Name)
			}
		}
	}
	same("at first")
	before := w.find("a").Version
	w.apply(registry.ApplyOptions{}, spec("a", func(s *registry.Spec) { s.Filter = "lead.amount > 1" }))
	if w.find("a").Version == before {
		t.Error("another filter is no other version")
	}
	same("another filter")
	if err := w.Hold(w.ctx, w.find("b").ID, "gone"); err != nil {
		t.Fatal(err)
	}
	same("held")
	w.pass(5 * 365 * 24 * time.Hour) // the addresses expire
	same("expired")
	if err := w.Want(w.ctx, w.find("b"), registry.Removed); err != nil {
		t.Fatal(err)
	}
	same("removed")
	s := w.cached()
	if d := s.Find(s.All[0].ID); d == nil || d.Name != "a" {
		t.Errorf("found is %+v", d)
	}
	if s.All[1].Name != "b" || s.Find(s.All[1].ID) != nil || s.Find("nobody") != nil {
		t.Error("what is removed is found")
	}
}

func TestWhatCouldNotBeUnsealedIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.apply(registry.ApplyOptions{}, spec("a"))
	other := w.open(anotherKey)
	for range 2 {
		s, err := other.Cached(w.ctx)
		if err != nil || s.All[0].Fault == nil {
			t.Fatalf("%v: it is unsealed with another key", err)
		}
		other.Forget()
	}
}

// BenchmarkRefresh is what a thousand destinations cost every half minute; at first everything is unsealed.
func BenchmarkRefresh(b *testing.B) {
	sim := azuresim.New(azuresim.Options{})
	account, err := azure.ConnectAccount(sim.ConnectionString(), &http.Client{Transport: sim.Process()})
	if err != nil {
		b.Fatal(err)
	}
	sealer, err := registry.NewSealer(oneKey)
	if err != nil {
		b.Fatal(err)
	}
	open := func() *registry.Registry { return registry.New(account.Table(tableName), sealer, nil, time.Now) }
	var specs []registry.Spec
	for i := range 1000 {
		specs = append(specs, spec(fmt.Sprintf("d%d", i)))
	}
	known := open()
	if _, err := known.Apply(b.Context(), specs, registry.ApplyOptions{}); err != nil {
		b.Fatal(err)
	}
	read := func(r *registry.Registry) {
		r.Forget()
		if _, err := r.Cached(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	read(known)
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			read(open())
		}
	})
	b.Run("again", func(b *testing.B) {
		for b.Loop() {
			read(known)
		}
	})
}
