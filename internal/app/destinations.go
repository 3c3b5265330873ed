package app

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/config"
	"leadrelay/internal/deliver"
	"leadrelay/internal/destination"
	"leadrelay/internal/httpclient"
	"leadrelay/internal/lead"
	"leadrelay/internal/partner"
	"leadrelay/internal/registry"
)

// opener makes destinations' drivers, with one client for storage and a guarded one for webhooks.
type opener struct {
	storage, webhooks *http.Client
	now               func() time.Time
}

func newOpener(storage *http.Client, now func() time.Time) opener {
	return opener{storage: storage, webhooks: httpclient.NewClient(httpclient.Options{}), now: now}
}

// open makes the driver for one of a destination's addresses: 0 and 1 are its address and the next one,
// deliver.Overflow its overflow container. An address at fault is an error of kind Address.
func (o opener) open(d registry.Destination, address int) (destination.Destination, error) {
	if d.Fault != nil && address == d.Health.Address {
		return nil, &lead.Error{Kind: lead.Address, Err: d.Fault}
	}
	kind, url := d.Kind, []config.Secret{d.Secrets.Address, d.Secrets.AddressNext, d.Secrets.Overflow}[address]
	if address == deliver.Overflow {
		kind = "blob"
	}
	driver, ok := destinations()[kind]
	if !ok || url == "" {
		return nil, lead.Errorf(lead.Address, "there is no such address")
	}
	client := o.storage
	if kind == "webhook" {
		client = o.webhooks
	}
	return driver(destination.Options{Address: url, Encoding: d.Config.Encoding, Client: client, Now: o.now,
		Headers: d.Secrets.Headers, Secrets: d.Secrets.Signing, AllowPrivate: d.Config.AllowPrivate})
}

// checkDestination judges what only drivers and the compiler of rules know of a destination.
func checkDestination(now func() time.Time) func(registry.Destination) error {
	o := newOpener(azure.NewClient(), now)
	return func(d registry.Destination) error {
		_, err := o.open(d, 0)
		return errors.Join(err, deliver.CheckRules(d.Config))
	}
}

// Deliverer is the flow that delivers, over this backend.
func (b *Backend) Deliverer(partners map[string]partner.Partner, log *slog.Logger) *deliver.Deliverer {
	return &deliver.Deliverer{Ledger: b.Ledger, Intake: b.Intake, Destinations: b.Destinations, Partners: partners,
		Open: newOpener(b.Client, b.now).open, Log: log, Now: b.now, Tally: b.Tally}
}
