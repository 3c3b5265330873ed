package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"leadrelay/internal/console"
)

// replayFlags are the flags of events replay.
type replayFlags struct {
	filter filterFlags
	order  console.Order
	who    whoFlags
	rate   float64
	resume string
	json   bool
}

func eventsReplayCommand(storage *storageFlag) *cobra.Command {
	f := &replayFlags{rate: 10}
	cmd := &cobra.Command{
		Use:   "replay [RECEIPT]",
		Short: "Send events again: one, or all that a filter means",
		Long: `replay sends an event again to where it went, or with --to to another destination if its filter says yes now (--force
sends it all the same). With --state and the other filters it replays many, oldest first, at a bounded --rate: what is dead, held,
delivered, rejected or unmatched. What has been rejected is judged by the partner's driver of today, and goes in as a new
event if it is valid now. What waits for a person is for release and refuse.

A run that was interrupted is taken up with --resume and its id; nothing is asked for twice. --dry-run only counts.
Who replayed what, why, and against which filter is written down with each event.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.rate <= 0 {
				return errors.New("--rate must be above 0")
			}
			c, err := storage.console(cmd)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return f.one(cmd.Context(), cmd.OutOrStdout(), c, args[0])
			}
			return f.many(cmd.Context(), cmd.OutOrStdout(), c)
		},
	}
	flags := cmd.Flags()
	f.filter.add(flags)
	f.who.add(flags)
	flags.StringVar(&f.order.To, "to", "", "the destination to send to (default: where it went)")
	flags.BoolVar(&f.order.Force, "force", false, "although the destination's filter says no")
	flags.BoolVar(&f.order.DryRun, "dry-run", false, "count and send nothing")
	flags.Float64Var(&f.rate, "rate", f.rate, "at most so many events a second")
	flags.StringVar(&f.resume, "resume", "", "the id of a run that was interrupted")
	flags.BoolVar(&f.json, "json", false, "one JSON object a line")
	return cmd
}

func (f *replayFlags) one(ctx context.Context, out io.Writer, c *console.Console, receipt string) error {
	outcomes, err := c.ReplayOne(ctx, receipt, f.order, f.who.who())
	printErr := printOutcomes(out, outcomes, "replayed", f.order.DryRun, f.json)
	return errors.Join(err, printErr, refusedAll(outcomes))
}

// refusedAll is the error of a command that did nothing.
func refusedAll(outcomes []console.Outcome) error {
	for _, o := range outcomes {
		if o.Refused == "" {
			return nil
		}
	}
	if len(outcomes) == 0 {
		return nil
	}
	return errors.New("nothing was done")
}

func printOutcomes(out io.Writer, outcomes []console.Outcome, done string, dry, asJSON bool) error {
	if dry {
		done = "would be " + done
	}
	enc := json.NewEncoder(out)
	for _, o := range outcomes {
		var err error
		to := ""
		if o.Destination != "" {
			to = " to " + o.Destination
		}
		switch {
		case asJSON:
			err = enc.Encode(o)
		case o.Refused != "":
			_, err = fmt.Fprintf(out, "%s%s is not %s: %s\n", o.Receipt, to, done, o.Refused)
		case o.As != "":
			_, err = fmt.Fprintf(out, "%s %s as %s\n", o.Receipt, done, o.As)
		default:
			_, err = fmt.Fprintf(out, "%s %s%s\n", o.Receipt, done, to)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *replayFlags) many(ctx context.Context, out io.Writer, c *console.Console) error {
	run, err := f.begin(ctx, c)
	if err != nil {
		return err
	}
	if !f.json && !run.Order.DryRun {
		fmt.Fprintf(out, "replay %s\n", run.ID)
	}
	told := time.Now()
	pace := console.Pace{Every: time.Duration(float64(time.Second) / f.rate), Progress: func(r console.Run) {
		if time.Since(told) < 2*time.Second {
			return
		}
		told = time.Now()
		f.tell(out, r, "… ")
	}}
	err = c.Replay(ctx, &run, pace)
	f.tell(out, run, "")
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("interrupted; go on with: leadctl events replay --resume %s", run.ID)
	}
	return err
}

func (f *replayFlags) begin(ctx context.Context, c *console.Console) (console.Run, error) {
	if f.resume != "" {
		return c.TakeUp(ctx, f.resume)
	}
	filter, err := f.filter.filter(time.Now())
	if err != nil {
		return console.Run{}, err
	}
	return c.NewRun(filter, f.order, f.who.who())
}

// tell prints how far a run has come.
func (f *replayFlags) tell(out io.Writer, r console.Run, before string) {
	if f.json {
		_ = json.NewEncoder(out).Encode(r) // a run has nothing that JSON cannot write
		return
	}
	verb := "replayed"
	if r.Order.DryRun {
		verb = "would be replayed"
	}
	fmt.Fprintf(out, "%s%d events, %d deliveries %s\n", before, r.Events, r.Replayed, verb)
	if before != "" {
		return
	}
	for _, why := range slices.Sorted(maps.Keys(r.Refused)) {
		fmt.Fprintf(out, "  %d not: %s\n", r.Refused[why], why)
	}
}
