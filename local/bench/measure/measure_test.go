package measure_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"leadrelay/local/bench/load"
	"leadrelay/local/bench/measure"
	"leadrelay/local/bench/sink"
)

// candidate makes this test program one that is measured: a server that burns some CPU for each request.
const candidate = "LEADRELAY_TEST_CANDIDATE"

func TestMain(m *testing.M) {
	if address := os.Getenv(candidate); address != "" {
		err := http.ListenAndServe(address, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for end := time.Now().Add(200 * time.Microsecond); time.Now().Before(end); {
			}
			fmt.Fprint(w, "{}")
		}))
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// TestLoopMeasuresTheProgramAlone wants the CPU of a program that burns 200 µs for each request to be at least that, and
// no more than the interval.
func TestLoopMeasuresTheProgramAlone(t *testing.T) {
	if err := measure.Able(); err != nil {
		t.Skip(err)
	}
	s, err := sink.Start(sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	address, err := measure.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	p, err := measure.Start(t.Context(), measure.Program{Path: self, Env: []string{candidate + "=" + address}, Address: address})
	if err != nil {
		t.Fatal(err)
	}
	loop := measure.Loop{Warm: 50 * time.Millisecond, Span: 300 * time.Millisecond,
		Load: load.Options{Address: address, Connections: 4, Status: 200, Request: load.Same(load.Post(address, "/", nil, nil))}}
	got, err := loop.Run(t.Context(), p, s)
	if err != nil {
		t.Fatal(err)
	}
	if got.N == 0 || got.Load.Bad != 0 || got.CPU <= 0 || got.CPU > got.Wall+100*time.Millisecond || got.Peak < 1<<20 || got.OwnCore <= 0 || got.TestCore <= 0 {
		t.Errorf("measured %+v", got)
	}
	if _, err := measure.Launch(t.Context(), p.Program); err == nil {
		t.Error("a second program was started where the first one listens")
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("tcp", address); err == nil {
		c.Close()
		t.Error("it listens after its end")
	}
}

func TestAProgramThatEndsEarlySaysWhy(t *testing.T) {
	if err := measure.Able(); err != nil {
		t.Skip(err)
	}
	address, err := measure.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	_, err = measure.Start(t.Context(), measure.Program{Path: "/bin/sh", Args: []string{"-c", "echo no such thing >&2; exit 3"}, Address: address})
	if err == nil || !strings.Contains(err.Error(), "no such thing") {
		t.Errorf("the error is %v", err)
	}
}

// TestEveryCandidateTakesItsTurn wants each candidate once a round, in an order that the seed alone decides.
func TestEveryCandidateTakesItsTurn(t *testing.T) {
	order := func(seed uint64) (turns []string) {
		plan := measure.Plan{Rounds: 4, Seed: seed}
		_, err := plan.Run(t.Context(), []string{"a", "b", "c"}, func(_ context.Context, name string) (measure.Sample, error) {
			turns = append(turns, name)
			return measure.Sample{N: 1}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return turns
	}
	first := order(1)
	for round := range 4 {
		if turn := slices.Sorted(slices.Values(first[3*round : 3*round+3])); !slices.Equal(turn, []string{"a", "b", "c"}) {
			t.Errorf("round %d: %v", round, turn)
		}
	}
	if !slices.Equal(first, order(1)) || slices.Equal(first, order(2)) {
		t.Error("the order is not the seed's")
	}
}

// TestADisturbedRoundIsRunAgain wants the calmest of at most three runs to count.
func TestADisturbedRoundIsRunAgain(t *testing.T) {
	foreign := []float64{0.9, 0.1, 0.9, 0.5, 0.7}
	plan := measure.Plan{Rounds: 2, Seed: 1, Again: 2}
	got, err := plan.Run(t.Context(), []string{"a"}, func(context.Context, string) (measure.Sample, error) {
		s := measure.Sample{N: 1, Foreign: foreign[0]}
		foreign = foreign[1:]
		return s, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	a := got["a"]
	if len(foreign) != 0 || a[0].Foreign != 0.1 || a[0].Runs != 2 || a[0].Disturbed() || a[1].Foreign != 0.5 || a[1].Runs != 3 || !a[1].Disturbed() {
		t.Errorf("%d runs are left, counted %+v", len(foreign), a)
	}
	if _, err := plan.Run(t.Context(), []string{"a"}, func(context.Context, string) (measure.Sample, error) {
		return measure.Sample{}, errors.New("broken")
	}); err == nil {
		t.Error("a candidate that fails was counted")
	}
}

func TestRatiosArePairedByRound(t *testing.T) {
	sample := func(us int) measure.Sample {
		return measure.Sample{N: 1, CPU: time.Duration(us) * time.Microsecond}
	}
	r := measure.Results{"a": {sample(10), sample(40), sample(30)}, "b": {sample(10), sample(80), sample(10)}}
	if got := r.Ratio("a", "b", measure.CPU); got != (measure.Spread{Median: 1, Min: 0.5, Max: 3}) {
		t.Errorf("the ratio is %+v", got)
	}
	if got := r.Of("b", measure.CPU); got != (measure.Spread{Median: 10, Min: 10, Max: 80}) {
		t.Errorf("b is %+v", got)
	}
	if got := measure.SpreadOf([]float64{4, 2}); got.Median != 3 {
		t.Errorf("the median of two is %v", got.Median)
	}
}
