package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/config"
	"leadrelay/local/stack"
)

// laneEnviron is environ with lanes: those of the environment, else, when its storage is that of the stack that runs
// here, those of that stack.
func (f *storageFlag) laneEnviron() ([]string, error) {
	environ, err := f.environ()
	if err != nil {
		return nil, err
	}
	env := config.New(environ)
	if len(env.Names("INBOX")) > 0 {
		return environ, nil
	}
	r, err := findRunning()
	if err != nil || env.Global().String("AzureWebJobsStorage", "") != r.Info.Storage {
		return environ, nil
	}
	lanes, err := runningLanes(r.Info)
	if err != nil {
		return nil, err
	}
	return slices.Concat(lanes, environ, r.Settings), nil
}

// runningLanes are the settings of the running stack's partners and of its demo lender's lane, which drains the queue
// that the lender's destination fills.
func runningLanes(i stack.Info) ([]string, error) {
	var out []string
	for name, p := range i.Partners {
		prefix := "PARTNER_" + strings.ToUpper(name) + "_"
		for setting, value := range map[string]string{"SECRET": p.Secret, "HEADER": p.Header, "TOKEN": p.Token, "HMAC_SECRET": p.HMACSecret, "SVIX_SECRET": p.SvixSecret} {
			if value != "" {
				out = append(out, prefix+setting+"="+value)
			}
		}
	}
	sign, err := azure.NewSigner(i.Storage)
	if err != nil {
		return nil, err
	}
	for _, d := range i.Destinations {
		if d.Kind != "queue" {
			continue
		}
		sas, err := azure.ParseSAS(d.URL, azure.Queue)
		if err != nil {
			return nil, fmt.Errorf("the running stack's queue: %w", err)
		}
		url := sign.SignQueue(sas.Name(), "rup", time.Now().Add(-time.Hour), time.Now().AddDate(0, 3, 0))
		out = append(out, "INBOX_DEMO_KIND=queue", "INBOX_DEMO_URL="+url.Reveal(), "INBOX_DEMO_PARTNER=crf", "INBOX_DEMO_CRM=table")
		break
	}
	return out, nil
}
