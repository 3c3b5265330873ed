package deliver_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/deliver"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
)

func TestFraudScoreAtTheLimitWaitsForAPersonAndBelowItIsTagged(t *testing.T) {
	w := newWorld(t, spec("a", func(s *registry.Spec) { s.FraudLimit = 0.5; s.Format = "cloudevents" }))
	low, high := w.lead(uuid(1), map[string]any{"fraudScore": 0.49}), w.lead(uuid(2), map[string]any{"fraudScore": 0.5})
	w.deliver(low)
	w.deliver(high)
	w.want(low, "a", ledger.Delivered)
	w.want(high, "a", ledger.Held)
	if row := w.row(low, "a"); !slices.Equal(row.Tags, []string{deliver.TagFraud}) {
		t.Errorf("the tags are %v", row.Tags)
	}
	if body := string(w.memory("a").Delivered()[0].Body); !strings.Contains(body, `"leadrelaytags":"fraud_score"`) {
		t.Errorf("the envelope does not tell the tag")
	}
	w.pass(time.Hour)
	w.mend()
	w.pass(time.Hour)
	w.want(high, "a", ledger.Held) // nobody but a person lets it go
}

func TestSameApplicantUnderAnotherLeadIDIsDroppedOrTagged(t *testing.T) {
	w := newWorld(t, spec("drop", func(s *registry.Spec) { s.Duplicates = "drop" }), spec("tag", func(s *registry.Spec) { s.Duplicates = "tag" }), spec("any"))
	first, second := w.lead(uuid(1), nil), w.lead(uuid(2), nil)
	w.deliver(first)
	w.pass(29 * 24 * time.Hour)
	w.deliver(second)
	w.deliver(w.lead(uuid(1), map[string]any{"status": "Funded"})) // an update is no other lead
	if w.got("drop") != 2 || w.got("tag") != 3 || w.got("any") != 3 {
		t.Errorf("drop got %d, tag %d, any %d", w.got("drop"), w.got("tag"), w.got("any"))
	}
	if row := w.row(second, "tag"); !slices.Contains(row.Tags, deliver.TagApplicant) {
		t.Errorf("the tags are %v", row.Tags)
	}
	w.pass(2 * 24 * time.Hour) // thirty days after the first
	w.deliver(w.lead(uuid(3), nil))
	if w.got("drop") != 3 {
		t.Errorf("after thirty days the applicant is still dropped")
	}
}

func TestLenderNeverGetsWhatItsProjectionExcludes(t *testing.T) {
	w := newWorld(t, spec("a", func(s *registry.Spec) { s.Exclude = []string{"ipAddress", "ficoScore", "statistics.latitude"} }))
	m := w.lead(uuid(1), nil)
	w.deliver(m)
	body := string(w.memory("a").Delivered()[0].Body)
	for _, gone := range []string{"ipAddress", "127.0.0.1", "_660To699", "44.9642757"} {
		if strings.Contains(body, gone) {
			t.Errorf("the body holds %s", gone)
		}
	}
	if !strings.Contains(body, "-93.2639915") || lead.WellFormed([]byte(body)) != nil {
		t.Errorf("the body has lost more, or is not JSON")
	}
}

func TestFailingFilterWaitsForAPerson(t *testing.T) {
	w := newWorld(t, spec("a", func(s *registry.Spec) { s.Filter = `data.useOfProceeds > 5` }))
	m := w.lead(uuid(1), nil)
	w.deliver(m)
	w.want(m, "a", ledger.Held)
}

func TestSecondAddressIsUsedWhenTheFirstIsAtFaultAndTheSwitchIsKept(t *testing.T) {
	next := storage.Signer.SignQueue("queue-next", "a", time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC))
	w := newWorld(t, spec("a", func(s *registry.Spec) { s.AddressNext = next }))
	w.memory("a").Fail(lead.Errorf(lead.Address, "403"))
	m := w.lead(uuid(1), nil)
	w.deliver(m)
	w.want(m, "a", ledger.Delivered)
	d, err := w.Destinations.Find(w.ctx, "a")
	if err != nil || d.Health.Address != 1 || d.State() != registry.Active {
		t.Errorf("address %d is used, it is %s %v", d.Health.Address, d.State(), err)
	}
	if w.got("a/1") != 1 {
		t.Errorf("the second address got %d", w.got("a/1"))
	}
}

func TestEventBeyondAQueueMessageGoesThroughTheOverflowContainer(t *testing.T) {
	over := storage.Signer.SignContainer("overflow", "c", time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC))
	w := newWorld(t, spec("a", func(s *registry.Spec) { s.Overflow = over }), spec("b"))
	w.memory("a").Limit, w.memory("b").Limit = 600, 600
	m := w.lead(uuid(1), nil)
	w.deliver(m)
	w.want(m, "a", ledger.Delivered)
	w.want(m, "b", ledger.Dead)
	if w.got("a/2") != 1 || w.got("a") != 1 {
		t.Fatalf("the container got %d, the queue %d", w.got("a/2"), w.got("a"))
	}
	pointer, err := lead.ParseEnvelope(w.memory("a").Delivered()[0].Body)
	if err != nil || pointer.ID != m.Envelope.ID || len(pointer.Data) != 0 {
		t.Errorf("the message is %+v %v", pointer, err)
	}
}

func TestLateTryOfAnOlderVersionIsMarkedStaleOrSkipped(t *testing.T) {
	w := newWorld(t, spec("a"), spec("skip", func(s *registry.Spec) { s.Stale = "skip" }))
	w.memory("a").Fail(down())
	w.memory("skip").Fail(down())
	old := w.lead(uuid(1), nil)
	w.deliver(old)
	w.memory("a").Fail(nil)
	w.memory("skip").Fail(nil)
	w.pass(time.Second)
	w.deliver(w.lead(uuid(1), map[string]any{"status": "Funded"}))
	w.pass(time.Minute)
	w.want(old, "a", ledger.Delivered)
	w.want(old, "skip", ledger.Dead)
	if !w.row(old, "a").Stale || !w.row(old, "skip").Stale {
		t.Error("the late tries are not marked stale")
	}
	if w.got("skip") != 1 {
		t.Errorf("skip got %d", w.got("skip"))
	}
}

func TestDestinationThatLetsNothingThroughForADayIsHeldAndKeepsEverything(t *testing.T) {
	w := newWorld(t, spec("a"))
	w.memory("a").Fail(down())
	var all []ledger.Message
	for i := range 6 {
		m := w.lead(uuid(i), nil)
		all = append(all, m)
		w.deliver(m)
		w.pass(time.Minute)
	}
	w.pass(26 * time.Hour)
	if d, err := w.Destinations.Find(w.ctx, "a"); err != nil || d.State() != registry.Held || !strings.Contains(d.Health.Reason, "nothing got through for a day") {
		t.Fatalf("it is %s: %s %v", d.State(), d.Health.Reason, err)
	}
	w.memory("a").Fail(nil)
	for range 3 {
		w.mend()
		w.pass(time.Hour)
	}
	for _, m := range all {
		w.want(m, "a", ledger.Delivered)
	}
}

func TestQuietDestinationIsNeverHeld(t *testing.T) {
	w := newWorld(t, spec("a"))
	w.deliver(w.lead(uuid(1), nil))
	w.pass(60 * 24 * time.Hour)
	w.memory("a").Fail(down())
	m := w.lead(uuid(2), nil)
	w.deliver(m)
	w.want(m, "a", ledger.InFlight)
}

func TestTriesRunOutOnlyWhereOthersGetThrough(t *testing.T) {
	w := newWorld(t, spec("a"))
	w.memory("a").Fail(down())
	m := w.lead(uuid(1), nil)
	w.deliver(m)
	w.memory("a").Fail(nil)
	w.pass(time.Second)
	w.deliver(w.lead(uuid(2), nil))
	w.memory("a").Fail(down())
	for i := range 8 { // others go through day by day, this one never
		w.pass(23 * time.Hour)
		w.memory("a").Fail(nil)
		w.deliver(w.lead(uuid(100+i), nil))
		w.memory("a").Fail(down())
	}
	if row := w.row(m, "a"); row.State != ledger.Dead || !strings.Contains(row.Reason, "tries ran out") {
		t.Errorf("it is %s: %s after %d tries", row.State, row.Reason, row.Tries)
	}
}

func TestRetryKilledBetweenMessageAndRowIsBroughtToItsNumber(t *testing.T) {
	w := newWorld(t, spec("a"))
	w.memory("a").Fail(down())
	m := w.lead(uuid(1), nil)
	w.deliver(m)
	w.queue = nil // the row is at try 1; a message for try 2 is in the intake although the row was never brought to it
	row := w.row(m, "a")
	w.memory("a").Fail(nil)
	ahead := ledger.Message{Key: m.Key, Retry: &ledger.Retry{Destination: row.Destination, Try: 2, Due: w.clock()}}
	w.deliver(ahead)
	w.want(m, "a", ledger.Delivered)
	w.deliver(ledger.Message{Key: m.Key, Retry: &ledger.Retry{Destination: row.Destination, Try: 1, Due: w.clock()}})
	if w.got("a") != 1 {
		t.Errorf("a stale number sent again: %d", w.got("a"))
	}
}

func TestClaimedDeliveryComesBackAfterItsClaim(t *testing.T) {
	w := newWorld(t, spec("a"))
	w.memory("a").Fail(down())
	m := w.lead(uuid(1), nil)
	w.deliver(m)
	row := w.row(m, "a")
	if _, take, err := w.Ledger.Claim(w.ctx, m.Key, row.Destination, 1, w.clock().Add(time.Minute)); err != nil || take != ledger.Taken {
		t.Fatal(take, err) // somebody else is at it, and is killed
	}
	w.memory("a").Fail(nil)
	w.pass(30 * time.Second)
	w.want(m, "a", ledger.InFlight)
	w.pass(time.Minute)
	w.want(m, "a", ledger.Delivered)
}

func TestOverdueRetryIsPutAgain(t *testing.T) {
	w := newWorld(t, spec("a"))
	w.memory("a").Fail(down())
	m := w.lead(uuid(1), nil)
	w.deliver(m)
	w.queue = nil // its message is lost
	w.memory("a").Fail(nil)
	w.pass(9 * time.Minute)
	w.mend()
	w.pass(time.Second)
	w.want(m, "a", ledger.InFlight)
	w.pass(2 * time.Minute)
	w.mend()
	w.pass(time.Second)
	w.want(m, "a", ledger.Delivered)
	w.wantEvent(m, ledger.Delivered)
}

func TestLogHoldsNothingOfAPersonAndNoSecret(t *testing.T) {
	secret := config.Secret("whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0")
	w := newWorld(t, spec("a", func(s *registry.Spec) { s.Filter = `data.email > 5` }), spec("b"))
	w.memory("b").Fail(lead.Errorf(lead.Address, "403"))
	w.deliver(w.lead(uuid(1), nil))
	w.pass(time.Hour)
	w.mend()
	for _, private := range []string{"bob@", "Lastnameson", "123-456", "sig=", "1234 Options", secret.Reveal()} {
		if strings.Contains(w.log.String(), private) {
			t.Errorf("the log holds %s", private)
		}
	}
}

func TestDestinationInShadowIsWrittenDownAndGetsNothing(t *testing.T) {
	shadow := func(s *registry.Spec) { s.State = registry.Shadow }
	w := newWorld(t, spec("live"), spec("shade", shadow, func(s *registry.Spec) { s.FraudLimit = 0.5 }))
	m, alone := w.lead(uuid(1), map[string]any{"fraudScore": 0.7}), w.lead(uuid(2), nil)
	w.deliver(m)
	w.deliver(m)
	w.want(m, "live", ledger.Delivered)
	w.want(m, "shade", ledger.Shadowed)
	w.wantEvent(m, ledger.Delivered)
	if row := w.row(m, "shade"); row.Reason == "" || row.Waits() {
		t.Errorf("in shadow the fraud score says %q, waits %v", row.Reason, row.Waits())
	}
	w.apply(spec("live", func(s *registry.Spec) { s.Partners = []string{"credzu"} }))
	w.pass(time.Minute)
	w.deliver(alone)
	w.wantEvent(alone, ledger.Unmatched)
	w.apply(spec("shade"))
	w.mend()
	w.pass(time.Hour)
	w.want(alone, "shade", ledger.Shadowed)
	if n := w.got("shade"); n != 0 {
		t.Errorf("the destination in shadow got %d events", n)
	}
}

func TestDeliveryUnderWayToADestinationThatGoesIntoShadowIsKept(t *testing.T) {
	w := newWorld(t, spec("acme"))
	w.memory("acme").Fail(down())
	m := w.lead(uuid(1), nil)
	w.deliver(m)
	w.apply(spec("acme", func(s *registry.Spec) { s.State = registry.Shadow }))
	w.memory("acme").Fail(nil)
	w.pass(time.Hour)
	w.want(m, "acme", ledger.Held)
	w.apply(spec("acme"))
	w.mend()
	w.pass(time.Hour)
	w.want(m, "acme", ledger.Delivered)
}
