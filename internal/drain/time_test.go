package drain_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/crm/crmtest"
	"leadrelay/internal/drain"
	"leadrelay/internal/inbox"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
)

func TestBudgetEndsNewWorkBeforeTheDeadline(t *testing.T) {
	bubble(t, func(w *world) {
		for i := range 2000 {
			w.inbox.put(leadNote(fmt.Sprint(i), "new"))
		}
		w.crm.Fail = func(context.Context, crm.Change) error { time.Sleep(16 * time.Second); return nil }
		ctx, cancel := context.WithTimeout(w.Context(), 5*time.Minute)
		defer cancel()
		report, err := w.drainer.Run(ctx, w.lane)
		if err != nil {
			w.Errorf("running out of time is no error: %v", err)
		}
		if report.Elapsed < 4*time.Minute+30*time.Second || report.Elapsed > 4*time.Minute+46*time.Second {
			w.Errorf("want it to end 30 s before its deadline, it ran %s", report.Elapsed)
		}
		if report.Created+report.Released != report.Taken || w.inbox.Len() != 2000-report.Created {
			w.Errorf("want everything in the CRM or back, got %+v with %d left", report, w.inbox.Len())
		}
	})
}

func TestCancelledRunGivesBackAndTheNextOneEndsTheSame(t *testing.T) {
	bubble(t, func(w *world) {
		for i := range 100 {
			w.inbox.put(leadNote(fmt.Sprint(i), "new"))
		}
		w.crm.Fail = func(ctx context.Context, _ crm.Change) error {
			select {
			case <-time.After(15 * time.Second):
				return nil
			case <-ctx.Done():
				return &lead.Error{Kind: lead.Unavailable, Err: ctx.Err()}
			}
		}
		ctx, cancel := context.WithTimeout(w.Context(), 20500*time.Millisecond)
		defer cancel()
		w.drainer.Margin = time.Nanosecond
		report, err := w.drainer.Run(ctx, w.lane)
		if err != nil || report.Released == 0 || report.Unknown != 0 || report.Elapsed > 21*time.Second {
			w.Errorf("want it to end at once and give back, got %+v, %v", report, err)
		}
		w.crm.Fail = nil
		time.Sleep(5 * time.Second)
		w.run()
		if n, told := len(w.crm.Records()), len(w.crm.Told()); n != 100 || told != 100 || w.inbox.Len() != 0 {
			w.Errorf("want 100 records, told once each; got %d, told %d, %d left", n, told, w.inbox.Len())
		}
	})
}

func TestPanickingCRMLosesNothing(t *testing.T) {
	bubble(t, func(w *world) {
		w.inbox.put(leadNote("a", "new"), leadNote("b", "new"))
		w.crm.Fail = func(context.Context, crm.Change) error { panic(email) }
		w.wantReport(w.run(), drain.Report{Taken: 2, Released: 2})
		w.crm.Fail = nil
		time.Sleep(5 * time.Second)
		w.wantReport(w.run(), drain.Report{Taken: 2, Created: 2})
		if strings.Contains(w.log.b.String(), email) {
			w.Error("the log holds what the CRM panicked with")
		}
	})
}

func TestLeasesAreRenewedWhileWorkIsLong(t *testing.T) {
	bubble(t, func(w *world) {
		w.inbox.put(leadNote("a", "new"))
		for _, word := range []string{"one", "two", "three", "four", "five"} {
			w.inbox.put(activityNote("a", word))
		}
		w.crm.Fail = func(context.Context, crm.Change) error { time.Sleep(3 * time.Minute); return nil } // 18 min in all
		ended := make(chan struct{})
		go func() {
			for time.Sleep(time.Second); ; time.Sleep(10 * time.Second) {
				select {
				case <-ended:
					return
				default:
				}
				if messages, err := w.inbox.Memory.Receive(w.Context(), 32, time.Second); len(messages) > 0 || err != nil {
					w.Errorf("somebody else sees %d leased messages, %v", len(messages), err)
				}
			}
		}()
		w.wantReport(w.run(), drain.Report{Taken: 6, Created: 1, Updated: 5})
		close(ended)
		time.Sleep(10 * time.Second)
	})
}

func TestLostLeaseIsNotSent(t *testing.T) {
	bubble(t, func(w *world) {
		w.inbox.put(leadNote("a", "new"), activityNote("a", "one"), activityNote("a", "two"))
		w.crm.Fail = func(context.Context, crm.Change) error { time.Sleep(3 * time.Minute); return nil }
		w.inbox.fail = func(op string) error {
			if op == "extend" {
				return inbox.ErrLeaseLost
			}
			return nil
		}
		w.wantReport(w.run(), drain.Report{Taken: 3, Unknown: 3})
		if n := len(w.crm.Told()); n != 1 {
			w.Errorf("want only the change told whose call had begun, got %d", n)
		}
	})
}

func TestSlowLeadHoldsUpNoOther(t *testing.T) {
	bubble(t, func(w *world) {
		w.inbox.put(leadNote("slow", "new"))
		for i := range 640 {
			w.inbox.put(leadNote(fmt.Sprint(i), "new"))
		}
		start := time.Now()
		var last atomic.Int64
		w.crm.Fail = func(_ context.Context, ch crm.Change) error {
			if ch.Event.Lead.ID == "slow" {
				time.Sleep(3 * time.Minute)
			}
			return nil
		}
		w.inbox.onAck = func(body []byte) {
			if !strings.Contains(string(body), "slow") {
				last.Add(1)
			}
		}
		go func() {
			time.Sleep(time.Minute)
			if n := last.Load(); n < 640 {
				w.Errorf("after a minute only %d leads were through", n)
			}
		}()
		w.run()
		if took := time.Since(start); took > 3*time.Minute+time.Second {
			w.Errorf("it took %s", took)
		}
	})
}

func TestVersionsInTwoBatchesAreToldOneAfterTheOther(t *testing.T) {
	bubble(t, func(w *world) {
		w.inbox.put(leadNote("a", "first"))
		for i := range 32 {
			w.inbox.put(leadNote(fmt.Sprint(i), "new"))
		}
		w.inbox.put(leadNote("a", "second"))
		w.crm.Fail = func(context.Context, crm.Change) error { time.Sleep(time.Second); return nil }
		if report := w.run(); report.Released != 0 || report.Created != 33 || report.Updated+report.Stale != 1 {
			w.Errorf("want nothing given back, got %+v", report)
		}
		w.wantStatus("a", "second")
	})
}

func TestLeadThatAnotherDrainIsAtComesBackLater(t *testing.T) {
	bubble(t, func(w *world) {
		w.inbox.put(leadNote("a", "new"))
		key := ledger.LeadKey{CRM: "crm", Partner: "acme", ID: "a"}
		other := ledger.LeadChange{Version: lead.Version{Time: time.Now().Add(-time.Hour)}, Hash: "x"}
		if _, err := w.drainer.States.Claim(w.Context(), key, other, time.Now().Add(3*time.Minute)); err != nil {
			w.Fatal(err)
		}
		w.wantReport(w.run(), drain.Report{Taken: 1, Released: 1})
		if w.inbox.unseen != 5*time.Second {
			w.Errorf("want it back soon, got %s", w.inbox.unseen)
		}
		time.Sleep(3 * time.Minute)
		w.wantReport(w.run(), drain.Report{Taken: 1, Created: 1})
	})
}

func TestDrainThatSleptThroughItsClaimDoesNoHarm(t *testing.T) {
	bubble(t, func(w *world) {
		at := time.Now()
		w.inbox.put(enveloped(leadNote("a", "first"), at, "R1"))
		asleep := *w.drainer
		lane := w.lane
		lane.Inbox = &watchedInbox{Memory: w.inbox.Memory, fail: func(op string) error {
			if op == "extend" {
				return lead.Errorf(lead.Unavailable, "asleep")
			}
			return nil
		}}
		slow := &crmtest.Memory{Fail: func(context.Context, crm.Change) error { time.Sleep(30 * time.Minute); return nil }}
		lane.CRM = slow
		ended := make(chan drain.Report)
		go func() {
			report, _ := asleep.Run(w.Context(), lane)
			ended <- report
		}()
		time.Sleep(10 * time.Minute)
		w.inbox.put(enveloped(leadNote("a", "second"), at.Add(time.Minute), "R2"))
		w.wantReport(w.run(), drain.Report{Taken: 2, Created: 1, Stale: 1})
		w.wantReport(<-ended, drain.Report{Taken: 1, Unknown: 1})
		w.inbox.put(enveloped(leadNote("a", "second"), at.Add(time.Minute), "R2"))
		w.wantReport(w.run(), drain.Report{Taken: 1, Unchanged: 1})
	})
}
