package drain_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/crm"
	"leadrelay/internal/crm/crmtest"
	"leadrelay/internal/drain"
	"leadrelay/internal/inbox"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/schedule"
	"leadrelay/local/azurite/azuritetest"
)

// kept is what a lane keeps in the state table of an Azurite, none of it there before.
func kept(t *testing.T, now func() time.Time) (*ledger.LaneRuns, *ledger.Links) {
	t.Helper()
	account, err := azure.ConnectAccount(azuritetest.Start(t).ConnectionString(), azure.NewClient())
	if err != nil {
		t.Fatal(err)
	}
	table := account.Table("teststate")
	return &ledger.LaneRuns{Table: table, Now: now}, &ledger.Links{Table: table, Hash: ledger.NewHash(make([]byte, 32)).Of, Now: now}
}

func TestLaneIsDrainedWhenItsScheduleIsDue(t *testing.T) {
	w, now := newWorld(t), time.Date(2026, 11, 21, 9, 10, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	w.lane.Runs, _ = kept(t, clock)
	w.drainer.Now = clock
	var err error
	if w.lane.Schedule, err = schedule.Parse("0 0 * * * *"); err != nil {
		t.Fatal(err)
	}
	w.inbox.put(leadNote("a", "new"))
	for _, c := range []struct {
		after time.Duration
		taken int
		what  string
	}{
		{0, 0, "at the first look"}, {49 * time.Minute, 0, "before the hour"}, {time.Minute, 1, "at the hour"}, {59 * time.Minute, 0, "before the next hour"},
		{3 * time.Hour, 1, "hours too late"}, {0, 0, "right after it"},
	} {
		now = now.Add(c.after)
		if report := w.run(); report.Taken != c.taken {
			t.Errorf("%s: %d taken, want %d", c.what, report.Taken, c.taken)
		}
		if c.taken > 0 {
			w.inbox.put(leadNote("a", "new"))
		}
	}
	now = now.Add(time.Minute)
	if report, err := w.drainer.RunNow(t.Context(), w.lane); report.Taken != 1 || err != nil {
		t.Errorf("by hand: %+v, %v", report, err)
	}
}

func TestLastRunsAreRemembered(t *testing.T) {
	w, now := newWorld(t), time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	runs, _ := kept(t, clock)
	w.lane.Runs, w.drainer.Now = runs, clock
	for i := range 53 {
		now = now.Add(time.Minute)
		w.inbox.put(leadNote(fmt.Sprint(i), "new"))
		w.run()
	}
	now = now.Add(time.Minute)
	w.crm.Down = func() error { return lead.Errorf(lead.Address, "token expired") }
	_, _ = w.drainer.Run(t.Context(), w.lane)
	w.crm.Down = nil
	for range 60 {
		now = now.Add(time.Minute)
		w.run() // finds nothing
	}
	got, err := drain.ReadRuns(t.Context(), runs, "main")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 51 {
		t.Fatalf("%d runs, want the last one and 50 that found something", len(got))
	}
	if !got[0].Started.Equal(now) || got[0].Report.Taken != 0 || got[1].Error == "" || got[2].Report.Created != 1 || got[2].Report.Left != 0 {
		t.Errorf("got %+v", got[:3])
	}
	if other, err := drain.ReadRuns(t.Context(), runs, "other"); len(other) != 0 || err != nil {
		t.Errorf("another lane has %d runs, %v", len(other), err)
	}
}

func TestLinkedSessionReachesItsLead(t *testing.T) {
	w := newWorld(t)
	_, links := kept(t, time.Now)
	w.lane.Links = links
	w.inbox.put(leadNote("a", "new"), activityNote("session-1", "verified"), activityNote("session-1", "scored"), activityNote("session-2", "verified"))
	w.wantReport(w.run(), drain.Report{Taken: 4, Created: 1, Released: 3})
	if err := links.Set(t.Context(), "acme", "session-1", ledger.LeadRef{Partner: "acme", ID: "a"}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5100 * time.Millisecond)
	w.wantReport(w.run(), drain.Report{Taken: 3, Updated: 2, Released: 1})
	var told []string
	for _, ch := range w.crm.Told() {
		if ch.Event.Lead.ID == "a" {
			told = append(told, ch.Event.Type)
		}
	}
	if got := fmt.Sprint(told); got != "[acme.lead acme.verified acme.scored]" {
		t.Errorf("told about the lead: %s", got)
	}
}

func TestLinkToALeadThatIsNotThereWaits(t *testing.T) {
	w := newWorld(t)
	_, links := kept(t, time.Now)
	w.lane.Links = links
	if err := links.Set(t.Context(), "acme", "session", ledger.LeadRef{Partner: "acme", ID: "session"}); err != nil { // even to itself
		t.Fatal(err)
	}
	w.inbox.put(activityNote("session", "verified"))
	w.wantReport(w.run(), drain.Report{Taken: 1, Released: 1})
}

// noting is a CRM that takes notes.
type noting struct {
	*crmtest.Memory
	mu    sync.Mutex
	notes []string
	fail  error
}

func (n *noting) Note(_ context.Context, ch crm.Change) crm.Outcome {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fail != nil {
		return crm.Outcome{Err: n.fail}
	}
	n.notes = append(n.notes, ch.Event.Type)
	return crm.Outcome{Result: crm.Created}
}

func TestUnlinkedActivitiesAreNotesWhereTheLaneWantsThat(t *testing.T) {
	bubble(t, func(w *world) {
		target := &noting{Memory: w.crm}
		w.lane.CRM, w.lane.Notes = target, true
		w.inbox.put(activityNote("x", "one"), activityNote("x", "two"), leadNote("a", "new"), activityNote("a", "three"))
		w.wantReport(w.run(), drain.Report{Taken: 4, Created: 3, Updated: 1})
		if got := fmt.Sprint(target.notes); got != "[acme.one acme.two]" {
			w.Errorf("notes %s", got)
		}
		target.fail = lead.Errorf(lead.Unavailable, "down")
		w.inbox.put(activityNote("y", "one"))
		w.wantReport(w.run(), drain.Report{Taken: 1, Released: 1})
		target.fail = lead.Errorf(lead.Refused, "column x")
		time.Sleep(time.Minute)
		w.wantReport(w.run(), drain.Report{Taken: 1, Buried: 1})
		w.lane.Notes = false
		w.inbox.put(activityNote("z", "one"))
		w.wantReport(w.run(), drain.Report{Taken: 1, Released: 1})
	})
}

func TestNoMoreThanTheLimitAreInFlight(t *testing.T) {
	for _, limit := range []int{1, 2, 7, 40} {
		bubble(t, func(w *world) {
			for i := range 100 {
				w.inbox.put(leadNote(fmt.Sprint(i), "new"))
			}
			var now, most atomic.Int64
			w.crm.Fail = func(context.Context, crm.Change) error {
				n := now.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				time.Sleep(time.Second)
				now.Add(-1)
				return nil
			}
			w.lane.InFlight = limit
			taken := 0
			w.drainer.OnSettled = func(lane string, so drain.Report) {
				if taken++; lane != "main" || so.Created != taken {
					w.Errorf("told %d of lane %s as the %d.", so.Created, lane, taken)
				}
			}
			if report := w.run(); report.Created != 100 || most.Load() > int64(limit) || taken != 100 {
				w.Errorf("limit %d: %d at once, %d told, %+v", limit, most.Load(), taken, report)
			}
		})
	}
}

// brief is an inbox whose leases are short.
type brief struct {
	*watchedInbox
	longest time.Duration
}

func (b *brief) MaxLease() time.Duration { return time.Minute }

func (b *brief) Receive(ctx context.Context, limit int, lease time.Duration) ([]inbox.Message, error) {
	b.longest = max(b.longest, lease)
	return b.watchedInbox.Receive(ctx, limit, lease)
}

func TestShortLeasesAreRenewedInTime(t *testing.T) {
	bubble(t, func(w *world) {
		in := &brief{watchedInbox: w.inbox}
		w.lane.Inbox = in
		w.inbox.put(leadNote("a", "new"))
		w.crm.Fail = func(context.Context, crm.Change) error { time.Sleep(3*time.Minute + 30*time.Second); return nil }
		w.wantReport(w.run(), drain.Report{Taken: 1, Created: 1})
		if in.longest != time.Minute {
			w.Errorf("leased for %s", in.longest)
		}
	})
}

func TestEmptyMessageIsBuriedAsEmpty(t *testing.T) {
	bubble(t, func(w *world) {
		w.inbox.put(nil)
		w.wantReport(w.run(), drain.Report{Taken: 1, Buried: 1})
		if w.inbox.reasons() != "empty" {
			w.Errorf("buried for %q", w.inbox.reasons())
		}
	})
}
