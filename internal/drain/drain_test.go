package drain_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/drain"
	"leadrelay/internal/inbox"
	"leadrelay/internal/lead"
)

func bubble(t *testing.T, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(newWorld(t)) })
}

func TestEmptyInboxIsDrained(t *testing.T) {
	bubble(t, func(w *world) { w.wantReport(w.run(), drain.Report{}) })
}

func TestCRMIsAskedBeforeTheFirstLease(t *testing.T) {
	bubble(t, func(w *world) {
		w.inbox.put(leadNote("a", "new"))
		w.crm.Down = func() error { return lead.Errorf(lead.Address, "token expired") }
		if _, err := w.drainer.Run(w.Context(), w.lane); lead.KindOf(err) != lead.Address || w.inbox.taken != 0 {
			w.Errorf("want the CRM's error and nothing leased, got %v and %d batches", err, w.inbox.taken)
		}
	})
}

func TestOfSeveralVersionsOnlyTheNewestIsTold(t *testing.T) {
	bubble(t, func(w *world) {
		at := time.Now()
		w.inbox.put(enveloped(leadNote("a", "third"), at.Add(2*time.Minute), "R3"), enveloped(leadNote("a", "first"), at, "R1"),
			enveloped(leadNote("a", "second"), at.Add(time.Minute), "R2"), leadNote("b", "new"))
		w.wantReport(w.run(), drain.Report{Taken: 4, Created: 2, Stale: 2})
		w.wantStatus("a", "third")
		if n := len(w.crm.Told()); n != 2 {
			w.Errorf("want two changes told, got %d", n)
		}
	})
}

func TestLateVersionIsNotApplied(t *testing.T) {
	bubble(t, func(w *world) {
		at := time.Now()
		w.inbox.put(enveloped(leadNote("a", "second"), at.Add(time.Minute), "R2"))
		w.run()
		w.inbox.put(enveloped(leadNote("a", "first"), at, "R1"))
		w.wantReport(w.run(), drain.Report{Taken: 1, Stale: 1})
		w.wantStatus("a", "second")
	})
}

func TestReceiptBreaksTies(t *testing.T) {
	bubble(t, func(w *world) {
		at := time.Now()
		w.inbox.put(enveloped(leadNote("a", "second"), at, "R2"), enveloped(leadNote("a", "first"), at, "R1"))
		w.wantReport(w.run(), drain.Report{Taken: 2, Created: 1, Stale: 1})
		w.wantStatus("a", "second")
	})
}

func TestUnchangedContentIsNotSentAgain(t *testing.T) {
	bubble(t, func(w *world) {
		w.inbox.put(leadNote("a", "new"))
		w.run()
		w.inbox.put(leadNote("a", "new"))
		w.wantReport(w.run(), drain.Report{Taken: 1, Unchanged: 1})
		if n := len(w.crm.Told()); n != 1 {
			w.Errorf("want it told once, got %d times", n)
		}
	})
}

func TestActivitiesFollowTheirLeadInOrder(t *testing.T) {
	bubble(t, func(w *world) {
		w.inbox.put(activityNote("a", "signed"), activityNote("a", "funded"), leadNote("a", "new"), activityNote("a", "ready"))
		w.wantReport(w.run(), drain.Report{Taken: 4, Created: 1, Updated: 3})
		var told []string
		for _, ch := range w.crm.Told() {
			told = append(told, ch.Event.Type)
		}
		if got := strings.Join(told, " "); got != "acme.lead acme.signed acme.funded acme.ready" {
			w.Errorf("told: %s", got)
		}
	})
}

func TestOlderVersionIsToldWhenTheNewestIsRefused(t *testing.T) {
	bubble(t, func(w *world) {
		w.inbox.put(leadNote("a", "good"), leadNote("a", "bad"))
		w.crm.Fail = func(_ context.Context, ch crm.Change) error {
			if ch.Event.Lead.Status == "bad" {
				return lead.Errorf(lead.Refused, "status")
			}
			return nil
		}
		w.wantReport(w.run(), drain.Report{Taken: 2, Created: 1, Buried: 1})
		w.wantStatus("a", "good")
	})
}

func TestNothingIsAckedBeforeTheCRMHasIt(t *testing.T) {
	bubble(t, func(w *world) {
		const n = 200
		for i := range n {
			w.inbox.put(leadNote(fmt.Sprint(i), "new"))
		}
		var failures atomic.Int32
		w.crm.Fail = func(context.Context, crm.Change) error {
			time.Sleep(100 * time.Millisecond)
			if failures.Add(1)%3 == 0 {
				return lead.Errorf(lead.Unavailable, "500")
			}
			return nil
		}
		w.inbox.onAck = func(body []byte) {
			for _, ch := range w.crm.Told() {
				if string(ch.Payload) == string(body) {
					return
				}
			}
			w.Errorf("acked, but not in the CRM: %s", body)
		}
		for range 20 {
			w.run()
			time.Sleep(time.Minute)
		}
		if left := w.inbox.Len(); left != 0 || len(w.crm.Records()) != n {
			w.Errorf("want %d records and nothing left, got %d and %d", n, len(w.crm.Records()), left)
		}
	})
}

func TestBrokenWayGivesEverythingBack(t *testing.T) {
	bubble(t, func(w *world) {
		for i := range 500 {
			w.inbox.put(leadNote(fmt.Sprint(i), "new"))
		}
		w.crm.Fail = func(context.Context, crm.Change) error { return lead.Errorf(lead.Address, "401") }
		report, err := w.drainer.Run(w.Context(), w.lane)
		if lead.KindOf(err) != lead.Address || strings.Count(err.Error(), "401") != 1 {
			w.Errorf("want one clear error, got %v", err)
		}
		if report.Taken > 128 || report.Released != report.Taken {
			w.Errorf("want no more than was leased at once, all given back; got %+v", report)
		}
		if left, unseen := w.inbox.Len(), w.inbox.unseen; left != 500 || unseen != 0 {
			w.Errorf("want all 500 there at once, got %d in %s", left, unseen)
		}
	})
}

func TestBrokenWayStopsTheLaneThoughOthersPass(t *testing.T) {
	bubble(t, func(w *world) {
		for i := range 500 {
			w.inbox.put(leadNote(fmt.Sprint(i), "new"))
		}
		w.crm.Fail = func(_ context.Context, ch crm.Change) error {
			if ch.Event.Lead.ID == "7" {
				return lead.Errorf(lead.Address, "403")
			}
			time.Sleep(time.Second)
			return nil
		}
		report, err := w.drainer.Run(w.Context(), w.lane)
		if lead.KindOf(err) != lead.Address || report.Taken > 3*64 || report.Created+report.Released != report.Taken {
			w.Errorf("want it to stop at once, got %+v, %v", report, err)
		}
	})
}

func TestCRMThatIsDownIsLeftAlone(t *testing.T) {
	bubble(t, func(w *world) {
		for i := range 1000 {
			w.inbox.put(leadNote(fmt.Sprint(i), "new"))
		}
		w.crm.Fail = func(context.Context, crm.Change) error { return lead.Errorf(lead.Unavailable, "503") }
		report, err := w.drainer.Run(w.Context(), w.lane)
		if lead.KindOf(err) != lead.Unavailable || report.Taken > 4*32 || report.Released != report.Taken {
			w.Errorf("want the run to end early, got %+v, %v", report, err)
		}
	})
}

func TestLostSettlementIsNotFatal(t *testing.T) {
	bubble(t, func(w *world) {
		w.inbox.put(leadNote("a", "new"), leadNote("b", "new"))
		n := 0
		w.inbox.fail = func(op string) error {
			if op == "ack" {
				if n++; n == 1 {
					return inbox.ErrLeaseLost
				}
			}
			return nil
		}
		w.wantReport(w.run(), drain.Report{Taken: 2, Created: 1, Unknown: 1})
		w.inbox.fail = nil
		time.Sleep(5 * time.Minute)
		w.wantReport(w.run(), drain.Report{Taken: 1, Unchanged: 1})
	})
}

func TestInboxErrorEndsTheRunAfterWhatIsInFlight(t *testing.T) {
	bubble(t, func(w *world) {
		for i := range 64 {
			w.inbox.put(leadNote(fmt.Sprint(i), "new"))
		}
		n := 0
		w.inbox.fail = func(op string) error {
			if op == "receive" {
				if n++; n > 1 {
					return lead.Errorf(lead.Address, "SAS expired")
				}
			}
			return nil
		}
		report, err := w.drainer.Run(w.Context(), w.lane)
		if lead.KindOf(err) != lead.Address || report.Created != 32 {
			w.Errorf("want the first batch in the CRM and the inbox's error, got %+v, %v", report, err)
		}
	})
}

func TestMessageLeasedVeryOftenIsStillDrained(t *testing.T) {
	bubble(t, func(w *world) {
		for i := range 3 {
			w.inbox.put(leadNote(fmt.Sprint(i), "new"))
		}
		w.inbox.tries = 80 // an outage of the CRM does that
		w.wantReport(w.run(), drain.Report{Taken: 3, Created: 3})
	})
}

func TestMessageThatEndsTheProcessIsBuriedInTheEnd(t *testing.T) {
	bubble(t, func(w *world) {
		w.inbox.put(leadNote("a", "new"))
		w.inbox.tries = 50
		for range 3 { // three processes wrote the start down and died
			if _, err := w.drainer.States.Suspect(w.Context(), "main", "1"); err != nil {
				w.Fatal(err)
			}
		}
		w.wantReport(w.run(), drain.Report{Taken: 1, Buried: 1})
		if !strings.Contains(w.inbox.reasons(), "process ended") {
			w.Errorf("got %q", w.inbox.reasons())
		}
	})
}

func TestLanesOfOtherCRMsAreToldToo(t *testing.T) {
	bubble(t, func(w *world) {
		w.inbox.put(leadNote("a", "new"))
		w.run()
		w.inbox.put(leadNote("a", "new"))
		w.lane.CRMName = "other"
		w.run()
		if n := len(w.crm.Told()); n != 2 {
			w.Errorf("want it told twice, got %d", n)
		}
	})
}
