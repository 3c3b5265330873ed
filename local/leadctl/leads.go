package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"leadrelay/internal/crm/table"
)

func leadsCommand(storage *storageFlag) *cobra.Command {
	cmd := &cobra.Command{Use: "leads", Short: "Look at the built-in leads table"}
	asJSON := false
	list := &cobra.Command{
		Use:   "list",
		Short: "List the leads that were drained into the leads table",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := storage.open()
			if err != nil {
				return err
			}
			print, flush := printLeads(cmd.OutOrStdout(), asJSON)
			for l, err := range s.Leads.List(cmd.Context()) {
				if err != nil {
					return err
				}
				if err := print(l); err != nil {
					return err
				}
			}
			return flush()
		},
	}
	list.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line, every column")
	cmd.AddCommand(list)
	return cmd
}

// printLeads prints rows as they come, as JSON lines or as a table for people.
func printLeads(out io.Writer, asJSON bool) (print func(table.Lead) error, flush func() error) {
	if asJSON {
		enc := json.NewEncoder(out)
		return func(l table.Lead) error { return enc.Encode(l) }, func() error { return nil }
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	n := 0
	return func(l table.Lead) error {
			if n++; n == 1 {
				fmt.Fprintln(w, "PARTNER\tLEAD\tSTATUS\tAMOUNT\tBUSINESS\tRECEIVED")
			}
			_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", l.Partner, l.ID, l.Status, l.RequestedAmount, l.BusinessName, l.ReceivedAt.UTC().Format(time.DateTime))
			return err
		}, func() error {
			if n == 0 {
				fmt.Fprintln(w, "no leads yet")
			}
			return w.Flush()
		}
}
