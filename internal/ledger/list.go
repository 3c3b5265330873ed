package ledger

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"leadrelay/internal/azure"
)

// Day is a UTC day on which a partner's events were received.
type Day struct {
	Partner string
	Day     time.Time
}

// Days are the days that have events, between two times, the newest first and by partner. It reads a page for each
// thousand.
func (l *Ledger) Days(ctx context.Context, since, until time.Time) iter.Seq2[Day, error] {
	filter := fmt.Sprintf("PartitionKey eq '%s' and RowKey ge '%s' and RowKey lt '%s}'", daysPartition, inverted(until), inverted(since))
	return func(yield func(Day, error) bool) {
		for r, err := range l.indexRows(ctx, filter, "") {
			if err != nil {
				yield(Day{}, fmt.Errorf("list days: %w", err))
				return
			}
			d, err := parseDay(r.Key)
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}

func parseDay(row string) (Day, error) {
	digits, partner, ok := strings.Cut(row, "|")
	n := 0
	if _, err := fmt.Sscanf(digits, "%08d", &n); err != nil || !ok {
		return Day{}, fmt.Errorf("index row %s is not one that we wrote", row)
	}
	at, err := time.Parse("20060102", fmt.Sprint(99999999-n))
	if err != nil {
		return Day{}, fmt.Errorf("index row %s is not one that we wrote", row)
	}
	return Day{Partner: partner, Day: at}, nil
}

// Partners are those whose events were received on the last days that the ledger knows, in order of name.
func (l *Ledger) Partners(ctx context.Context) ([]string, error) {
	var out []string
	seen := 0
	for d, err := range l.Days(ctx, time.Time{}.AddDate(1600, 0, 0), l.Now().AddDate(0, 0, 2)) {
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, d.Partner) {
			out = append(out, d.Partner)
		}
		if seen++; seen == 1000 {
			break // one page
		}
	}
	slices.Sort(out)
	return out, nil
}

// indexRows reads rows of the index.
func (l *Ledger) indexRows(ctx context.Context, filter, columns string) iter.Seq2[azure.Row, error] {
	return rowsOf(ctx, l.index.sdk, filter, columns)
}

// dayLines reads the receipts of a partner's day behind a receipt, oldest first.
func (l *Ledger) dayLines(ctx context.Context, partner string, day time.Time, after, columns string) iter.Seq2[Line, error] {
	filter := fmt.Sprintf("PartitionKey eq '%s'", dayPartition(partner, day))
	if after != "" {
		filter += " and RowKey gt '" + after + "'"
	}
	return func(yield func(Line, error) bool) {
		for r, err := range l.indexRows(ctx, filter, columns) {
			if !yield(parseLine(partner, r), err) || err != nil {
				return
			}
		}
	}
}

// Query says which receipts are meant. What is zero does not narrow it.
type Query struct {
	Partner     string
	Type        string
	State       State  // of the event; with Destination, of its delivery there
	Waiting     bool   // held for a person
	Destination string // id
	Since       time.Time
	Until       time.Time // exclusive
	Duplicates  bool      // receipts of duplicates too
}

// Matches says whether a receipt is meant, but for its partner and time.
func (q Query) Matches(n Line) bool {
	switch {
	case q.Type != "" && q.Type != n.Type, n.State == Duplicated && !q.Duplicates && q.State != Duplicated:
		return false
	case q.Destination == "" && !q.Waiting:
		return q.State == "" || q.State == n.State
	}
	return slices.ContainsFunc(n.Sent, q.sent)
}

func (q Query) sent(s Sent) bool {
	return (q.Destination == "" || q.Destination == s.Destination) && (q.State == "" || q.State == s.State) && (!q.Waiting || s.Waiting)
}

// filter is what of the query the table itself can judge.
func (q Query) filter() string {
	var b strings.Builder
	if q.Type != "" {
		b.WriteString(" and Type eq '" + strings.ReplaceAll(q.Type, "'", "''") + "'")
	}
	if q.State != "" && q.Destination == "" && !q.Waiting {
		b.WriteString(" and State eq '" + string(q.State) + "'")
	}
	return b.String()
}

// window is one request's worth of a partner's day: rows from a time on and before a receipt.
func (l *Ledger) window(ctx context.Context, d Day, from, before, filter string) (rows []Line, whole bool, err error) {
	filter = fmt.Sprintf("PartitionKey eq '%s' and RowKey ge '%s' and RowKey lt '%s'%s", dayPartition(d.Partner, d.Day), from, before, filter)
	page, more, err := l.index.page(ctx, filter, windowRows)
	if err != nil {
		return nil, false, fmt.Errorf("list events: %w", err)
	}
	for _, r := range page {
		rows = append(rows, parseLine(d.Partner, r))
	}
	return rows, !more, nil
}

// windowRows is how many rows a request may give; Azure gives no more.
const windowRows = 1000

// bound is the least receipt of a time.
func bound(at time.Time) string {
	var id ulid.ULID
	_ = id.SetTime(ulid.Timestamp(at)) // fails beyond the year 10889
	return id.String()
}

// receivedAt is the time that a receipt tells; ok is false for what is no receipt.
func receivedAt(receipt string) (time.Time, bool) {
	id, err := ulid.ParseStrict(receipt)
	if err != nil {
		return time.Time{}, false
	}
	return ulid.Time(id.Time()).UTC(), true
}
