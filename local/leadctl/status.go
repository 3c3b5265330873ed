package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"leadrelay/internal/console"
)

func statusCommand(storage *storageFlag) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show everything on one screen",
		Long: `status shows what is wrong first, then how late the intake is, and how destinations, partners, drains and books do.

A destination is green, yellow or red, with the reason. Success rates are of tries, within 1 h, 24 h and 7 d, in whole UTC
hours. The times of answers are steps of a histogram; a partner gives up a try after 10 s (Cr3dentials), and all of them
after 31 s (Cr3dentials) or 85 s (Credzu). COLD counts first requests of a process. Counts of the last seconds may be
missing. The books are those that the sweep counted within the last hour; leadctl books counts them now.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := storage.console(cmd)
			if err != nil {
				return err
			}
			s, err := c.Status(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(s)
			}
			return printStatus(cmd.OutOrStdout(), s)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object")
	return cmd
}

func printStatus(out io.Writer, s console.Status) error {
	for _, a := range s.Alerts {
		fmt.Fprintf(out, "ALERT  %s %s since %s: %s\n", a.Name, a.Subject, a.Raised.UTC().Format(time.DateTime), a.Text)
	}
	fmt.Fprintf(out, "intake %d, %.0f s late; poison %d; spill %d\n", s.Depths.Intake, s.Late, s.Depths.Poison, s.Depths.Spill)
	switch {
	case s.Books.At.IsZero():
		fmt.Fprintln(out, "books not counted yet")
	default:
		fmt.Fprintf(out, "books of two days: %d receipts, difference %d (counted %s)\n", s.Books.Receipts, s.Books.Difference, s.Books.At.Format(time.DateTime))
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(s.Destinations) > 0 {
		fmt.Fprintln(w, "\nDESTINATION\tCOLOUR\tSTATE\t1H\t24H\t7D\tLAST DELIVERY\tBACKLOG\tOLDEST WAITING\tSAS DAYS\tREASON")
	}
	for _, h := range s.Destinations {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", h.Name, h.Colour, h.State, percent(h.Hour), percent(h.Day), percent(h.Week), moment(h.Last), backlog(h), moment(h.Oldest), sasDays(h), h.Reason)
	}
	if len(s.Partners) > 0 {
		fmt.Fprintln(w, "\nPARTNER\tLAST\t24H\t5XX\tCOLD\tP50 MS\tP99 MS\t>10S\t>31S\t>85S\tSILENT")
	}
	for _, p := range s.Partners {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n", p.Name, moment(p.Last), p.Day, p.Failed, p.Cold, p.P50, p.P99, p.Over10, p.Over31, p.Over85, p.Silent)
	}
	if len(s.Drains) > 0 {
		fmt.Fprintln(w, "\nDRAIN\tLAST RUN\tERROR")
	}
	for _, r := range s.Drains {
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.Lane, moment(r.Started), r.Error)
	}
	return w.Flush()
}

func percent(r console.Rate) string {
	if r.Through+r.Failed == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", r.Percent())
}

func moment(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.UTC().Format(time.DateTime)
}

func backlog(h console.Health) string {
	if h.More {
		return fmt.Sprintf("%d+", h.Backlog)
	}
	return fmt.Sprint(h.Backlog)
}

func sasDays(h console.Health) string {
	if h.SASDays == nil {
		return "-"
	}
	return fmt.Sprint(*h.SASDays)
}
