package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"leadrelay/local/bench/measure"
)

// Text prints the report for people at a terminal.
func (r *Report) Text(w io.Writer) {
	for i, c := range r.Candidates {
		if i == 0 || c.Group != r.Candidates[i-1].Group {
			fmt.Fprintf(w, "\n%s   %d rounds of %s   %s   foreign <= %.2f cores\n", c.Group, c.Run.Rounds, c.Run.Span, c.Run.Go, r.foreign(c.Group))
			fmt.Fprintf(w, "%-12s %14s %24s %12s %8s %8s %9s %8s\n", "", "cpu µs each", "ratio to "+c.Base, "1/s/core", "p99 ms", "wire B", "conns/1k", "peak MB")
		}
		fmt.Fprintf(w, "%-12s %14s %24s %12.0f %8.1f %8.0f %9.2f %8.1f%s\n", c.Name, figure(c.CPU.Median), spread(c.Ratio), c.Rate.Median,
			c.P99.Median/1e3, c.Wire, c.Opened, megabytes(c.Peak), disturbance(c))
	}
	for i, f := range r.Facts {
		if i == 0 || f.Group != r.Facts[i-1].Group {
			fmt.Fprintf(w, "\n%s\n", f.Group)
		}
		fmt.Fprintf(w, "  %-44s %s %s  %s\n", f.Name, spread(f.Value), f.Unit, f.Note)
	}
	fmt.Fprintln(w)
	for _, m := range r.Measures {
		t := target(m.ID)
		against := ""
		if t.Against != "–" {
			against = "against " + t.Against
		}
		fmt.Fprintf(w, "%-8s %-68s %-36s %-22s %s\n", m.Verdict, t.Name, against, spread(m.Value)+" "+t.unit(), t.bound()+m.remark())
	}
}

func disturbance(c Candidate) string {
	if c.Calm == c.Rounds {
		return ""
	}
	return fmt.Sprintf("  %d of %d rounds disturbed", c.Rounds-c.Calm, c.Rounds)
}

func (m Measure) remark() string {
	out := ""
	if m.Disturbed > 0 {
		out = fmt.Sprintf("  (%d of %d rounds disturbed)", m.Disturbed, m.Run.Rounds)
	}
	if m.Note != "" {
		out += "  " + m.Note
	}
	return out
}

func (r *Report) foreign(group string) float64 {
	most := 0.0
	for _, c := range r.Candidates {
		if c.Group == group {
			most = max(most, c.Foreign)
		}
	}
	return most
}

// spread is "0.74 (0.71-0.78)", or the figure alone when there is one only.
func spread(s measure.Spread) string {
	if s.Min == s.Max {
		return figure(s.Median)
	}
	return fmt.Sprintf("%s (%s–%s)", figure(s.Median), figure(s.Min), figure(s.Max))
}

func megabytes(n int64) float64 { return float64(n) / 1e6 }

// The marks in the README between which the program writes.
const (
	begin = "<!-- bench: written by `make bench ARGS=--readme` from local/bench/results.json -->"
	end   = "<!-- bench ends -->"
)

// InREADME puts the tables into a README, between its marks.
func (r *Report) InREADME(readme string) (string, error) {
	head, rest, one := strings.Cut(readme, begin)
	_, tail, two := strings.Cut(rest, end)
	if !one || !two {
		return "", fmt.Errorf("the README has no place between %q and %q", begin, end)
	}
	return r.InPage(head + begin + "\n" + r.Markdown() + end + tail)
}

// Markdown is the tables as the README shows them.
func (r *Report) Markdown() string {
	var b strings.Builder
	b.WriteString("\n| measure | against | found: median (min–max) | must reach | |\n|---|---|---|---|---|\n")
	for _, t := range Targets() {
		i := slices.IndexFunc(r.Measures, func(m Measure) bool { return m.ID == t.ID })
		if i < 0 {
			continue
		}
		m := r.Measures[i]
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", t.Name, t.Against, strings.TrimSpace(spread(m.Value)+" "+t.unit()), t.bound(), verdict(m))
	}
	groups := []string{}
	for _, c := range r.Candidates {
		if !slices.Contains(groups, c.Group) {
			groups = append(groups, c.Group)
		}
	}
	for _, g := range groups {
		r.group(&b, g)
	}
	for _, line := range r.how() {
		b.WriteString("\n" + line + "\n")
	}
	return b.String() + "\n"
}

func verdict(m Measure) string {
	text := string(m.Verdict)
	if m.Verdict != OK {
		text = "**" + text + "**"
	}
	if m.Note != "" {
		text += ": " + m.Note
	}
	if m.Disturbed > 0 {
		text += fmt.Sprintf(" (%d of %d rounds disturbed)", m.Disturbed, m.Run.Rounds)
	}
	return text
}

func (r *Report) group(b *strings.Builder, group string) {
	for i, c := range r.Candidates {
		if c.Group != group {
			continue
		}
		if i == 0 || r.Candidates[i-1].Group != group {
			fmt.Fprintf(b, "\n| %s | CPU µs each | ratio to %s, by round | a second and core | p99 ms | peak MB |\n|---|---|---|---|---|---|\n", group, c.Base)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %.0f | %.1f | %.0f |\n", c.Name, figure(c.CPU.Median), spread(c.Ratio), c.Rate.Median, c.P99.Median/1e3, megabytes(c.Peak))
	}
}

// how says on what the figures were found, once for all that were found alike.
func (r *Report) how() []string {
	var out []string
	add := func(run Run) {
		line := fmt.Sprintf("Measured on %s on %s, %s, %s.", run.Date, run.Machine, run.System, run.Go)
		if !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	for _, m := range r.Measures {
		add(m.Run)
	}
	for _, c := range r.Candidates {
		add(c.Run)
	}
	return out
}
