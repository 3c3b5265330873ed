package cost

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Report is all of it, as results.json has it.
type Report struct {
	Prices Prices
	Leads  []Priced // for 1, 2 and 8 destinations
	Idle   Idle
	Core   map[int]time.Duration // of a core for one lead, Receive and Deliver, by destinations; as measured, without the Functions host
}

// Priced is a lead, its price and where it ends.
type Priced struct {
	Lead    Lead
	Dollars Dollars
	Ceiling Ceiling
	Ways    []Way // to 1,000, 10,000 and 100,000 leads a second; without Core they say nothing of instances
}

// latency of storage at which the time of executions is taken: what the README calls a usual one.
const latency = 10 * time.Millisecond

func rates() []float64 { return []float64{1_000, 10_000, 100_000} }

// NewReport counts and prices leads for 1, 2 and 8 destinations, and an idle month.
func NewReport(ctx context.Context, core map[int]time.Duration) (Report, error) {
	p, err := ReadPrices()
	if err != nil {
		return Report{}, err
	}
	out := Report{Prices: p, Core: core}
	for _, n := range []int{1, 2, 8} {
		var priced Priced
		if priced.Lead, err = CountLead(ctx, n, latency); err != nil {
			return out, fmt.Errorf("%d destinations: %w", n, err)
		}
		if priced.Dollars, err = p.Price(priced.Lead); err != nil {
			return out, err
		}
		priced.Ceiling = p.Ceiling(priced.Lead)
		for _, rate := range rates() {
			priced.Ways = append(priced.Ways, p.WayTo(rate, priced.Ceiling, core[n]))
		}
		out.Leads = append(out.Leads, priced)
	}
	out.Idle, err = p.CountIdle(ctx)
	return out, err
}

// Markdown is the report as the README shows it.
func (r Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Prices: %s, as of %s (`local/bench/cost/prices.json`; an assumption, not looked up).\n\n", r.Prices.What, r.Prices.AsOf)
	r.operations(&b)
	r.dollars(&b)
	r.ceilings(&b)
	r.idle(&b)
	return b.String()
}

// table writes a table whose first column is given and whose others are the leads.
func (r Report) table(b *strings.Builder, title string, rows []string, cell func(row string, p Priced) string) {
	fmt.Fprintf(b, "| %s |", title)
	for _, p := range r.Leads {
		fmt.Fprintf(b, " %d destination%s |", p.Lead.Destinations, plural(p.Lead.Destinations))
	}
	b.WriteString("\n|---|" + strings.Repeat("---:|", len(r.Leads)) + "\n")
	for _, row := range rows {
		fmt.Fprintf(b, "| %s |", row)
		for _, p := range r.Leads {
			fmt.Fprintf(b, " %s |", cell(row, p))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

func (r Report) operations(b *strings.Builder) {
	var rows []string
	for _, m := range Meters() {
		if slices.ContainsFunc(r.Leads, func(p Priced) bool { return p.Dollars.ByMeter[m] > 0 }) {
			rows = append(rows, string(m))
		}
	}
	const own, drain = "of all these, to our own account", "a lender's drain, per message: queue / table"
	r.table(b, "operations of one lead", append(rows, own, drain), func(row string, p Priced) string {
		switch row {
		case own:
			return fmt.Sprintf("%.0f", p.Lead.Own)
		case drain:
			bill, _ := p.Lead.Operations[Drain].Bill() // it was priced before
			return fmt.Sprintf("%.2f / %.0f", bill[QueueClass1]+bill[QueueClass2], bill[Table])
		}
		n := 0.0
		for _, phase := range []Phase{Receive, Host, Deliver} {
			bill, _ := p.Lead.Operations[phase].Bill() // as above
			n += bill[Meter(row)]
		}
		return fmt.Sprintf("%.0f", n)
	})
}

func (r Report) dollars(b *strings.Builder) {
	const (
		storage, executions = "storage operations", "executions (Receive, Deliver)"
		seconds, total      = "GB-s", "together"
		drain, kept         = "a lender's drain: storage operations", "a month of what stays in the tables"
	)
	r.table(b, "dollars for a million leads", []string{storage, executions, seconds, "**" + total + "**", drain, kept}, func(row string, p Priced) string {
		d := p.Dollars
		switch row {
		case storage:
			return fmt.Sprintf("%.2f", d.Storage)
		case executions:
			return fmt.Sprintf("%.2f", d.Executions)
		case seconds:
			return fmt.Sprintf("%.2f", d.GBSeconds)
		case drain:
			return fmt.Sprintf("%.2f", d.Drain)
		case kept:
			return fmt.Sprintf("%.2f", d.Kept)
		}
		return fmt.Sprintf("**%.2f**", d.Total)
	})
	l := r.Leads[0].Lead
	fmt.Fprintf(b, "GB-s: with storage answering in %v, Receive takes %d ms and Deliver %d ms to one destination; an execution counts %.0f ms at least, and %.0f MB are assumed for host and handler together. "+
		"The free grant of a month (%.0f executions, %.0f GB-s) is not taken off.\n\n", l.Latency, l.Durations[Receive].Milliseconds(), l.Durations[Deliver].Milliseconds(),
		r.Prices.LeastExecution*1000, r.Prices.Memory*1024, r.Prices.FreeExecutions, r.Prices.FreeGBSeconds)
}

func (r Report) ceilings(b *strings.Builder) {
	rows := []string{fmt.Sprintf("the intake, %.0f messages/s", r.Prices.QueueMessages), fmt.Sprintf("the account, %.0f requests/s", r.Prices.AccountRequests),
		fmt.Sprintf("one partner's partition of a day, %.0f rows/s", r.Prices.PartitionEntities), "**one deployment**"}
	r.table(b, "ceiling in leads/s", rows, func(row string, p Priced) string {
		switch row {
		case rows[0]:
			return fmt.Sprintf("%.0f", p.Ceiling.Queue)
		case rows[1]:
			return fmt.Sprintf("%.0f", p.Ceiling.Account)
		case rows[2]:
			return fmt.Sprintf("%.0f", p.Ceiling.Partition)
		}
		return fmt.Sprintf("**%.0f**", p.Ceiling.Leads)
	})
	rows = nil
	for _, rate := range rates() {
		rows = append(rows, fmt.Sprintf("%.0f leads/s", rate))
	}
	r.table(b, fmt.Sprintf("deployments, each with its own account, at %.0f %% of the ceiling (cores at half load)", safety*100), rows, func(row string, p Priced) string {
		w := p.Ways[slices.Index(rows, row)]
		if r.Core[p.Lead.Destinations] == 0 {
			return fmt.Sprint(w.Apps)
		}
		return fmt.Sprintf("%d (%d)", w.Apps, w.Instances)
	})
}

func (r Report) idle(b *strings.Builder) {
	fmt.Fprintf(b, "Idle, a month of 30 days costs $%.2f: %.0f thousand operations on storage ($%.2f), the timers' executions ($%.2f at list price, inside the free grant).\n",
		r.Idle.List, r.Idle.Operations.total()/1000, r.Idle.Dollars, r.Idle.List-r.Idle.Dollars)
}
