// Package stack runs all of leadrelay on one machine: Azurite, the Functions host and the handler, with a demo lender.
//
// It is what `leadctl up` starts. Everything binds loopback; whatever it started it stops.
package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"leadrelay/internal/app"
	"leadrelay/internal/config"
	"leadrelay/local/azurite"
)

// Options say what to run. The zero value is: in memory, on free ports, under the stand-in host.
type Options struct {
	Data      string       // the folder that keeps storage and keys; empty means in memory
	Port      int          // of the webhook URL; 0 takes a free one
	Storage   [3]int       // Azurite's ports: blob, queue, table; 0 takes a free one
	Lease     string       // of the intake's messages under the stand-in host, a Go duration; empty is the host's 10m
	CRM       string       // a simulated one that is drained into: dataverse or salesforce; empty is the leads table
	CoreTools bool         // run `func start` of installed Core Tools instead of the stand-in host
	Environ   []string     // settings beside our own, os.Environ() as a rule: more partners, other schedules
	Say       func(string) // progress, a line at a time
	Log       io.Writer    // the host's and the handler's lines
}

// Info is what a client needs to know of a running stack; `leadctl up --json` prints it.
type Info struct {
	URL          string                 `json:"url"`
	Storage      string                 `json:"storage"`
	Partners     map[string]PartnerInfo `json:"partners"`
	Destinations []DestinationInfo      `json:"destinations"`
	PIDs         PIDs                   `json:"pids"`
}

// PartnerInfo is how a partner reaches us and proves itself.
type PartnerInfo struct {
	URL        string `json:"url"`
	Header     string `json:"header,omitempty"`
	Secret     string `json:"secret,omitempty"`
	Token      string `json:"token,omitempty"`
	HMACSecret string `json:"hmac_secret,omitempty"`
	SvixSecret string `json:"svix_secret,omitempty"`
}

// DestinationInfo is a demo lender's far side.
type DestinationInfo struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
	URL  string `json:"url"` // the SAS URL as the lender pasted it
}

// PIDs are the processes; the handler's changes when the host restarts it.
type PIDs struct {
	Host    int `json:"host"`
	Handler int `json:"handler"`
	Azurite int `json:"azurite"`
}

// Stack is a running leadrelay.
type Stack struct {
	opts     Options
	keys     keys
	root     string // the app root that the host runs: what `make package` lays out
	azurite  *azurite.Server
	backend  *app.Backend
	lender   lender
	crm      *crmSim // nil: the leads table
	host     *host
	settings []string
}

// Start brings everything up and returns when the host is ready for requests.
func Start(ctx context.Context, opts Options) (s *Stack, err error) {
	s = &Stack{opts: opts}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.keys, err = loadKeys(opts.Data); err != nil {
		return s, err
	}
	if s.crm, err = startCRM(opts.CRM, s.keys.CRF); err != nil {
		return s, err
	}
	if s.root, err = os.MkdirTemp("", "leadrelay-up-"); err != nil {
		return s, fmt.Errorf("make the app root: %w", err)
	}
	for _, step := range []func(context.Context) error{s.startStorage, s.setup, s.build, s.startHost} {
		if err := step(ctx); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s *Stack) startStorage(ctx context.Context) error {
	if !azurite.Installed() {
		s.opts.Say("installing Azurite (once, some seconds)")
		if err := azurite.Install(ctx); err != nil {
			return err
		}
	}
	s.opts.Say("starting Azurite")
	var err error
	s.azurite, err = azurite.Start(context.WithoutCancel(ctx), azurite.Options{Data: s.opts.Data,
		BlobPort: s.opts.Storage[0], QueuePort: s.opts.Storage[1], TablePort: s.opts.Storage[2]})
	return err
}

// setup creates queues, containers and tables, and registers the demo lender's destinations.
func (s *Stack) setup(ctx context.Context) error {
	s.opts.Say("creating queues, containers and tables")
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	env := config.New(append(s.keys.settings(), "AzureWebJobsStorage="+s.azurite.ConnectionString()))
	s.backend = app.OpenBackend(env, time.Now)
	if err := env.Err(); err != nil {
		return err
	}
	if err := s.backend.Setup(ctx); err != nil {
		return err
	}
	var err error
	if s.lender, err = newLender(ctx, s.backend, s.azurite.ConnectionString()); err != nil {
		return err
	}
	s.opts.Say("registering two destinations of " + lenderName + " by SAS URL")
	return s.lender.register(ctx, s.backend.Destinations)
}

func (s *Stack) startHost(ctx context.Context) error {
	s.opts.Say("starting the Functions host")
	if s.opts.CoreTools && s.opts.Port == 0 {
		var err error
		if s.opts.Port, err = freePort(); err != nil {
			return err
		}
	}
	s.settings = s.environ()
	s.host = newHost(s.opts, s.root, filepath.Join(s.root, "bin", "host"), s.settings)
	return s.host.start(ctx)
}

// Backend reaches the stack's storage.
func (s *Stack) Backend() *app.Backend { return s.backend }

// Failed is closed when the host cannot be kept running; Err then says why.
func (s *Stack) Failed() <-chan struct{} { return s.host.failed }

// Err is why the host could not be kept running.
func (s *Stack) Err() error { return s.host.err }

// Info describes the stack as it is now.
func (s *Stack) Info() Info {
	url, host, handler := s.host.where()
	return Info{URL: url, Storage: s.azurite.ConnectionString(), Partners: s.partners(url), Destinations: s.lender.infos(),
		PIDs: PIDs{Host: host, Handler: handler, Azurite: s.azurite.PID()}}
}

// Close stops what runs, host first, and removes the app root.
func (s *Stack) Close() error {
	var errs []error
	if s.host != nil {
		errs = append(errs, s.host.stop())
	}
	if s.azurite != nil {
		errs = append(errs, s.azurite.Close())
	}
	if s.crm != nil {
		s.crm.close()
	}
	if s.root != "" {
		errs = append(errs, os.RemoveAll(s.root))
	}
	return errors.Join(errs...)
}

// Settings are what the handler reads, for other programs that look into the stack: storage, keys, partners, lanes, CRMs.
func (s *Stack) Settings() []string {
	var out []string
	for _, kv := range s.settings {
		for _, prefix := range []string{"AzureWebJobsStorage=", "LEADRELAY_", "PARTNER_", "INBOX_", "CRM_"} {
			if strings.HasPrefix(kv, prefix) {
				out = append(out, kv)
			}
		}
	}
	return out
}

// Lender is the name of the demo lender's queue and container.
func (s *Stack) Lender() string { return lenderPlace }
