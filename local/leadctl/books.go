package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"leadrelay/internal/console"
	"leadrelay/internal/ledger"
)

func booksCommand(storage *storageFlag) *cobra.Command {
	day, days, sender, asJSON := "", 7, "", false
	cmd := &cobra.Command{
		Use:   "books",
		Short: "Prove that every receipt is accounted for",
		Long: `books adds up, by partner and UTC day of receipt: receipts = events by their one state + duplicates. A second sum tells for
each destination what it was to get, by state. Days that are over are kept as totals until something of them changes.
Beside them stand the depths of the intake, of the host's poison queue and of the spill.

A difference is an error: its line names the receipts that nothing in the ledger stands for, and the exit code is 1.
Receipts that came within the last ten minutes and are still being opened count as arriving.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			to := time.Now().UTC()
			from := to.AddDate(0, 0, 1-max(days, 1))
			if day != "" {
				var err error
				if from, err = time.Parse(time.DateOnly, day); err != nil {
					return fmt.Errorf("--day wants a UTC day such as 2026-11-21")
				}
				to = from
			}
			c, err := storage.console(cmd)
			if err != nil {
				return err
			}
			b, err := c.Books(cmd.Context(), sender, from, to)
			if err != nil {
				return err
			}
			if err := printBooks(cmd.OutOrStdout(), b, asJSON); err != nil {
				return err
			}
			return bookErrors(cmd.ErrOrStderr(), b)
		},
	}
	cmd.Flags().StringVar(&day, "day", "", "one UTC day, 2026-11-21")
	cmd.Flags().IntVar(&days, "days", days, "the last so many days")
	cmd.Flags().StringVar(&sender, "partner", "", "one partner only")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object for each day and partner, and one with the depths")
	cmd.MarkFlagsMutuallyExclusive("day", "days")
	return cmd
}

// bookErrors prints a line for each difference and is an error when there is one.
func bookErrors(errOut io.Writer, b console.Books) error {
	for _, d := range b.Days {
		if d.Difference() == 0 {
			continue
		}
		fmt.Fprintf(errOut, "difference: %s %s: %d not accounted for", d.Day, d.Partner, d.Difference())
		for _, receipt := range d.Lost[:min(len(d.Lost), 20)] {
			fmt.Fprintf(errOut, " %s", receipt)
		}
		for _, id := range slices.Sorted(maps.Keys(d.Missing)) {
			fmt.Fprintf(errOut, " (%d deliveries to %s are missing)", d.Missing[id], b.Name(id))
		}
		fmt.Fprintln(errOut)
	}
	if n := b.Difference(); n != 0 {
		return fmt.Errorf("the books do not balance: %d not accounted for", n)
	}
	return nil
}

func printBooks(out io.Writer, b console.Books, asJSON bool) error {
	if asJSON {
		return printBooksJSON(out, b)
	}
	states := []ledger.State{ledger.InFlight, ledger.Held, ledger.Dead, ledger.Rejected, ledger.Delivered, ledger.Unmatched}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "DAY\tPARTNER\tRECEIPTS\tIN FLIGHT\tHELD\tDEAD\tREJECTED\tDELIVERED\tUNMATCHED\tDUPLICATES\tARRIVING\tDIFFERENCE\t")
	for _, d := range b.Days {
		fmt.Fprintf(w, "%s\t%s\t%d", d.Day, d.Partner, d.Receipts)
		for _, s := range states {
			fmt.Fprintf(w, "\t%d", d.Events[s])
		}
		note := ""
		if d.Closed {
			note = "closed"
		}
		if d.Replayed > 0 {
			note += fmt.Sprintf(" %d put in again by us", d.Replayed)
		}
		fmt.Fprintf(w, "\t%d\t%d\t%d\t%s\n", d.Duplicates, d.Arriving, d.Difference(), note)
		for _, id := range slices.Sorted(maps.Keys(d.Destinations)) {
			by, sum := d.Destinations[id], 0
			for s, n := range by {
				if s != ledger.Shadowed {
					sum += n
				}
			}
			note = ""
			if n := by[ledger.Shadowed]; n > 0 {
				note = fmt.Sprintf("%d in shadow", n)
			}
			fmt.Fprintf(w, "\t→ %s\t%d\t%d\t%d\t%d\t\t%d\t\t\t\t\t%s\n", b.Name(id), sum, by[ledger.InFlight], by[ledger.Held], by[ledger.Dead], by[ledger.Delivered], note)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	more := ""
	if b.Depths.More {
		more = " and more"
	}
	_, err := fmt.Fprintf(out, "intake %d, poison %d, spill %d%s\n", b.Depths.Intake, b.Depths.Poison, b.Depths.Spill, more)
	return err
}

func printBooksJSON(out io.Writer, b console.Books) error {
	enc := json.NewEncoder(out)
	for _, d := range b.Days {
		line := struct {
			ledger.Book
			Names      map[string]string `json:"names"` // of the destinations
			Difference int               `json:"difference"`
		}{d, map[string]string{}, d.Difference()}
		for id := range d.Destinations {
			line.Names[id] = b.Name(id)
		}
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
	return enc.Encode(map[string]ledger.Depths{"depths": b.Depths})
}
