package drain_test

import (
	"context"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/crm/crmtest"
	"leadrelay/local/azuresim"
)

// trip is how long every request to slow storage takes, and every change in a slow CRM.
const trip = 10 * time.Millisecond

func (s *storage) slow() { s.sim.Inject(azuresim.Fault{Delay: trip}) }

func slowCRM() crm.CRM {
	return &crmtest.Memory{Fail: func(context.Context, crm.Change) error { time.Sleep(trip); return nil }}
}

// The time is that of the bubble, so the rate is exact: nothing but waiting for answers is measured. A new lead is four
// round trips, one after the other: claim, upsert, settle, delete.
func TestNoBatchWaitsForAnother(t *testing.T) {
	const leads, trips = 1600, 4
	for _, inFlight := range []int{8, 32, 64} {
		synctest.Test(t, func(t *testing.T) {
			s := newStorage(t, slowCRM())
			s.put(t, leads)
			s.slow()
			s.lane.InFlight = inFlight
			report, err := s.drainer.Run(t.Context(), s.lane)
			if err != nil || report.Created != leads {
				t.Fatalf("%+v, %v", report, err)
			}
			ideal := float64(inFlight) / (trips * trip).Seconds()
			rate := float64(leads) / report.Elapsed.Seconds()
			t.Logf("%d in flight: %.0f leads/s, %.1f %% of %.0f", inFlight, rate, 100*rate/ideal, ideal)
			if rate < 0.93*ideal {
				t.Errorf("%d in flight: %.0f leads/s are less than 93 %% of %.0f", inFlight, rate, ideal)
			}
		})
	}
}

func TestNewLeadCostsFourRequestsBesideItsBatch(t *testing.T) {
	s := newStorage(t, &crmtest.Memory{})
	const leads = 128
	s.put(t, leads)
	s.sim.Forget()
	if report, err := s.drainer.Run(t.Context(), s.lane); err != nil || report.Created != leads {
		t.Fatalf("%+v, %v", report, err)
	}
	got := s.sim.Counts()
	want := map[string]int{"InsertEntity": leads, "UpdateEntity": leads, "DeleteMessage": leads, "GetMessages": leads/32 + 1}
	if !maps.Equal(got, want) { // and an upsert for each lead, in the CRM that is in memory here
		t.Errorf("want %v\n got %v", want, got)
	}
}
