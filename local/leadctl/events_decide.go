package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"leadrelay/internal/console"
)

// eventsDecideCommands are what a person decides about an event that waits for one.
func eventsDecideCommands(storage *storageFlag) []*cobra.Command {
	decide := func(use, short, done string, do func(*console.Console, context.Context, string, string, console.Who) ([]console.Outcome, error)) *cobra.Command {
		destination, asJSON, who := "", false, whoFlags{}
		cmd := &cobra.Command{Use: use + " RECEIPT", Short: short, Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
			c, err := storage.console(cmd)
			if err != nil {
				return err
			}
			outcomes, err := do(c, cmd.Context(), args[0], destination, who.who())
			printErr := printOutcomes(cmd.OutOrStdout(), outcomes, done, false, asJSON)
			return errors.Join(err, printErr, refusedAll(outcomes))
		}}
		cmd.Flags().StringVar(&destination, "destination", "", "only its delivery to this destination (default: all that wait)")
		cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
		who.add(cmd.Flags())
		return cmd
	}
	return []*cobra.Command{
		decide("release", "Let an event go that waits for a person", "released", (*console.Console).Release),
		decide("refuse", "End an event that waits for a person", "refused", (*console.Console).Refuse),
	}
}

func eventsEraseCommand(storage *storageFlag) *cobra.Command {
	lead, sender, yes, asJSON, who := "", "crf", false, false, whoFlags{}
	cmd := &cobra.Command{
		Use:   "erase --lead ID",
		Short: "Erase one person's lead from all that we keep",
		Long: `erase takes away every payload and personal field of a lead that we keep: in the ledger and its claims, in the built-in leads
table, and among the messages that a drain buried. A keyed hash stays, so that a duplicate is still known. What lies in
lenders' storage is listed and not touched. Deliveries that are still open end as dead: there is nothing to send any more.

Events of the lead that are just on their way into the ledger are not found: erase again when the intake is empty. What
another partner knows of the person, such as a verification, is a lead of that partner: erase it by --partner and its id there.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !yes {
				return errors.New("it cannot be undone; say --yes")
			}
			c, err := storage.console(cmd)
			if err != nil {
				return err
			}
			e, err := c.Erase(cmd.Context(), sender, lead, who.who())
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(e)
			}
			return showErasure(cmd.OutOrStdout(), e)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&lead, "lead", "", "the lead's id")
	flags.StringVar(&sender, "partner", sender, "the partner's name")
	flags.BoolVar(&yes, "yes", false, "do it")
	flags.BoolVar(&asJSON, "json", false, "one JSON object")
	who.add(flags)
	_ = cmd.MarkFlagRequired("lead") // the flag exists
	return cmd
}

func showErasure(out io.Writer, e console.Erasure) error {
	fmt.Fprintf(out, "erased %d events (%d of them refused at the door), %d buried messages; %d events had been erased before\n", len(e.Events), len(e.Rejected), len(e.Poison), e.Before)
	if e.Table {
		fmt.Fprintln(out, "erased from the leads table")
	}
	if len(e.Copies) == 0 {
		_, err := fmt.Fprintln(out, "no lender was sent anything")
		return err
	}
	fmt.Fprintln(out, "in lenders' storage, not touched:")
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	for _, c := range e.Copies {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.Receipt, c.Lender, c.Destination, c.Place, c.State, c.Sent.UTC().Format(time.DateTime), c.FarID)
	}
	return w.Flush()
}
