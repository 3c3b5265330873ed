package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/config"
	"leadrelay/internal/crm"
	"leadrelay/internal/inbox"
	"leadrelay/internal/lead"
	"leadrelay/internal/mapping"
	"leadrelay/internal/partner/crf"
)

// checkInboxes judges each lane's address, from its URL and by a call that takes nothing out.
func (d *doctor) checkInboxes(ctx context.Context) {
	environ, err := d.storage.laneEnviron()
	if err != nil {
		return // told above
	}
	env := config.New(environ)
	for _, name := range env.Names("INBOX") {
		s := env.Instance("INBOX", name)
		kind := azure.Queue
		if s.String("KIND", "queue") == "blob" {
			kind = azure.Container
		}
		d.judgeInbox(name, s.Secret("URL"), kind)
	}
	a, err := d.storage.app()
	if err != nil {
		return // told above
	}
	for _, lane := range a.Lanes() {
		counted, ok := lane.Inbox.(inbox.Counted)
		if !ok {
			continue
		}
		ctx, cancel := limited(ctx)
		n, err := counted.Count(ctx)
		cancel()
		switch {
		case err == nil:
			d.ok(lane.Name, "can be reached; about %d messages are in it", n)
		case lead.CodeOf(err) == "" && strings.Contains(err.Error(), "permission r"):
			// judgeInbox has told it
		default:
			d.fault(lane.Name, err.Error(), whatIsWrong(err))
		}
	}
}

func whatIsWrong(err error) string {
	if lead.KindOf(err) == lead.Address {
		return "check that the queue or container exists and paste a fresh SAS URL (leadctl sas check --drain judges one)"
	}
	return "check that the storage account can be reached from here"
}

func (d *doctor) judgeInbox(lane string, address config.Secret, kind azure.ServiceKind) {
	if !strings.Contains(address.Reveal(), "?") {
		d.ok(lane, "is opened by the managed identity")
		return
	}
	sas, err := azure.ParseSAS(address.Reveal(), kind)
	if err != nil {
		d.fault(lane, err.Error(), fmt.Sprintf("paste the SAS URL of the %s into INBOX_%s_URL", kind, strings.ToUpper(lane)))
		return
	}
	for _, f := range sas.Judge(azure.Drain, time.Now()) {
		do := ""
		switch {
		case f.Level == azure.Fault:
			do = "ask for a new SAS URL"
		case kind == azure.Container && strings.HasPrefix(f.Text, "grants more than is needed"):
			continue // c and w have their use, told below
		case strings.Contains(f.Text, "permission u"):
			do = "a message that is given back waits for the end of its lease (2 minutes), whatever delay was meant; add u"
		case strings.Contains(f.Text, "permission r"):
			do = "what waits is not counted; add r to have it in summaries"
		}
		d.say(f.Level, lane, f.Text, do)
	}
	if kind != azure.Container {
		return
	}
	if !sas.Permits('w') {
		d.warn(lane, "lacks the permission w, to lease blobs", "two drains at once may read the same blob (harmless, but twice the work), and delays are forgotten by a restart; add w")
	}
	if !sas.Permits('w') && !sas.Permits('c') {
		d.warn(lane, "lacks the permission c, to keep buried blobs under poison/", "they are kept in our own poison container; add c to have them beside the others")
	}
}

// checkCRMs asks each lane's CRM whether it would take leads now.
func (d *doctor) checkCRMs(ctx context.Context) {
	a, err := d.storage.app()
	if err != nil {
		return // told above
	}
	for _, lane := range a.Lanes() {
		ctx, cancel := limited(ctx)
		if err := lane.CRM.Check(ctx); err != nil {
			d.fault("lane "+lane.Name, err.Error(), "nothing is drained before this is mended")
		} else {
			d.ok("lane "+lane.Name, "its CRM takes leads")
		}
		if p, ok := lane.CRM.(crm.Preflighter); ok {
			for _, f := range p.Preflight(ctx) {
				level := map[crm.Level]azure.Level{crm.OK: azure.OK, crm.Warning: azure.Warning, crm.Fault: azure.Fault}[f.Level]
				d.say(level, "lane "+lane.Name, f.Subject+": "+f.Text, "")
			}
		}
		cancel()
	}
}

// checkMappings renders CRF Connect's sample lead by the map of each CRM that has one.
func (d *doctor) checkMappings(context.Context) {
	environ, err := d.storage.laneEnviron()
	if err != nil {
		return // told above
	}
	env := config.New(environ)
	for _, name := range env.Names("CRM") {
		s := env.Instance("CRM", name)
		kind := s.String("KIND", name)
		if _, err := mapping.Default(kind); err != nil {
			continue // a CRM without a map
		}
		m, err := mapping.Load(kind, s.String("MAPPING", ""))
		if err != nil {
			d.fault(name, err.Error(), "mend the file; leadctl mapping check tells all that is wrong with it")
			continue
		}
		r, err := renderPayload(m, "crf", crf.Sample())
		if err != nil {
			d.fault(name, "the sample lead is not rendered: "+err.Error(), "mend the map; leadctl mapping show renders a lead")
			continue
		}
		d.ok(name, "the sample lead writes %d fields", len(r.Lead.Fields))
	}
}
