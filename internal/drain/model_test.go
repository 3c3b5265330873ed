package drain_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/crm/crmtest"
	"leadrelay/internal/lead"
)

// flaky is a CRM that fails now and then, before or after it took a change, and takes its time.
type flaky struct {
	*crmtest.Memory
	mu  sync.Mutex
	rng *rand.Rand
}

func (f *flaky) roll(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rng.IntN(n)
}

func (f *flaky) Upsert(ctx context.Context, changes []crm.Change) []crm.Outcome {
	outcomes := make([]crm.Outcome, len(changes))
	for i, ch := range changes {
		if f.roll(5) == 0 {
			outcomes[i].Err = lead.Errorf(lead.Unavailable, "before")
			continue
		}
		select {
		case <-time.After(time.Duration(f.roll(2000)) * time.Millisecond):
		case <-ctx.Done():
			outcomes[i].Err = lead.Errorf(lead.Unavailable, "ended")
			continue
		}
		outcomes[i] = f.Memory.Upsert(context.WithoutCancel(ctx), []crm.Change{ch})[0]
		if f.roll(5) == 0 {
			outcomes[i] = crm.Outcome{Err: lead.Errorf(lead.Internal, "after")}
		}
	}
	return outcomes
}

// batched is a CRM that takes changes by the batch.
type batched struct {
	crm.CRM
	size int
}

func (b batched) BatchSize() int { return b.size }

// Versions of some leads come shuffled and some of them twice; two drains at once work on them, are cut short at any
// moment, and the CRM fails. In the end the CRM has the newest of each, and never went back to an older one.
func TestNewestVersionWinsWhateverHappens(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { model(newWorld(t), seed) })
		})
	}
}

func model(w *world, seed uint64) {
	const leads, versions = 12, 8
	rng := rand.New(rand.NewPCG(seed, 1))
	start := time.Now()
	var bodies [][]byte
	for l := range leads {
		for v := range versions {
			at := start.Add(time.Duration(v) * time.Second)
			body := enveloped(leadNote(fmt.Sprint(l), fmt.Sprint(v)), at, fmt.Sprintf("R%02d", v))
			for range 1 + rng.IntN(2) {
				bodies = append(bodies, body)
			}
		}
	}
	rng.Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
	w.lane.CRM = &flaky{Memory: w.crm, rng: rand.New(rand.NewPCG(seed, 2))}
	if seed%2 == 1 {
		w.lane.CRM = batched{w.lane.CRM, 5}
	}
	w.drainer.Margin = time.Nanosecond
	for round := 0; round < 400 && (w.inbox.Len() > 0 || len(bodies) > 0); round++ {
		n := min(len(bodies), 20)
		w.inbox.put(bodies[:n]...)
		bodies = bodies[n:]
		var wg sync.WaitGroup
		for range 2 {
			limit := time.Duration(1+rng.IntN(40_000)) * time.Millisecond
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(w.Context(), limit)
				defer cancel()
				_, _ = w.drainer.Run(ctx, w.lane) // it may say that the CRM is down
			})
		}
		wg.Wait()
		time.Sleep(time.Minute)
	}
	if n := w.inbox.Len(); n != 0 {
		w.Errorf("%d messages left", n)
	}
	newest := map[string]lead.Version{}
	for _, ch := range w.crm.Told() {
		id := ch.Event.Lead.ID
		if ch.Version.Compare(newest[id]) < 0 {
			w.Errorf("lead %s went back to version %s", id, ch.Version.Receipt)
		}
		newest[id] = ch.Version
	}
	for l := range leads {
		w.wantStatus(fmt.Sprint(l), fmt.Sprint(versions-1))
	}
}
