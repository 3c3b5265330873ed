package app

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/crm"
	"leadrelay/internal/drain"
	"leadrelay/internal/inbox"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner"
)

// openLanes reads INBOX_<LANE>_…: which inbox is drained, whose bare payloads lie in it, and into which CRM it goes.
func openLanes(env *config.Env, b *Backend, partners map[string]partner.Partner, now func() time.Time) []drain.Lane {
	var lanes []drain.Lane
	for _, name := range env.Names("INBOX") {
		s := env.Instance("INBOX", name)
		kind, address := s.OneOf("KIND", slices.Sorted(maps.Keys(inboxes()))...), s.Secret("URL")
		if address == "" {
			s.Complain("URL", "is required: the SAS URL of the inbox")
		}
		sender := s.String("PARTNER", "crf")
		from, ok := partners[sender]
		if !ok {
			s.Complain("PARTNER", "partner %s has no PARTNER_%s_ settings", sender, strings.ToUpper(sender))
		}
		target := openCRM(s, b)
		driver, known := inboxes()[kind]
		if address == "" || !known || b.Account == nil {
			continue
		}
		in, err := driver(inbox.Options{Lane: name, Address: address, Poison: poison{&ledger.Poison{Container: b.Account.Container(b.Names.Poison())}, now}, Client: b.Client, Now: now})
		if err != nil {
			s.Complain("URL", "%v", err)
			continue
		}
		lanes = append(lanes, drain.Lane{Name: name, Inbox: in, PartnerName: sender, Partner: from, CRM: target, CRMName: "table"})
	}
	return lanes
}

// openCRM is the CRM that a lane names. The leads table needs no settings.
func openCRM(s *config.Settings, b *Backend) crm.CRM {
	if s.OneOf("CRM", "table") != "table" {
		return nil
	}
	return b.Leads
}

// states are the rows by which drains take turns at a lead.
func (b *Backend) states(now func() time.Time) *ledger.LeadStates {
	return ledger.NewLeadStates(b.Account.Table(b.Names.State()), b.Hash.Of, now)
}

// poison keeps buried messages in our own storage, for inboxes whose SAS allows no poison queue beside them.
type poison struct {
	kept *ledger.Poison
	now  func() time.Time
}

func (p poison) Keep(ctx context.Context, lane string, m inbox.Message, reason string) error {
	return p.kept.Keep(ctx, ledger.Buried{Lane: lane, ID: m.ID, Inserted: m.Inserted, Buried: p.now(), Reason: reason, Body: m.Body})
}

// names lists the keys of a registry for a complaint.
func names[V any](m map[string]V) string { return strings.Join(slices.Sorted(maps.Keys(m)), ", ") }
