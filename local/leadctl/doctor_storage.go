package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/app"
	"leadrelay/internal/azure"
	"leadrelay/internal/lead"
)

func (d *doctor) checkSettings(context.Context) {
	environ, err := d.storage.laneEnviron()
	if err != nil {
		d.fault("storage", err.Error(), "set AzureWebJobsStorage")
		return
	}
	a, err := d.storage.app()
	if err != nil {
		lines := strings.Split(err.Error(), "\n")
		if len(lines) > 1 {
			lines = lines[1:]
		}
		for _, line := range lines {
			name, text, _ := strings.Cut(strings.TrimSpace(line), ": ")
			d.fault(name, text, "mend the setting; the handler does not start with it")
		}
		return
	}
	d.ok("all", "%d settings are read without a complaint", len(ours(environ)))
	if len(a.Lanes()) == 0 {
		d.ok("lanes", "there are none: this deployment drains nothing")
	}
	for _, lane := range a.Lanes() {
		when := "at every firing of Drain"
		if !lane.Schedule.Always() {
			when = "next at " + lane.Schedule.Next(time.Now()).Format(time.RFC3339) + ", if drained now"
		}
		d.ok("lane "+lane.Name, "drains %s, %s", lane.PartnerName, when)
	}
}

// ours are the settings under our prefixes.
func ours(environ []string) (out []string) {
	for _, kv := range environ {
		for _, prefix := range []string{"LEADRELAY_", "PARTNER_", "INBOX_", "CRM_", "AzureWebJobsStorage"} {
			if strings.HasPrefix(kv, prefix) {
				out = append(out, kv)
			}
		}
	}
	return out
}

func (d *doctor) checkStorage(ctx context.Context) {
	st, err := d.storage.open()
	if err != nil {
		d.fault("account", err.Error(), "set AzureWebJobsStorage to the connection string of the storage account")
		return
	}
	n := st.Names
	for _, name := range []string{n.Intake(), n.IntakePoison()} {
		d.checkPlace(ctx, "queue "+name, name == n.IntakePoison(), func(ctx context.Context) (string, error) {
			resp, err := st.Account.Queue(name).GetProperties(ctx, nil)
			if err != nil || resp.ApproximateMessagesCount == nil {
				return "", err
			}
			return fmt.Sprintf(", about %d messages in it", *resp.ApproximateMessagesCount), nil
		})
	}
	for _, name := range []string{n.Spill(), n.Claims(), n.Poison()} {
		d.checkPlace(ctx, "container "+name, false, func(ctx context.Context) (string, error) {
			_, err := st.Account.Container(name).GetProperties(ctx, nil)
			return "", err
		})
	}
	for _, name := range []string{n.Ledger(), n.Index(), n.Destinations(), n.Leads(), n.State()} {
		d.checkPlace(ctx, "table "+name, false, func(ctx context.Context) (string, error) {
			_, err := st.Account.Table(name).NewListEntitiesPager(&aztables.ListEntitiesOptions{Top: to.Ptr(int32(1))}).NextPage(ctx)
			return "", err
		})
	}
	d.checkBuried(ctx, st)
}

// checkPlace tells of one queue, container or table; a missing one is created when it is first needed.
func (d *doctor) checkPlace(ctx context.Context, subject string, optional bool, look func(context.Context) (string, error)) {
	ctx, cancel := limited(ctx)
	defer cancel()
	more, err := look(ctx)
	switch told := azure.Classify(err); {
	case err == nil:
		d.ok(subject, "is there%s", more)
	case azure.NotFound(err) && optional:
		d.ok(subject, "is not there: nothing has failed yet")
	case azure.NotFound(err):
		d.warn(subject, "is not there yet", "leadctl setup creates it; so does its first use")
	case lead.KindOf(told) == lead.Address:
		d.fault(subject, told.Error(), "check the account's name and key, or the roles of the managed identity")
	default:
		d.fault(subject, told.Error(), "check that the storage account can be reached from here")
	}
}

func (d *doctor) checkBuried(ctx context.Context, st app.Store) {
	ctx, cancel := limited(ctx)
	defer cancel()
	n := 0
	for _, err := range st.Poison().List(ctx, "") {
		if err != nil {
			return // told above
		}
		n++
	}
	if n > 0 {
		d.warn("poison", fmt.Sprintf("%d messages are buried", n), "leadctl poison list says why; leadctl poison requeue puts them back")
	}
}

func (d *doctor) checkDestinations(ctx context.Context) {
	b, err := d.storage.backend()
	if err != nil {
		d.warn("registry", "cannot be opened: "+strings.ReplaceAll(err.Error(), "\n ", ""), "set LEADRELAY_HASH_KEY and LEADRELAY_SEAL_KEY as the handler has them")
		return
	}
	ctx, cancel := limited(ctx)
	defer cancel()
	list, err := b.Destinations.List(ctx)
	switch {
	case azure.NotFound(err) || err == nil && len(list) == 0:
		d.ok("registry", "no destinations are registered")
	case err != nil:
		d.fault("registry", azure.Classify(err).Error(), "")
	}
	for _, dest := range list {
		left := time.Until(dest.Expires)
		switch {
		case dest.Fault != nil:
			d.fault(dest.Name, dest.Fault.Error(), "ask "+dest.Lender+" for a new URL and apply it: leadctl destinations apply")
		case !dest.Expires.IsZero() && left < 30*24*time.Hour:
			d.warn(dest.Name, fmt.Sprintf("%s: its SAS ends in %d days", dest.Place, int(left.Hours()/24)), "ask "+dest.Lender+" for a new URL")
		case dest.Expires.IsZero():
			d.ok(dest.Name, "%s", dest.Place)
		default:
			d.ok(dest.Name, "%s, for %d days yet", dest.Place, int(left.Hours()/24))
		}
	}
}
