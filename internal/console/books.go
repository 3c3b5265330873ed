package console

import (
	"context"
	"slices"
	"strings"
	"time"

	"leadrelay/internal/ledger"
)

// Books are the books of some days, with what lies beside them.
type Books struct {
	Days         []ledger.Book
	Depths       ledger.Depths
	Destinations map[string]string // names by id
}

// Difference is how many receipts and deliveries of all days are not accounted for.
func (b Books) Difference() int {
	n := 0
	for _, d := range b.Days {
		n += d.Difference()
	}
	return n
}

// Books counts the days from one to another, both UTC and included, of one partner or of all: oldest day first.
func (c *Console) Books(ctx context.Context, partner string, from, to time.Time) (Books, error) {
	out := Books{Destinations: map[string]string{}}
	all, err := c.names(ctx)
	if err != nil {
		return out, err
	}
	for id, d := range all {
		out.Destinations[id] = d.Name
	}
	for d, err := range c.Ledger.Days(ctx, from, to) {
		if err != nil {
			return out, err
		}
		if partner != "" && partner != d.Partner {
			continue
		}
		b, err := c.Ledger.Book(ctx, d.Partner, d.Day)
		if err != nil {
			return out, err
		}
		out.Days = append(out.Days, b)
	}
	slices.SortFunc(out.Days, func(a, b ledger.Book) int { return strings.Compare(a.Day+"|"+a.Partner, b.Day+"|"+b.Partner) })
	out.Depths, err = c.Intake.Depths(ctx)
	return out, err
}

// Name is a destination's name; one that is gone has its id only.
func (b Books) Name(id string) string {
	if name, ok := b.Destinations[id]; ok {
		return name
	}
	return id
}
