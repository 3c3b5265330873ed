package ledger

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
)

// Scan reads the receipts that a query means, by day, then partner, then time, oldest first, behind the place where an
// earlier scan stopped ("" for the beginning). With each it gives the place behind it.
func (l *Ledger) Scan(ctx context.Context, q Query, from string) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		until := q.Until
		if until.IsZero() {
			until = l.Now()
		}
		var days []Day
		for d, err := range l.Days(ctx, q.Since, until) {
			if err != nil {
				yield(Line{}, err)
				return
			}
			if q.Partner == "" || q.Partner == d.Partner {
				days = append(days, d)
			}
		}
		slices.SortFunc(days, func(a, b Day) int {
			return strings.Compare(placeOf(a, ""), placeOf(b, ""))
		})
		for _, d := range days {
			if !l.scanDay(ctx, q, d, until, from, yield) {
				return
			}
		}
	}
}

// Place is where a scan stands that has seen the line.
func (n Line) Place() string { return placeOf(Day{n.Partner, n.Received}, n.Receipt) }

func placeOf(d Day, receipt string) string {
	return d.Day.UTC().Format(time.DateOnly) + "|" + d.Partner + "|" + receipt
}

func (l *Ledger) scanDay(ctx context.Context, q Query, d Day, until time.Time, from string, yield func(Line, error) bool) bool {
	after := ""
	if !q.Since.IsZero() && q.Since.After(d.Day) {
		after = bound(q.Since)
	}
	if prefix := placeOf(d, ""); from >= prefix {
		receipt, ok := strings.CutPrefix(from, prefix)
		if !ok {
			return true // the earlier scan was through with this day
		}
		after = max(after, receipt)
	}
	end := bound(until)
	for n, err := range l.dayLines(ctx, d.Partner, d.Day, after, "") {
		if err != nil {
			yield(n, fmt.Errorf("scan %s of %s: %w", d.Day.Format(time.DateOnly), d.Partner, err))
			return false
		}
		if n.Receipt >= end {
			break
		}
		if q.Matches(n) && !yield(n, nil) {
			return false
		}
	}
	return true
}
