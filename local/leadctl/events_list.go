package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"leadrelay/internal/console"
)

func eventsListCommand(storage *storageFlag) *cobra.Command {
	f := &filterFlags{}
	limit, all, next, asJSON := 50, false, "", false
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List events, the newest first",
		Long: `list shows a page of events, the newest first; what is held, waiting or retrying at one --destination comes oldest first,
whenever it was received. A page costs a bounded number of storage requests: where hardly anything matches it may end
early, and says where to go on.

A receipt that brought an event again is no event: --state duplicate lists those.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 || limit > 1000 {
				return errors.New("--limit must be between 1 and 1000")
			}
			filter, err := f.filter(time.Now())
			if err != nil {
				return err
			}
			c, err := storage.console(cmd)
			if err != nil {
				return err
			}
			p := eventPrinter{out: cmd.OutOrStdout(), json: asJSON}
			for {
				page, err := c.List(cmd.Context(), filter, limit, next)
				if err != nil {
					return err
				}
				if err := p.page(page); err != nil {
					return err
				}
				if next = page.Next; !all || next == "" {
					return p.end(page)
				}
			}
		},
	}
	flags := cmd.Flags()
	f.add(flags)
	flags.StringVar(&f.f.Lead, "lead", "", "the events of this lead")
	flags.StringVar(&f.f.Submission, "submission", "", "the events of the leads that this submission made")
	flags.IntVar(&limit, "limit", limit, "events on a page")
	flags.StringVar(&next, "next", "", "go on where a page ended")
	flags.BoolVar(&all, "all", false, "every page")
	flags.BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

// eventPrinter prints pages of events.
type eventPrinter struct {
	out   io.Writer
	json  bool
	count int
}

func (p *eventPrinter) page(page console.Events) error {
	if p.json {
		enc := json.NewEncoder(p.out)
		for _, e := range page.Events {
			if err := enc.Encode(e); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, e := range page.Events {
		if p.count++; p.count == 1 {
			fmt.Fprintln(w, "RECEIPT\tRECEIVED\tPARTNER\tTYPE\tLEAD\tSTATE\tDESTINATIONS")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Receipt, e.Received.UTC().Format(time.DateTime), e.Partner, e.Type, e.Lead, e.State, destinationsText(e))
	}
	return w.Flush()
}

func destinationsText(e console.Event) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(e.Destinations)) {
		parts = append(parts, name+": "+e.Destinations[name])
	}
	text := strings.Join(parts, ", ")
	if !e.Due.IsZero() {
		text += " until " + e.Due.UTC().Format(time.DateTime)
	}
	if e.Reason != "" {
		text += " (" + e.Reason + ")"
	}
	return text
}

// end says where to go on. For scripts it is one more object.
func (p *eventPrinter) end(page console.Events) error {
	if p.json {
		if page.Next == "" {
			return nil
		}
		return json.NewEncoder(p.out).Encode(map[string]string{"next": page.Next})
	}
	switch {
	case page.Next != "":
		_, err := fmt.Fprintf(p.out, "more: --next %s (looked back to %s)\n", page.Next, page.Back.UTC().Format(time.DateTime))
		return err
	case p.count == 0:
		_, err := fmt.Fprintln(p.out, "no events")
		return err
	}
	return nil
}
