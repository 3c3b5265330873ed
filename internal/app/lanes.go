package app

import (
	"context"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/config"
	"leadrelay/internal/crm"
	"leadrelay/internal/drain"
	"leadrelay/internal/httpclient"
	"leadrelay/internal/inbox"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner"
	"leadrelay/internal/schedule"
)

// Lanes are the lanes in the order of their names.
func (a *App) Lanes() []drain.Lane { return a.lanes }

// Drainer drains them.
func (a *App) Drainer() *drain.Drainer { return a.drain }

// openLanes reads INBOX_<LANE>_…: which inbox is drained and when, whose bare payloads lie in it, and into which CRM it goes.
func openLanes(env *config.Env, b *Backend, partners map[string]partner.Partner, now func() time.Time) []drain.Lane {
	var lanes []drain.Lane
	targets := openCRMs(env, b, crms(), now)
	for _, name := range env.Names("INBOX") {
		s := env.Instance("INBOX", name)
		lane := drain.Lane{Name: name, PartnerName: s.String("PARTNER", "crf"), CRMName: s.String("CRM", "table"),
			InFlight: s.Int("AT_ONCE", 0, 1, 64), Notes: s.OneOf("UNLINKED", "wait", "note") == "note"}
		var ok bool
		if lane.Partner, ok = partners[lane.PartnerName]; !ok {
			s.Complain("PARTNER", "partner %s has no PARTNER_%s_ settings", lane.PartnerName, strings.ToUpper(lane.PartnerName))
		}
		if lane.CRM, ok = targets[lane.CRMName]; !ok {
			s.Complain("CRM", "there is no CRM %s; there are %s", lane.CRMName, names(targets))
		}
		var err error
		if lane.Schedule, err = schedule.Parse(s.String("SCHEDULE", "")); err != nil {
			s.Complain("SCHEDULE", "%v", err)
		}
		if lane.Inbox = openInbox(s, b, now); lane.Inbox == nil {
			continue
		}
		lane.Overflow = openOverflow(s, b, now)
		state := b.Account.Table(b.Names.State())
		lane.Runs, lane.Links = &ledger.LaneRuns{Table: state, Now: now}, b.Links()
		lanes = append(lanes, lane)
	}
	return lanes
}

// maxOverflow bounds a payload of an overflow container: the largest body that any partner may send.
const maxOverflow = 8 << 20

// openOverflow reads OVERFLOW_URL: the SAS URL (sp=r) of the lender's overflow container. Nil when there is none.
func openOverflow(s *config.Settings, b *Backend, now func() time.Time) drain.Overflow {
	address := s.Secret("OVERFLOW_URL")
	if address == "" {
		return nil
	}
	sas, err := azure.ParseSAS(address.Reveal(), azure.Container)
	if err == nil && !strings.Contains(sas.Permissions(), "r") {
		err = lead.Errorf(lead.Address, "the SAS has no permission to read (sp=r)")
	}
	if err != nil {
		s.Complain("OVERFLOW_URL", "%v", err)
		return nil
	}
	return func(ctx context.Context, ref string) ([]byte, error) {
		name, ok := strings.CutPrefix(ref, sas.Bare()+"/")
		if !ok {
			return nil, lead.Errorf(lead.Address, "a message names a payload outside the lane's overflow container")
		}
		container, err := sas.Container(b.Client)
		if err != nil {
			return nil, err
		}
		resp, err := container.NewBlobClient(name).DownloadStream(ctx, nil)
		if err != nil {
			return nil, azure.Classify(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxOverflow))
		return body, azure.Classify(err)
	}
}

// openInbox is the inbox of a lane, nil when its settings are at fault.
func openInbox(s *config.Settings, b *Backend, now func() time.Time) inbox.Inbox {
	kind, address := s.OneOf("KIND", "queue", "blob"), s.Secret("URL")
	settle, prefix, clientID := s.OneOf("SETTLE", inbox.SettleDelete, inbox.SettleMove), s.String("PREFIX", ""), s.String("CLIENT_ID", "")
	if address == "" {
		s.Complain("URL", "is required: the SAS URL of the inbox, or its plain https URL for a managed identity")
	}
	driver, known := inboxes()[kind]
	if address == "" || !known || b.Account == nil {
		return nil
	}
	o := inbox.Options{Lane: s.Name(), Address: address, Settle: settle, Prefix: prefix, Poison: poison{b.Poison(), now}, Client: b.Client, Now: now}
	var err error
	if !strings.Contains(address.Reveal(), "?") {
		if o.Credential, err = azure.Credential(clientID, b.Client); err != nil {
			s.Complain("URL", "has no SAS, and there is no managed identity: %v", azure.Classify(err))
			return nil
		}
	}
	in, err := driver(o)
	if err != nil {
		s.Complain("URL", "%v", err)
		return nil
	}
	return in
}

// openCRMs opens the leads table, "table", which needs no settings, and every CRM that has some: CRM_<NAME>_KIND, by
// default the name, and what its driver reads. Lanes that name the same CRM share it.
func openCRMs(env *config.Env, b *Backend, drivers map[string]crm.Open, now func() time.Time) map[string]crm.CRM {
	opened := map[string]crm.CRM{"table": b.Leads}
	guarded := httpclient.NewClient(httpclient.Options{})
	for _, name := range env.Names("CRM") {
		s := env.Instance("CRM", name)
		open, ok := drivers[s.String("KIND", name)]
		if !ok {
			s.Complain("KIND", "there is no CRM driver of that name; there are %s", names(drivers))
			continue
		}
		opened[name] = open(s, crm.Options{Client: guarded, Now: now})
	}
	return opened
}

// states are the rows by which drains take turns at a lead.
func (b *Backend) states(now func() time.Time) *ledger.LeadStates {
	return ledger.NewLeadStates(b.Account, b.Names.State(), b.Hash.Of, now)
}

// Links tie partners' sessions to leads.
func (b *Backend) Links() *ledger.Links {
	return &ledger.Links{Table: b.Account.Table(b.Names.State()), Hash: b.Hash.Of, Now: b.now}
}

// Poison keeps what was buried.
func (st Store) Poison() *ledger.Poison {
	return &ledger.Poison{Container: st.Account.Container(st.Names.Poison())}
}

// LaneRuns are the remembered runs of the lanes.
func (st Store) LaneRuns() *ledger.LaneRuns {
	return &ledger.LaneRuns{Table: st.Account.Table(st.Names.State()), Now: st.now}
}

// poison keeps buried messages in our own storage, for inboxes whose SAS allows no poison place beside them.
type poison struct {
	kept *ledger.Poison
	now  func() time.Time
}

func (p poison) Keep(ctx context.Context, lane string, m inbox.Message, reason string) error {
	return p.kept.Keep(ctx, ledger.Buried{Lane: lane, ID: m.ID, Inserted: m.Inserted, Buried: p.now(), Reason: reason, Body: m.Body})
}

// names lists the keys of a registry for a complaint.
func names[V any](m map[string]V) string { return strings.Join(slices.Sorted(maps.Keys(m)), ", ") }

// OpenPartner is a partner that can decode and prove nothing, for looking at payloads; ok is false for an unknown kind.
func OpenPartner(kind string, now func() time.Time) (p partner.Partner, ok bool) {
	driver, ok := partners()[kind]
	if !ok {
		return nil, false
	}
	return driver.open(config.New(nil).Instance("PARTNER", kind), now), true
}
