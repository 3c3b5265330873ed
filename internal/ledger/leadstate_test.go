package ledger_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/local/azurite/azuritetest"
)

// stateClock is a clock that stands until it is moved.
type stateClock struct{ now time.Time }

func (c *stateClock) Now() time.Time { return c.now }

// stateTest is one store of lead states, empty, at a standing moment.
type stateTest struct {
	*testing.T
	states *ledger.LeadStates
	clock  *stateClock
}

func TestLeadStates(t *testing.T) {
	account, err := azure.ConnectAccount(azuritetest.Start(t).ConnectionString(), azure.NewClient())
	if err != nil {
		t.Fatal(err)
	}
	stores := map[string]func(now func() time.Time) *ledger.LeadStates{
		"memory": ledger.NewMemoryLeadStates,
		"table": func(now func() time.Time) *ledger.LeadStates {
			return ledger.NewLeadStates(account, fmt.Sprintf("state%d", time.Now().UnixNano()), nil, now)
		},
	}
	for store, open := range stores {
		for name, test := range map[string]func(stateTest){
			"OlderVersionIsStale":                      olderIsStale,
			"SameContentIsToldOnce":                    sameContent,
			"NewerVersionWithSameContentAgesTheOthers": sameContentNewer,
			"ClaimedLeadIsBusyUntilItsClaimEnds":       claimedIsBusy,
			"ContentIsUnsureAfterACrash":               unsureAfterCrash,
			"OlderVersionWaitsForTheOneThatCrashed":    olderWaits,
			"RefusedVersionFreesTheOlderOne":           refusedFrees,
			"FailedTriesAreCountedUntilASuccess":       triesCounted,
			"UntriedClaimLeavesNoTrace":                untried,
			"SettlingALostClaimIsAnError":              lostClaim,
			"ActivityIsNoVersion":                      activityIsNoVersion,
			"OneOfManyGetsTheClaim":                    oneOfMany,
			"LeadsOfOtherCRMsAreOthers":                otherCRMs,
			"SuspectsCountUntilCleared":                suspects,
		} {
			t.Run(store+"/"+name, func(t *testing.T) {
				clock := &stateClock{now: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)}
				test(stateTest{t, open(clock.Now), clock})
			})
		}
	}
}

func stateKey() ledger.LeadKey { return ledger.LeadKey{CRM: "main", Partner: "crf", ID: "a/b"} }

// told is a change of the n-th minute.
func told(n int, hash string) ledger.LeadChange {
	at := time.Date(2026, 3, 1, 0, n, 0, 123456789, time.UTC)
	return ledger.LeadChange{Version: lead.Version{Time: at, Receipt: fmt.Sprint("R", n)}, Hash: hash}
}

func (t stateTest) claim(c ledger.LeadChange, want ledger.LeadVerdict) ledger.LeadClaim {
	t.Helper()
	claim, err := t.states.Claim(t.Context(), stateKey(), c, t.clock.now.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if claim.Verdict != want {
		t.Fatalf("version %s: want verdict %d, got %d", c.Version.Receipt, want, claim.Verdict)
	}
	return claim
}

func (t stateTest) settle(claim ledger.LeadClaim, r ledger.LeadResult) {
	t.Helper()
	if err := t.states.Settle(t.Context(), claim, r); err != nil {
		t.Fatal(err)
	}
}

func (t stateTest) apply(c ledger.LeadChange) {
	t.Helper()
	t.settle(t.claim(c, ledger.LeadApply), ledger.LeadApplied)
}

func olderIsStale(t stateTest) {
	t.apply(told(2, "b"))
	t.claim(told(1, "a"), ledger.LeadStale)
	t.claim(told(1, "b"), ledger.LeadStale)
	t.apply(told(3, "a"))
}

func sameContent(t stateTest) {
	t.apply(told(1, "a"))
	t.claim(told(1, "a"), ledger.LeadUnchanged)
	t.apply(told(1, "b")) // bare payloads of one second bear the same version
}

func sameContentNewer(t stateTest) {
	t.apply(told(1, "a"))
	t.claim(told(3, "a"), ledger.LeadUnchanged)
	t.claim(told(2, "b"), ledger.LeadStale)
}

func claimedIsBusy(t stateTest) {
	t.claim(told(1, "a"), ledger.LeadApply)
	busy := t.claim(told(2, "b"), ledger.LeadBusy)
	if wait := busy.Until.Sub(t.clock.now); wait != 5*time.Second {
		t.Errorf("want to come back in 5 s, got %s", wait)
	}
	t.clock.now = t.clock.now.Add(59 * time.Second)
	busy = t.claim(told(2, "b"), ledger.LeadBusy)
	if wait := busy.Until.Sub(t.clock.now); wait != time.Second {
		t.Errorf("want to come back when the claim ends, in 1 s; got %s", wait)
	}
	t.clock.now = busy.Until
	t.apply(told(2, "b"))
	t.claim(told(1, "a"), ledger.LeadStale)
}

func unsureAfterCrash(t stateTest) {
	t.apply(told(1, "a"))
	t.claim(told(2, "b"), ledger.LeadApply) // and the process dies; the CRM may have b
	t.clock.now = t.clock.now.Add(time.Minute)
	t.apply(told(3, "a")) // so a has to be told again
}

func olderWaits(t stateTest) {
	t.claim(told(2, "b"), ledger.LeadApply)
	t.clock.now = t.clock.now.Add(time.Minute)
	t.claim(told(1, "a"), ledger.LeadBusy)
	t.apply(told(2, "b"))
	t.claim(told(1, "a"), ledger.LeadStale)

	t.claim(told(4, "d"), ledger.LeadApply) // and never comes again
	t.clock.now = t.clock.now.Add(3 * time.Hour)
	t.apply(told(3, "c"))
}

func refusedFrees(t stateTest) {
	t.settle(t.claim(told(2, "b"), ledger.LeadApply), ledger.LeadRefused)
	t.apply(told(1, "a"))
}

func triesCounted(t stateTest) {
	for n := range 3 {
		claim := t.claim(told(1, "a"), ledger.LeadApply)
		if claim.Tries != n {
			t.Errorf("want %d tries, got %d", n, claim.Tries)
		}
		t.settle(claim, ledger.LeadFailed)
	}
	t.apply(told(1, "a"))
	if claim := t.claim(told(2, "b"), ledger.LeadApply); claim.Tries != 0 {
		t.Errorf("want no tries after a success, got %d", claim.Tries)
	}
}

func untried(t stateTest) {
	t.apply(told(1, "a"))
	t.settle(t.claim(told(3, "c"), ledger.LeadApply), ledger.LeadUntried)
	t.claim(told(1, "a"), ledger.LeadUnchanged)
	t.apply(told(2, "b"))
}

func lostClaim(t stateTest) {
	slow := t.claim(told(1, "a"), ledger.LeadApply)
	t.clock.now = t.clock.now.Add(time.Minute)
	t.apply(told(2, "b"))
	if err := t.states.Settle(t.Context(), slow, ledger.LeadApplied); !errors.Is(err, ledger.ErrClaimLost) {
		t.Errorf("want ErrClaimLost, got %v", err)
	}
	t.claim(told(2, "b"), ledger.LeadUnchanged)
}

func activityIsNoVersion(t stateTest) {
	activity := told(5, "x")
	activity.Activity = true
	t.apply(activity)
	t.claim(activity, ledger.LeadUnchanged)
	t.apply(told(1, "a"))
	early := told(0, "y")
	early.Activity = true
	t.apply(early)
	t.claim(told(1, "a"), ledger.LeadUnchanged)
}

func oneOfMany(t stateTest) {
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			claim, err := t.states.Claim(t.Context(), stateKey(), told(1, "a"), t.clock.now.Add(time.Minute))
			if err != nil {
				t.Error(err)
			}
			if claim.Verdict == ledger.LeadApply {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if n := won.Load(); n != 1 {
		t.Errorf("want one claim, got %d", n)
	}
}

func otherCRMs(t stateTest) {
	t.apply(told(1, "a"))
	for _, k := range []ledger.LeadKey{{CRM: "other", Partner: "crf", ID: "a/b"}, {CRM: "main", Partner: "crfa", ID: "/b"}, {CRM: "main", Partner: "crf/a", ID: "b"}} {
		claim, err := t.states.Claim(t.Context(), k, told(1, "a"), t.clock.now.Add(time.Minute))
		if err != nil || claim.Verdict != ledger.LeadApply {
			t.Errorf("%v: want a claim, got verdict %d, %v", k, claim.Verdict, err)
		}
	}
}

func suspects(t stateTest) {
	for want := 1; want <= 3; want++ {
		if n, err := t.states.Suspect(t.Context(), "lane", "message"); n != want || err != nil {
			t.Errorf("want %d starts, got %d, %v", want, n, err)
		}
	}
	for range 2 {
		if err := t.states.Clear(t.Context(), "lane", "message"); err != nil {
			t.Error(err)
		}
	}
	if n, err := t.states.Suspect(t.Context(), "lane", "message"); n != 1 || err != nil {
		t.Errorf("want 1 start after a clear, got %d, %v", n, err)
	}
}
