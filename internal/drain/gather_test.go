package drain_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/crm/crmtest"
)

// counted is a CRM that takes a second for a call and notes how many changes each has.
type counted struct {
	crm.CRM
	mu    sync.Mutex
	sizes []int
	calls int // under way
	most  int
}

func (c *counted) Upsert(ctx context.Context, changes []crm.Change) []crm.Outcome {
	c.mu.Lock()
	c.sizes = append(c.sizes, len(changes))
	c.calls++
	c.most = max(c.most, c.calls)
	c.mu.Unlock()
	time.Sleep(time.Second)
	c.mu.Lock()
	c.calls--
	c.mu.Unlock()
	return c.CRM.Upsert(ctx, changes)
}

func TestChangesAreGatheredForACRMThatTakesBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &counted{CRM: &crmtest.Memory{}}
		s := newStorage(t, batched{target, 20})
		s.put(t, 200)
		s.slow()
		report, err := s.drainer.Run(t.Context(), s.lane)
		if report.Created != 200 || err != nil {
			t.Errorf("%+v, %v", report, err)
		}
		if len(target.sizes) > 15 || target.most != 2 || report.Elapsed > 8*time.Second {
			t.Errorf("%d calls of %v changes, %d at once, in %s", len(target.sizes), target.sizes, target.most, report.Elapsed)
		}
	})
}

func TestFewChangesAreOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &counted{CRM: &crmtest.Memory{}}
		s := newStorage(t, batched{target, 200})
		s.put(t, 5)
		s.slow()
		if report, err := s.drainer.Run(t.Context(), s.lane); report.Created != 5 || err != nil {
			t.Errorf("%+v, %v", report, err)
		}
		if fmt.Sprint(target.sizes) != "[5]" {
			t.Errorf("calls of %v changes", target.sizes)
		}
	})
}

func TestClaimsDoNotRunOutWhileChangesWaitForACall(t *testing.T) {
	bubble(t, func(w *world) {
		var left atomic.Int64
		w.crm.Fail = func(ctx context.Context, ch crm.Change) error {
			deadline, _ := ctx.Deadline()
			left.Store(int64(time.Until(deadline)))
			time.Sleep(time.Minute)
			return nil
		}
		w.lane.CRM = batched{w.crm, 1}
		for i := range 4 {
			w.inbox.put(leadNote(fmt.Sprint(i), "new"))
		}
		w.run()
		if got := time.Duration(left.Load()); got > 3*time.Minute || got < 2*time.Minute {
			w.Errorf("a change that waited a minute has %s left of the four that its claim allows", got)
		}
	})
}
