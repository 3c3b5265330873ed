package deliver_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner"
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

func TestEventThatAlarmsIsToldBeforeItCounts(t *testing.T) {
	w := newWorld(t)
	var told []string
	w.Partners["crf"] = alarming{w.Partners["crf"]}
	down := errors.New("the state table is down")
	w.Alarm = func(_ context.Context, partner, text string, _ time.Time) error {
		told = append(told, partner+": "+text)
		return down
	}
	m := w.lead(uuid(1), nil)
	if err := w.try(m); !errors.Is(err, down) {
		t.Errorf("an alarm that cannot be told is %v: the message must come back", err)
	}
	down = nil
	w.deliver(m)
	w.wantEvent(m, ledger.Unmatched)
	if len(told) != 2 || told[1] != "crf: switched off" {
		t.Errorf("told %q", told)
	}
}

// alarming is a partner all of whose events alarm.
type alarming struct{ partner.Partner }

func (a alarming) Decode(r partner.Request, body []byte) (lead.Event, error) {
	e, err := a.Partner.Decode(r, body)
	e.Alarm = "switched off"
	return e, err
}
