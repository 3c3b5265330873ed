package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"leadrelay/internal/app"
	"leadrelay/internal/config"
	"leadrelay/internal/console"
	"leadrelay/internal/deliver"
	"leadrelay/internal/lead"
	"leadrelay/internal/registry"
)

// deliverer is the flow that delivers, with the partners that the environment sets.
func (f *storageFlag) deliverer(log io.Writer) (*deliver.Deliverer, error) {
	environ, err := f.environ()
	if err != nil {
		return nil, err
	}
	env := config.New(environ)
	b, partners := app.OpenBackend(env, time.Now), app.Partners(env, time.Now)
	if err := env.Err(); err != nil {
		return nil, err
	}
	return b.Deliverer(partners, slog.New(slog.NewTextHandler(log, nil))), nil
}

func showDestinationCommand(storage *storageFlag) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "Show one destination: its rules, its state, and why",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := storage.console(cmd)
			if err != nil {
				return err
			}
			d, err := c.Destinations.Find(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			h, err := c.HealthOf(cmd.Context(), d)
			if err != nil {
				return err
			}
			return showDestination(cmd.OutOrStdout(), d, h, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object")
	return cmd
}

func showDestination(out io.Writer, d registry.Destination, h console.Health, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(struct {
			shownDestination
			Health console.Health `json:"health"`
		}{shown(d), h})
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(name string, v any) {
		if s := fmt.Sprint(v); s != "" && s != "[]" && s != "0" {
			fmt.Fprintf(w, "%s\t%s\n", name, s)
		}
	}
	c := d.Config
	line("name", d.Name)
	line("id", d.ID)
	line("lender", d.Lender)
	line("kind", d.Kind)
	line("colour", strings.TrimSpace(h.Colour+" "+h.Reason))
	if !d.Health.Turned.IsZero() {
		line(d.Health.Colour+" since", moment(d.Health.Turned))
	}
	line("success", fmt.Sprintf("1 h %s, 24 h %s, 7 d %s", percent(h.Hour), percent(h.Day), percent(h.Week)))
	line("last delivery", moment(h.Last))
	line("backlog", backlog(h))
	line("oldest waiting", moment(h.Oldest))
	line("state", d.State())
	line("since", d.Since.UTC().Format(time.DateTime))
	if d.Health.Held {
		line("held since", d.Health.Since.UTC().Format(time.DateTime))
		line("reason", d.Health.Reason)
		line("next probe", d.Health.NextProbe.UTC().Format(time.DateTime))
	}
	line("failed tries", d.Health.Failures)
	line("place", d.Place)
	line("fault", errorText(d.Fault))
	if !d.Expires.IsZero() {
		line("SAS days", int(time.Until(d.Expires).Hours()/24))
	}
	line("encoding", c.Encoding)
	line("format", c.Format)
	line("partners", c.Partners)
	line("events", c.Events)
	line("updates", c.Updates)
	line("filter", c.Filter)
	line("include", c.Include)
	line("exclude", c.Exclude)
	line("duplicates", c.Duplicates)
	line("fraud limit", c.FraudLimit)
	line("stale", c.Stale)
	line("created", d.Created.UTC().Format(time.DateTime))
	line("changed", d.Changed.UTC().Format(time.DateTime))
	return w.Flush()
}

// decisionCommands are what a person decides about a destination.
func decisionCommands(storage *storageFlag) []*cobra.Command {
	decide := func(use, short, done string, do func(context.Context, *registry.Registry, registry.Destination) error) *cobra.Command {
		return &cobra.Command{Use: use + " NAME", Short: short, Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
			b, err := storage.backend()
			if err != nil {
				return err
			}
			d, err := b.Destinations.Find(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if err := do(cmd.Context(), b.Destinations, d); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", d.Name, done)
			return err
		}}
	}
	want := func(s registry.State) func(context.Context, *registry.Registry, registry.Destination) error {
		return func(ctx context.Context, r *registry.Registry, d registry.Destination) error {
			return r.Want(ctx, d, s)
		}
	}
	yes := false
	remove := decide("remove", "Remove a destination; what is open for it is closed as dead", "is removed", func(ctx context.Context, r *registry.Registry, d registry.Destination) error {
		if !yes {
			return errors.New("what waits for it will be closed as dead, and its id is never used again; say --yes")
		}
		return r.Want(ctx, d, registry.Removed)
	})
	remove.Flags().BoolVar(&yes, "yes", false, "do it")
	return []*cobra.Command{
		decide("pause", "Keep a destination's events until it is resumed", "is paused; its events wait", want(registry.Paused)),
		decide("resume", "Let a paused destination get its events again", "is resumed; what waits is released by the next sweep", want(registry.Active)),
		decide("release", "Say that a held destination is repaired", "is released; what waits goes out by the next sweep",
			func(ctx context.Context, r *registry.Registry, d registry.Destination) error {
				return r.Mended(ctx, d.ID)
			}),
		remove,
	}
}

func testDestinationCommand(storage *storageFlag) *cobra.Command {
	yes := false
	cmd := &cobra.Command{
		Use:   "test NAME",
		Short: "Send a marked test event and say what the far side answers",
		Long: `test sends one event that is marked as a test, now, whatever the destination's state. Our drain drops it. A destination
in format raw or template gets a bare payload with "leadrelaytest": true, which another reader may take for a lead: say --yes.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := storage.deliverer(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			to, err := d.Destinations.Find(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if to.Config.Format != "cloudevents" && !yes {
				return fmt.Errorf("%s takes format %s, which cannot mark an event as a test for every reader; say --yes", to.Name, to.Config.Format)
			}
			started := time.Now()
			receipt, err := d.Test(cmd.Context(), to)
			took := time.Since(started).Milliseconds()
			if err != nil {
				return fmt.Errorf("after %d ms: %w (%s)", took, err, whatToDo(err))
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s answered %d in %d ms %s\n", to.Name, receipt.Code, took, receipt.ID)
			return err
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "send it although its readers may take it for a lead")
	return cmd
}

// whatToDo says what an operator can do about an error of a far side.
func whatToDo(err error) string {
	switch lead.KindOf(err) {
	case lead.Address:
		return "the address or its SAS is at fault: ask the lender for a new one"
	case lead.Unavailable:
		return "the far side is unreachable or busy: events are kept and tried again"
	case lead.Refused, lead.TooLarge:
		return "the far side takes no such event"
	}
	return "see the log"
}

func explainCommand(storage *storageFlag) *cobra.Command {
	id, sender, asJSON := "", "crf", false
	cmd := &cobra.Command{
		Use:   "explain --lead ID",
		Short: "Say which destinations a stored event is for, and which condition says no for the others",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := storage.deliverer(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			keys, err := d.Ledger.Versions(cmd.Context(), d.Ledger.Hash.Of("lead", sender, strings.ToLower(id)))
			if err != nil {
				return err
			}
			if len(keys) == 0 {
				return fmt.Errorf("the ledger knows no lead %s of %s", id, sender)
			}
			for _, key := range keys {
				if err := explainOne(cmd.Context(), cmd.OutOrStdout(), d, key, asJSON); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&id, "lead", "", "the lead's id")
	cmd.Flags().StringVar(&sender, "partner", sender, "the partner's name")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	_ = cmd.MarkFlagRequired("lead") // the flag exists
	return cmd
}

func explainOne(ctx context.Context, out io.Writer, d *deliver.Deliverer, key string, asJSON bool) error {
	e, ok, err := d.Ledger.Event(ctx, key)
	if err != nil || !ok {
		return err
	}
	verdicts, err := d.Explain(ctx, e)
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(out).Encode(struct {
			Event    string            `json:"event"`
			Receipt  string            `json:"receipt"`
			Received time.Time         `json:"received"`
			Verdicts []deliver.Verdict `json:"verdicts"`
		}{key, e.Receipt, e.Received, verdicts})
	}
	fmt.Fprintf(out, "%s  received %s  %s\n", e.Receipt, e.Received.UTC().Format(time.DateTime), e.State)
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	for _, v := range verdicts {
		says := "yes"
		if !v.Gets {
			says = "no: " + strings.Join(v.Why, "; ")
		}
		fmt.Fprintf(w, "  %s\tnow %s\tthen %s\n", v.Destination, says, v.Then)
	}
	return w.Flush()
}
