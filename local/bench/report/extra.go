package report

import (
	"fmt"
	"slices"
	"strings"

	"leadrelay/local/bench/peer"
)

// The marks between which the cost and the peers stand, in a README that has them.
const (
	beginCost  = "<!-- bench cost: written as above -->"
	endCost    = "<!-- bench cost ends -->"
	beginPeers = "<!-- bench peers: written as above -->"
	endPeers   = "<!-- bench peers ends -->"
)

// InPage puts the cost and the peers between their marks, where a text has any.
func (r *Report) InPage(readme string) (string, error) {
	for _, part := range []struct{ begin, end, text string }{{beginCost, endCost, r.costs()}, {beginPeers, endPeers, r.peers()}} {
		head, rest, one := strings.Cut(readme, part.begin)
		_, tail, two := strings.Cut(rest, part.end)
		switch {
		case one != two:
			return "", fmt.Errorf("the README has %q and not %q", part.begin, part.end)
		case one:
			readme = head + part.begin + "\n\n" + part.text + "\n" + part.end + tail
		}
	}
	return readme, nil
}

func (r *Report) costs() string {
	if r.Cost == nil {
		return ""
	}
	return r.Cost.Markdown()
}

// peers is a table of what others were found to do: one program that the benchmark runs, and quotes.
func (r *Report) peers() string {
	who := []string{}
	for _, q := range peer.Quoted() {
		if !slices.Contains(who, q.Who) {
			who = append(who, q.Who)
		}
	}
	var b strings.Builder
	b.WriteString("| quoted, not measured here | " + strings.Join(who, " | ") + " |\n|---|" + strings.Repeat("---|", len(who)) + "\n")
	for _, kind := range peer.Kinds() {
		fmt.Fprintf(&b, "| %s |", kind)
		for _, name := range who {
			i := slices.IndexFunc(peer.Quoted(), func(q peer.Quote) bool { return q.Who == name && q.Measure == kind })
			if i < 0 {
				b.WriteString(" – |")
				continue
			}
			fmt.Fprintf(&b, " %s |", spread(peer.Quoted()[i].Value))
		}
		b.WriteString("\n")
	}
	for _, f := range r.Facts {
		if f.Group == "peers" {
			fmt.Fprintf(&b, "\nMeasured here on %s: %s takes %s %s (%s).\n", f.Run.Date, f.Name, spread(f.Value), f.Unit, f.Note)
		}
	}
	return b.String()
}
