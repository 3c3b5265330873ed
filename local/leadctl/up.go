package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"leadrelay/local/stack"
)

// upFlags are the flags of up.
type upFlags struct {
	demo, once, json, verbose bool
	data, host, lease, crm    string
	port, blob, queue, table  int
}

func upCommand() *cobra.Command {
	f := &upFlags{}
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run all of leadrelay on this machine",
		Long: `up starts Azurite, the Functions host and the handler, registers a demo lender's queue and container by SAS URLs as
the CRF document describes them, and stays up until Ctrl-C, which stops everything it started. A host that stops is
started again, as the platform does.

Storage is in memory unless --data names a folder. Settings in the environment (PARTNER_…, INBOX_…, DRAIN_SCHEDULE,
AzureFunctionsJobHost__…) reach the host and the handler. Other leadctl commands find the running stack by themselves.

--json prints one line when everything is ready: {"url", "storage", "partners", "destinations", "pids"}.`,
		Example: `  leadctl up --demo                 with the document's sample lead sent through it
  leadctl up --demo --once          the same, and exit 0 when the lead is in the leads table
  leadctl up --json --data ./data   for scripts, kept over restarts`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.demo, "demo", false, "play CRF Connect: post the document's sample lead and show where it goes")
	flags.BoolVar(&f.once, "once", false, "end when the demo is through (implies --demo)")
	flags.BoolVar(&f.json, "json", false, "print one line of JSON when everything is ready, and nothing else on stdout")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show the lines of host and handler on stderr")
	flags.StringVar(&f.data, "data", "", "keep storage and keys in this folder")
	flags.StringVar(&f.host, "host", "standin", "the Functions host: standin, or func (installed Core Tools)")
	flags.StringVar(&f.crm, "crm", "", "drain into a simulated CRM instead of the leads table: dataverse or salesforce")
	flags.StringVar(&f.lease, "message-lease", "", "how long the stand-in host leases a message of the intake (the real one: 10m)")
	flags.IntVar(&f.port, "port", 0, "port of the webhook URL (0: a free one)")
	flags.IntVar(&f.blob, "blob-port", 0, "port of Azurite's blobs (0: a free one)")
	flags.IntVar(&f.queue, "queue-port", 0, "port of Azurite's queues (0: a free one)")
	flags.IntVar(&f.table, "table-port", 0, "port of Azurite's tables (0: a free one)")
	return cmd
}

func (f *upFlags) run(ctx context.Context, out, errOut io.Writer) error {
	if f.host != "standin" && f.host != "func" {
		return errors.New("--host must be standin or func")
	}
	say := newTalk(out, f.json)
	log, path, closeLog, err := f.openLog(errOut)
	if err != nil {
		return err
	}
	defer closeLog()
	s, err := stack.Start(ctx, stack.Options{Data: f.data, Port: f.port, Storage: [3]int{f.blob, f.queue, f.table},
		Lease: f.lease, CRM: f.crm, CoreTools: f.host == "func", Environ: os.Environ(), Say: say.step, Log: log})
	if err != nil {
		if ctx.Err() != nil {
			return errors.New("stopped before everything was up")
		}
		return fmt.Errorf("%w\n(lines of host and handler: %s)", err, path)
	}
	defer clearRunning()
	if err := note(s); err != nil {
		return errors.Join(err, s.Close())
	}
	if f.json {
		err = json.NewEncoder(out).Encode(s.Info())
	}
	if err == nil && (f.demo || f.once) {
		err = demo(ctx, s, say)
	}
	if err == nil && !f.once {
		say.ready(s.Info(), path)
		err = stay(ctx, s)
	}
	say.step("stopping everything")
	return errors.Join(err, s.Close())
}

// stay waits for Ctrl-C, or for a host that cannot be kept running, and keeps the note for other commands true: the
// host and the handler get other process ids when they are started again.
func stay(ctx context.Context, s *stack.Stack) error {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	told := s.Info().PIDs
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.Failed():
			return s.Err()
		case <-tick.C:
		}
		if now := s.Info(); now.PIDs != told {
			if err := note(s); err != nil {
				return err
			}
			told = now.PIDs
		}
	}
}

func note(s *stack.Stack) error {
	return leaveRunning(running{PID: os.Getpid(), Settings: s.Settings(), Info: s.Info()})
}

// openLog is where the lines of host and handler go: a file, or stderr when asked.
func (f *upFlags) openLog(errOut io.Writer) (io.Writer, string, func(), error) {
	if f.verbose {
		return errOut, "above", func() {}, nil
	}
	dir := f.data
	if dir == "" {
		dir = filepath.Dir(runningPath())
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, "", nil, fmt.Errorf("open the log: %w", err)
	}
	path := filepath.Join(dir, "leadrelay-"+time.Now().Format("20060102-150405")+fmt.Sprintf("-%d.log", os.Getpid()))
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, "", nil, fmt.Errorf("open the log: %w", err)
	}
	return file, path, func() { _ = file.Close() }, nil // nothing of ours is lost in it
}
