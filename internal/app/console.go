package app

import (
	"log/slog"

	"leadrelay/internal/console"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner"
)

func (b *Backend) alerts() *ledger.Alerts {
	return &ledger.Alerts{Table: b.Account.Table(b.Names.State()), Now: b.now}
}

// Console is what an operator stands before, over this backend.
func (b *Backend) Console(partners map[string]partner.Partner, log *slog.Logger) *console.Console {
	return &console.Console{Ledger: b.Ledger, Intake: b.Intake, Poison: b.Poison(), Cursors: ledger.Cursors{Table: b.Account.Table(b.Names.State())},
		Destinations: b.Destinations, Deliver: b.Deliverer(partners, log), Partners: partners, Leads: b.Leads, Now: b.now,
		Tally: b.Tally, Alerts: b.alerts(), Runs: b.LaneRuns(), Log: log}
}
