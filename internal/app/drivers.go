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
	refers      bool // its events are about leads that another partner sent, under their ids
}

// The one registry: a new driver is one line here.

func partners() map[string]partnerDriver {
	return map[string]partnerDriver{
		"crf":         {open: crf.Open, maxBody: 256 << 10},
		"credzu":      {open: credzu.Open, maxBody: 256 << 10, refers: true},
		"cr3dentials": {open: cr3dentials.Open, maxBody: 1 << 20, keepInvalid: true},
		"referral":    {open: referral.Open, maxBody: 256 << 10},
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
