package drain_test

import (
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/crm/table"
	"leadrelay/internal/drain"
	"leadrelay/internal/inbox/inboxtest"
	"leadrelay/internal/ledger"
	"leadrelay/local/azurite/azuritetest"
)

// The leads table and the lead states as they run in production, neither of them there before.
func TestTwoDrainsFillTheLeadsTable(t *testing.T) {
	account, err := azure.ConnectAccount(azuritetest.Start(t).ConnectionString(), azure.NewClient())
	if err != nil {
		t.Fatal(err)
	}
	leads := table.New(account, "testleads", time.Now)
	drainer := &drain.Drainer{
		States: ledger.NewLeadStates(account, "teststate", nil, time.Now), Log: slog.New(slog.DiscardHandler), Now: time.Now,
	}
	box := &inboxtest.Memory{}
	lane := drain.Lane{Name: "main", Inbox: box, PartnerName: "acme", Partner: acme{}, CRM: leads}
	const n = 60
	start := time.Now()
	for version := range 3 {
		for i := range n {
			box.Put(string(enveloped(leadNote(fmt.Sprint("lead/", i), fmt.Sprint(2-version)), start.Add(-time.Duration(version)*time.Minute), "R")))
		}
	}
	reports := make([]drain.Report, 2)
	var wg sync.WaitGroup
	for i := range reports {
		wg.Go(func() {
			var err error
			if reports[i], err = drainer.Run(t.Context(), lane); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for range 20 { // what one of them gave back because the other was at its lead
		if box.Len() == 0 {
			break
		}
		time.Sleep(time.Second)
		if _, err := drainer.Run(t.Context(), lane); err != nil {
			t.Fatal(err)
		}
	}
	if left := box.Len(); left != 0 {
		t.Errorf("%d messages left, %+v", left, reports)
	}
	count := 0
	for l, err := range leads.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if count++; l.Status != "2" || l.Email != email || l.Partner != "acme" {
			t.Errorf("lead %s has status %q", l.ID, l.Status)
		}
	}
	if count != n {
		t.Errorf("want %d leads, got %d", n, count)
	}
}
