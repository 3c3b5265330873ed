package ledger_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
)

func TestSameReceiptAgainSendsOnlyWhatIsMissing(t *testing.T) {
	b := newBook(t)
	m := b.message("A")
	o := b.open(m, ledger.First)
	if len(o.Pending) != 2 {
		t.Fatalf("%d deliveries are pending, want 2", len(o.Pending))
	}
	if _, err := b.Record(b.ctx, o.Pending[0], ledger.Outcome{State: ledger.Delivered, Started: b.now, Code: "201"}, b.now); err != nil {
		t.Fatal(err)
	}
	again := b.open(m, ledger.Again)
	if len(again.Pending) != 1 || again.Pending[0].Destination != "d2" || again.Pending[0].Name != "two" {
		t.Errorf("pending are %+v, want d2 alone", again.Pending)
	}
}

func TestAnotherReceiptIsADuplicateAndIsKept(t *testing.T) {
	b := newBook(t)
	first := b.open(b.message("A"), ledger.First)
	b.later(40 * 24 * time.Hour)
	second := b.message("A")
	if o := b.open(second, ledger.Duplicate); o.Key != first.Key {
		t.Errorf("the duplicate is of %s, want %s", o.Key, first.Key)
	}
	kept, err := b.Duplicates(b.ctx, first.Key)
	if err != nil || len(kept) != 1 || kept[second.Envelope.ID].IsZero() {
		t.Errorf("kept duplicates are %v %v, want the receipt once", kept, err)
	}
}

func TestTenCopiesAtOnceAreOneEvent(t *testing.T) {
	b := newBook(t)
	var wg sync.WaitGroup
	verdicts := make([]ledger.Verdict, 10)
	for i := range verdicts {
		m := b.message("A")
		wg.Go(func() {
			o, err := b.Open(b.ctx, m, []ledger.Target{{ID: "d1"}}, nil)
			if err != nil {
				t.Error(err)
			}
			verdicts[i] = o.Verdict
		})
	}
	wg.Wait()
	first := 0
	for _, v := range verdicts {
		if v == ledger.First {
			first++
		}
	}
	if first != 1 {
		t.Errorf("%d of ten copies are first, want one", first)
	}
}

func TestThereAndBackAgainIsThreeVersions(t *testing.T) {
	b := newBook(t)
	a := b.open(b.message("A"), ledger.First)
	b.later(time.Hour)
	changed := b.open(b.message("B"), ledger.First)
	b.later(time.Hour)
	m := b.message("A")
	reverted := b.open(m, ledger.First)
	if reverted.Key == a.Key || reverted.Key == changed.Key {
		t.Error("the return to A has the key of an older version")
	}
	if len(m.Notes) == 0 || m.Notes[0].Code != lead.NoteReverted {
		t.Errorf("its notes are %v, want reverted", m.Notes)
	}
	b.later(time.Minute)
	if o := b.open(b.message("A"), ledger.Duplicate); o.Key != reverted.Key {
		t.Error("a copy of the returned A is a duplicate of another version")
	}
}

func TestLateCopyOfAnOlderVersionIsADuplicateForTenMinutes(t *testing.T) {
	b := newBook(t)
	a := b.open(b.message("A"), ledger.First)
	b.later(time.Minute)
	b.open(b.message("B"), ledger.First)
	b.later(9 * time.Minute)
	if o := b.open(b.message("A"), ledger.Duplicate); o.Key != a.Key {
		t.Error("the late copy is a duplicate of another version")
	}
	b.later(time.Second)
	b.open(b.message("A"), ledger.First)
}

// TestVersionsAreJudgedByWhenTheyWereReceived opens messages in another order than they were received in.
func TestVersionsAreJudgedByWhenTheyWereReceived(t *testing.T) {
	b := newBook(t)
	a1 := b.message("A")
	b.later(20 * time.Minute)
	a2 := b.message("A") // a plain copy: A was the latest version then
	b.later(20 * time.Minute)
	changed := b.message("B")
	b.later(20 * time.Minute)
	a3 := b.message("A") // the return
	b.later(20 * time.Minute)
	c := b.message("C")
	b.open(a1, ledger.First)
	b.open(changed, ledger.First)
	b.open(c, ledger.First)
	b.open(a2, ledger.Duplicate)
	b.open(a3, ledger.First)
	b.later(time.Minute)
	b.open(b.message("C"), ledger.Duplicate) // C is still the latest
}

// TestKilledBetweenVersionAndEvent leaves the lead's latest version without its event, as a kill does.
func TestKilledBetweenVersionAndEventStillInsertsTheEvent(t *testing.T) {
	b := newBook(t)
	m := b.message("A")
	if _, err := b.Open(b.ctx, m, []ledger.Target{{ID: "a key that no row may have: /"}}, nil); err == nil {
		t.Fatal("the insert worked; the test needs it to fail")
	}
	b.open(m, ledger.First)
}

func TestEventForManyDestinationsIsCompletedAfterAKill(t *testing.T) {
	b := newBook(t)
	m := b.message("A")
	var targets []ledger.Target
	for i := range 250 {
		targets = append(targets, ledger.Target{ID: strings.Repeat("d", 3) + string(rune('a'+i/26)) + string(rune('a'+i%26))})
	}
	broken := append(append([]ledger.Target{}, targets[:200]...), ledger.Target{ID: "not / a key"})
	broken = append(broken, targets[200:]...)
	if _, err := b.Open(b.ctx, m, broken, nil); err == nil {
		t.Fatal("the insert worked; the test needs it to fail half way")
	}
	o, err := b.Open(b.ctx, m, targets, nil)
	if err == nil {
		t.Fatalf("a row with a broken key was inserted: %v", o.Verdict)
	}
	m = b.message("B")
	if o, err = b.Open(b.ctx, m, targets, nil); err != nil || o.Verdict != ledger.First || len(o.Pending) != 250 {
		t.Fatalf("verdict %d, %d pending, %v", o.Verdict, len(o.Pending), err)
	}
	if o, err = b.Open(b.ctx, m, nil, nil); err != nil || o.Verdict != ledger.Again || len(o.Pending) != 250 {
		t.Fatalf("verdict %d, %d pending, %v", o.Verdict, len(o.Pending), err)
	}
}

func TestRejectedEventIsKeptForNobody(t *testing.T) {
	b := newBook(t)
	m := b.message("A")
	m.Reject = &ledger.Rejection{Status: 422, Reason: "breaks its schema", Faults: []lead.Fault{{Field: "id", Rule: "required"}}}
	o, err := b.Open(b.ctx, m, nil, nil)
	if err != nil || o.State != ledger.Rejected || len(o.Pending) != 0 {
		t.Fatalf("state %s, %d pending, %v", o.State, len(o.Pending), err)
	}
	e, ok, err := b.Event(b.ctx, o.Key)
	if err != nil || !ok || e.Reject == nil || e.Reject.Faults[0].Field != "id" {
		t.Fatalf("the event is %+v %v %v", e, ok, err)
	}
	env, err := lead.ParseEnvelope(e.Envelope)
	if err != nil || string(env.Data) != string(m.Envelope.Data) {
		t.Errorf("its payload is %q %v", env.Data, err)
	}
}

func TestOverallStateIsTheFirstThatApplies(t *testing.T) {
	for want, states := range map[ledger.State][]ledger.State{
		ledger.InFlight:  {ledger.Delivered, ledger.Dead, ledger.Held, ledger.InFlight},
		ledger.Held:      {ledger.Delivered, ledger.Dead, ledger.Held},
		ledger.Dead:      {ledger.Delivered, ledger.Dead},
		ledger.Delivered: {ledger.Delivered, ledger.Delivered},
		ledger.Unmatched: nil,
	} {
		if got := ledger.Overall(states); got != want {
			t.Errorf("Overall(%v) is %s, want %s", states, got, want)
		}
	}
}

func TestUnreadableMessageIsKeptOnceByteForByte(t *testing.T) {
	b := newBook(t)
	for range 2 {
		if err := b.KeepUnreadable(b.ctx, []byte("\x00not ours"), "a test"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ledger.ParseMessage([]byte("\x00not ours")); !errors.Is(err, ledger.ErrUnreadable) {
		t.Errorf("it parses: %v", err)
	}
}

func TestRedeliveryAfterThereAndBackAgainIsStillItsOwnEvent(t *testing.T) {
	b := newBook(t)
	a := b.message("A")
	b.open(a, ledger.First)
	b.later(time.Hour)
	b.open(b.message("B"), ledger.First)
	b.later(time.Hour)
	back := b.message("A")
	b.open(back, ledger.First)
	if o := b.open(a, ledger.Again); len(o.Pending) != 2 {
		t.Errorf("%d deliveries of the first A are pending, want 2", len(o.Pending))
	}
	b.later(time.Hour)
	b.open(b.message("B"), ledger.First)
	b.later(time.Hour)
	b.open(b.message("A"), ledger.First)
	b.open(back, ledger.Again)
}
