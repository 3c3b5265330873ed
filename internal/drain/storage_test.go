package drain_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/crm"
	"leadrelay/internal/drain"
	"leadrelay/internal/inbox"
	"leadrelay/internal/inbox/queue"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner"
	"leadrelay/local/azuresim"
)

// storage is a lane whose queue and lead states are in a simulated storage account, without sockets.
type storage struct {
	sim     *azuresim.Server
	account *azure.Account
	drainer *drain.Drainer
	lane    drain.Lane
}

func newStorage(tb testing.TB, target crm.CRM) *storage {
	tb.Helper()
	sim := azuresim.New(azuresim.Options{LogSize: 1})
	tb.Cleanup(sim.Close)
	client := &http.Client{Transport: sim.Process()}
	account, err := azure.ConnectAccount(sim.ConnectionString(), client)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := account.Queue("leads").Create(tb.Context(), nil); err != nil {
		tb.Fatal(err)
	}
	if _, err := account.Table("teststate").CreateTable(tb.Context(), nil); err != nil {
		tb.Fatal(err)
	}
	sign, err := azure.NewSigner(sim.ConnectionString())
	if err != nil {
		tb.Fatal(err)
	}
	now := time.Now()
	in, err := queue.Open(inbox.Options{Address: sign.SignQueue("leads", "up", now.AddDate(0, 0, -1), now.AddDate(1, 0, 0)), Poison: noPoison{}, Client: client, Now: time.Now})
	if err != nil {
		tb.Fatal(err)
	}
	return &storage{sim: sim, account: account,
		drainer: &drain.Drainer{Partners: map[string]partner.Partner{"acme": acme{}}, Log: slog.New(slog.DiscardHandler), Now: time.Now,
			States: ledger.NewLeadStates(account, "teststate", nil, time.Now)},
		lane: drain.Lane{Name: "main", Inbox: in, PartnerName: "acme", Partner: acme{}, CRM: target, CRMName: "crm"}}
}

type noPoison struct{}

func (noPoison) Keep(context.Context, string, inbox.Message, string) error { return nil }

// put puts the first versions of n leads into the queue, side by side.
func (s *storage) put(tb testing.TB, n int) {
	tb.Helper()
	messages, at := s.account.Messages("leads"), time.Now()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			body := enveloped(leadNote(fmt.Sprint(i), "new"), at, fmt.Sprint("R", i))
			if _, err := messages.Put(tb.Context(), string(body), 0); err != nil {
				tb.Error(err)
			}
		})
	}
	wg.Wait()
}
