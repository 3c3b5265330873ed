package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"leadrelay/internal/console"
)

func shadowCommand(storage *storageFlag) *cobra.Command {
	since, limit, next, asJSON := "7d", 50, "", false
	cmd := &cobra.Command{
		Use:   "shadow NAME",
		Short: "Say what a destination would have got, by its rules of now",
		Long: `shadow judges the events that came since a time by the rules that a destination has now, the newest first, a page at a
time. Nothing is sent, whatever the destination's state. What says no is told for each event.

To watch a destination before it gets anything, apply it with state: shadow; then each event that comes is written down as
shadowed there (leadctl events list --destination NAME --state shadowed), and nothing is sent either.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 1 || limit > 500 {
				return errors.New("--limit must be between 1 and 500")
			}
			from, err := when(since, time.Now())
			if err != nil {
				return fmt.Errorf("--since: %w", err)
			}
			c, err := storage.console(cmd)
			if err != nil {
				return err
			}
			page, err := c.Shadow(cmd.Context(), args[0], from, limit, next)
			if err != nil {
				return err
			}
			return printShadow(cmd.OutOrStdout(), page, asJSON)
		},
	}
	cmd.Flags().StringVar(&since, "since", since, "since a time, or so long ago: 24h, 7d")
	cmd.Flags().IntVar(&limit, "limit", limit, "events on a page")
	cmd.Flags().StringVar(&next, "next", "", "go on where a page ended")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func printShadow(out io.Writer, page console.Judgements, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(out)
		for _, j := range page.Events {
			if err := enc.Encode(j); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		return enc.Encode(map[string]string{"next": page.Next})
	}
	gets, unknown := 0, 0
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i, j := range page.Events {
		if i == 0 {
			fmt.Fprintln(w, "RECEIPT\tRECEIVED\tPARTNER\tTYPE\tLEAD\tGETS IT\tWHY NOT\tTHEN")
		}
		says := "no"
		switch {
		case j.Unknown:
			says = "?"
			unknown++
		case j.Gets:
			says = "yes"
			gets++
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", j.Receipt, j.Received.UTC().Format(time.DateTime), j.Partner, j.Type, j.Lead, says, j.Why, j.Then)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d of %d events", gets, len(page.Events)-unknown)
	if unknown > 0 {
		fmt.Fprintf(out, " (%d more cannot be judged)", unknown)
	}
	fmt.Fprintln(out)
	if page.Next != "" {
		fmt.Fprintf(out, "more: --next %s (looked back to %s)\n", page.Next, page.Back.UTC().Format(time.DateTime))
	}
	return nil
}
