package deliver_test

import (
	"testing"
	"time"

	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
)

func TestTriesAreCountedByDestinationAndHour(t *testing.T) {
	w := newWorld(t, spec("acme"))
	w.Tally = &ledger.Tally{Table: storage.Account.Table("tallyofdeliver"), Now: w.clock}
	w.memory("acme").Fail(down())
	w.deliver(w.lead(uuid(1), nil))
	w.memory("acme").Fail(nil)
	w.pass(time.Minute)
	w.memory("acme").Fail(lead.Errorf(lead.Refused, "400"))
	w.deliver(w.lead(uuid(2), nil))
	w.mend()
	d, err := w.Destinations.Find(w.ctx, "acme")
	if err != nil {
		t.Fatal(err)
	}
	hours, err := w.Tally.Hours(w.ctx, ledger.ToDestination(d.ID), w.clock().Add(-time.Hour))
	if err != nil || len(hours) != 1 {
		t.Fatalf("%+v, %v", hours, err)
	}
	if c := hours[0].Counts; c[ledger.TriesThrough] != 1 || c[ledger.TriesFailed] != 2 || c[ledger.GivenUp] != 1 {
		t.Errorf("counted %v", c)
	}
	if at := hours[0].Latest; at.IsZero() || at.Equal(w.clock()) {
		t.Errorf("the last delivery was at %v", at)
	}
}
