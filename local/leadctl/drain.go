package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"leadrelay/internal/app"
	"leadrelay/internal/drain"
	"leadrelay/internal/inbox"
)

// drainFlags are the flags of drain.
type drainFlags struct{ once, json bool }

func drainCommand(storage *storageFlag) *cobra.Command {
	f := &drainFlags{}
	cmd := &cobra.Command{
		Use:   "drain [lane]",
		Short: "Drain inboxes into their CRMs now, whatever their schedules say",
		Long: `drain does by hand what the Drain function does on its schedule: it leases what waits in a lane's inbox, or in those of
all lanes, and writes it to the lane's CRM. It ends when nothing more comes through; what was given back waits for its
time and is left. Lanes are read from INBOX_…, PARTNER_… and CRM_… in the environment, as the handler reads them; while
` + "`leadctl up`" + ` runs, its lanes are drained unless the environment names others.`,
		Example: `  leadctl drain
  leadctl drain crf --once --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := storage.app()
			if err != nil {
				return err
			}
			lanes, err := pickLanes(a, args)
			if err != nil {
				return err
			}
			return f.run(cmd.Context(), cmd.OutOrStdout(), a.Drainer(), lanes)
		},
	}
	cmd.Flags().BoolVar(&f.once, "once", false, "one run of each lane, even when a second one would find more")
	cmd.Flags().BoolVar(&f.json, "json", false, "one JSON object a line, one line a run")
	return cmd
}

// app is the product as the handler sees it, but for its log.
func (f *storageFlag) app() (*app.App, error) {
	environ, err := f.laneEnviron()
	if err != nil {
		return nil, err
	}
	return app.New(environ, slog.New(slog.DiscardHandler), time.Now)
}

// pickLanes is the named lane, or all of them.
func pickLanes(a *app.App, args []string) ([]drain.Lane, error) {
	lanes := a.Lanes()
	if len(lanes) == 0 {
		return nil, errors.New("there are no lanes: set INBOX_<LANE>_KIND, _URL and _CRM as the handler has them, or start `leadctl up`")
	}
	if len(args) == 0 {
		return lanes, nil
	}
	names := ""
	for _, l := range lanes {
		if l.Name == args[0] {
			return []drain.Lane{l}, nil
		}
		names += " " + l.Name
	}
	return nil, fmt.Errorf("there is no lane %s; there are:%s", args[0], names)
}

func (f *drainFlags) run(ctx context.Context, out io.Writer, d *drain.Drainer, lanes []drain.Lane) error {
	var errs []error
	for _, lane := range lanes {
		bar := newDrainBar(ctx, out, f.json, lane)
		d.OnSettled = bar.settled
		for {
			bar.runs++
			report, err := d.RunNow(ctx, lane)
			if printErr := bar.done(report, err); printErr != nil {
				return printErr
			}
			if err != nil {
				errs = append(errs, err)
			}
			if ctx.Err() != nil {
				return errors.Join(append(errs, errors.New("stopped"))...)
			}
			if f.once || err != nil || report.Taken == report.Released+report.Unknown {
				break
			}
		}
	}
	return errors.Join(errs...)
}

// shownRun is a run for scripts.
type shownRun struct {
	Lane      string `json:"lane"`
	Taken     int    `json:"taken"`
	Created   int    `json:"created"`
	Updated   int    `json:"updated"`
	Unchanged int    `json:"unchanged"`
	Stale     int    `json:"stale"`
	Released  int    `json:"released"`
	Buried    int    `json:"buried"`
	Tests     int    `json:"tests"`
	Unknown   int    `json:"unknown"`
	Left      *int   `json:"left"` // null when the inbox does not tell
	OldestMS  int64  `json:"oldest_ms"`
	MS        int64  `json:"ms"`
	Error     string `json:"error,omitempty"`
}

func showRun(lane string, r drain.Report, err error) shownRun {
	s := shownRun{Lane: lane, Taken: r.Taken, Created: r.Created, Updated: r.Updated, Unchanged: r.Unchanged, Stale: r.Stale, Released: r.Released,
		Buried: r.Buried, Tests: r.Tests, Unknown: r.Unknown, OldestMS: r.OldestAge.Milliseconds(), MS: r.Elapsed.Milliseconds(), Error: errorText(err)}
	if r.Left != drain.LeftUnknown {
		s.Left = &r.Left
	}
	return s
}

// drainBar tells of a lane: as a bar on a terminal, a line a run when piped, or as JSON lines.
type drainBar struct {
	out   io.Writer
	json  bool
	live  bool
	lane  string
	total int // messages at the start; 0: not known
	runs  int
	last  time.Time
}

func newDrainBar(ctx context.Context, out io.Writer, asJSON bool, lane drain.Lane) *drainBar {
	b := &drainBar{out: out, json: asJSON, live: !asJSON && isTerminal(out), lane: lane.Name}
	if counted, ok := lane.Inbox.(inbox.Counted); ok && b.live {
		b.total, _ = counted.Count(ctx) // 0: the bar has no end
	}
	return b
}

// settled draws the bar, at most twenty times a second.
func (b *drainBar) settled(_ string, r drain.Report) {
	if !b.live || time.Since(b.last) < 50*time.Millisecond {
		return
	}
	b.last = time.Now()
	const width = 30
	n := settledOf(r)
	fill, of := width, ""
	if b.total > 0 {
		b.total = max(b.total, n) // more came in the meantime
		fill, of = width*n/b.total, fmt.Sprintf("/%d", b.total)
	}
	fmt.Fprintf(b.out, "\r\x1b[K%-12s [%-*s] %d%s  created %d, updated %d, released %d, buried %d", b.lane, width, strings.Repeat("#", fill), n, of,
		r.Created, r.Updated, r.Released, r.Buried)
}

func settledOf(r drain.Report) int {
	return r.Created + r.Updated + r.Unchanged + r.Stale + r.Released + r.Buried + r.Tests + r.Unknown
}

// done tells of a run that has ended.
func (b *drainBar) done(r drain.Report, runErr error) error {
	if b.json {
		return json.NewEncoder(b.out).Encode(showRun(b.lane, r, runErr))
	}
	if b.live {
		fmt.Fprint(b.out, "\r\x1b[K")
	}
	if b.runs > 1 && r.Taken == 0 && runErr == nil {
		return nil // the run that only found out that nothing is left
	}
	left := "?"
	if r.Left != drain.LeftUnknown {
		left = fmt.Sprint(r.Left)
	}
	_, err := fmt.Fprintf(b.out, "%-12s taken %d: created %d, updated %d, unchanged %d, stale %d, released %d, buried %d, tests %d, unknown %d; left %s; oldest %s; in %s\n",
		b.lane, r.Taken, r.Created, r.Updated, r.Unchanged, r.Stale, r.Released, r.Buried, r.Tests, r.Unknown, left,
		r.OldestAge.Round(time.Second), r.Elapsed.Round(time.Millisecond))
	return err
}
