package app

import (
	"leadrelay/internal/crm"
	"leadrelay/internal/crm/dataverse"
	"leadrelay/internal/crm/rest"
	"leadrelay/internal/crm/salesforce"
	"leadrelay/internal/destination"
	blobdestination "leadrelay/internal/destination/blob"
	queuedestination "leadrelay/internal/destination/queue"
	webhookdestination "leadrelay/internal/destination/webhook"
	"leadrelay/internal/inbox"
	blobinbox "leadrelay/internal/inbox/blob"
	queueinbox "leadrelay/internal/inbox/queue"
	"leadrelay/internal/partner"
	"leadrelay/internal/partner/cr3dentials"
	"leadrelay/internal/partner/credzu"
	"leadrelay/internal/partner/crf"
	"leadrelay/internal/partner/referral"
)

// partnerDriver is a kind of partner with what its document makes the defaults of its route.
type partnerDriver struct {
	open    partner.Open
	maxBody int
	// keepInvalid answers 200 to what is authentic but unusable: a failed answer would switch us off.
	keepInvalid bool
	reactivate  string // what its document says about being heard of again
	refers      bool   // its events are about leads that another partner sent, under their ids
}

// The one registry: a new driver is one line here.

func partners() map[string]partnerDriver {
	return map[string]partnerDriver{
		"crf": {open: crf.Open, maxBody: 256 << 10, reactivate: "CRF Connect: check the destination in the portal; its Send Lead button sends a lead again by its id."},
		"credzu": {open: credzu.Open, maxBody: 256 << 10, refers: true,
			reactivate: "Credzu marks an event as failed 85 s after its first try and tells its support: retrieve what was missed by Get Events, or contact Credzu support."},
		"cr3dentials": {open: cr3dentials.Open, maxBody: 1 << 20, keepInvalid: true,
			reactivate: "Cr3dentials marks a webhook as inactive after 5 failed attempts: reactivate it in the Partner Portal."},
		"referral": {open: referral.Open, maxBody: 256 << 10,
			reactivate: "The referral partner disables an endpoint after 5 days of failures: mend it, then have it enabled again in the partner's portal."},
	}
}

func destinations() map[string]destination.Open {
	return map[string]destination.Open{
		"queue":   queuedestination.Open,
		"blob":    blobdestination.Open,
		"webhook": webhookdestination.Open,
	}
}

func inboxes() map[string]inbox.Open {
	return map[string]inbox.Open{
		"queue": queueinbox.Open,
		"blob":  blobinbox.Open,
	}
}

func crms() map[string]crm.Open {
	return map[string]crm.Open{
		"dataverse":  dataverse.Open,
		"rest":       rest.Open,
		"salesforce": salesforce.Open,
	}
}
