package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"leadrelay/internal/console"
	"leadrelay/internal/ledger"
)

func eventsShowCommand(storage *storageFlag) *cobra.Command {
	reveal, asJSON, who := false, false, whoFlags{}
	cmd := &cobra.Command{
		Use:   "show RECEIPT",
		Short: "Show one event's chain of custody",
		Long: `show tells what came, how its sender proved to be the partner, what was odd about it, which destinations it was for and why
not for the others, each try, who replayed it, and its payload. What the payload says of a person is hidden; with --reveal it is
shown, and that you have seen it is written down with the event.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := storage.console(cmd)
			if err != nil {
				return err
			}
			e, err := c.Show(cmd.Context(), args[0], reveal, who.who())
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(e)
			}
			return showEvent(cmd.OutOrStdout(), e)
		},
	}
	cmd.Flags().BoolVar(&reveal, "reveal", false, "show the payload as it came")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object")
	who.add(cmd.Flags())
	return cmd
}

func showEvent(out io.Writer, e console.Custody) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, value)
		}
	}
	line("receipt", e.Receipt)
	if e.DuplicateOf != "" {
		line("", "a duplicate of "+e.DuplicateOf+", of which this is:")
	}
	line("received", stamp(e.Received)+" from "+e.Partner)
	line("verified", e.Verified)
	line("type", e.Type)
	line("lead", e.Lead)
	line("state", e.State)
	if e.Rejected != nil {
		line("rejected", rejectionText(*e.Rejected))
	}
	line("replays", e.Replays)
	for _, n := range e.Notes {
		line("note", strings.TrimSpace(strings.ReplaceAll(n.Code, "_", " ")+" "+n.Field))
	}
	for _, d := range e.Duplicates {
		line("duplicate", d.Receipt+" received "+stamp(d.Received)+"; to send it again all the same: "+d.Again)
	}
	if e.More {
		line("", "… and more duplicates")
	}
	for _, d := range e.Deeds {
		line("done", deedText(d))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, d := range e.Deliveries {
		if err := showDelivery(out, d); err != nil {
			return err
		}
	}
	showPassed(out, e.Passed)
	return showPayload(out, e)
}

// showPassed says which destinations the event was not for; many of one reason are counted.
func showPassed(out io.Writer, passed []ledger.Decision) {
	var reasons []string
	names, derived := map[string][]string{}, false
	for _, p := range passed {
		if names[p.Why] == nil {
			reasons = append(reasons, p.Why)
		}
		names[p.Why] = append(names[p.Why], p.Name)
		derived = derived || p.Derived
	}
	for _, why := range reasons {
		if n := len(names[why]); n > ledger.MostKept {
			fmt.Fprintf(out, "\nnot to %d destinations (%s, …; --json names them): %s\n", n, strings.Join(names[why][:3], ", "), why)
			continue
		}
		for _, name := range names[why] {
			fmt.Fprintf(out, "\nnot to %s: %s\n", name, why)
		}
	}
	if derived {
		fmt.Fprintf(out, "\nThe event was not for more than %d destinations and does not keep why: it was judged again now, where settings have not changed since.\n", ledger.MostKept)
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000Z") }

func rejectionText(r ledger.Rejection) string {
	parts := []string{r.Reason}
	if r.Status != 0 {
		parts = []string{fmt.Sprint(r.Status), r.Reason}
	}
	for _, f := range r.Faults {
		parts = append(parts, strings.TrimSpace(f.Field+" "+f.Rule))
	}
	return strings.Join(parts, "; ")
}

func deedText(d console.Deed) string {
	text := stamp(d.At) + " " + d.What
	if d.Destination != "" {
		text += " to " + d.Destination
	}
	text += " by " + d.By
	if d.Forced {
		text += ", against its filter"
	}
	if d.Receipt != "" {
		text += ", as " + d.Receipt
	}
	if d.Why != "" {
		text += ": " + d.Why
	}
	return text
}

func showDelivery(out io.Writer, d console.Delivery) error {
	marks := ""
	for name, is := range map[string]bool{", added by a replay": d.Added, ", assumed: it was there already": d.Assumed, ", stale: a newer version had come": d.Stale} {
		if is {
			marks += name
		}
	}
	if len(d.Tags) > 0 {
		marks += ", tags " + strings.Join(d.Tags, " ")
	}
	if !d.Due.IsZero() {
		marks += ", next try " + stamp(d.Due)
	}
	fmt.Fprintf(out, "\nto %s (%s): %s after %d tries%s\n", d.Destination, d.ID, d.State, d.Tries, marks)
	if d.Reason != "" && d.State != string(ledger.Delivered) {
		fmt.Fprintf(out, "  %s\n", d.Reason)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, t := range d.Log {
		n, took := "", ""
		if t.N > 0 {
			n, took = fmt.Sprintf("try %d", t.N), fmt.Sprintf("%d ms", t.MS)
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\t%s\t%s\n", stamp(t.At), n, took, t.State, t.Code, t.ID, t.Reason)
	}
	return w.Flush()
}

func showPayload(out io.Writer, e console.Custody) error {
	switch {
	case e.Erased && !e.ErasedAt.IsZero():
		_, err := fmt.Fprintf(out, "\nthe payload was erased %s\n", stamp(e.ErasedAt))
		return err
	case e.Erased:
		_, err := fmt.Fprintln(out, "\nthe payload is gone: its retention is over")
		return err
	case e.Payload != nil:
		if e.Masked {
			fmt.Fprintf(out, "\npayload, %d bytes, masked:\n", e.PayloadBytes)
		} else {
			fmt.Fprintf(out, "\npayload, %d bytes:\n", e.PayloadBytes)
		}
		_, err := fmt.Fprintf(out, "%s\n", e.Payload)
		return err
	case e.Unreadable != nil:
		_, err := fmt.Fprintf(out, "\npayload, %d bytes, no JSON:\n%q\n", e.PayloadBytes, e.Unreadable)
		return err
	}
	_, err := fmt.Fprintf(out, "\npayload, %d bytes that are no JSON, hidden\n", e.PayloadBytes)
	return err
}
