package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Page is a part of a list, the newest first.
type Page struct {
	Lines []Line
	Next  string    // where the next page begins, for List; empty when there is none
	Back  time.Time // how far back the page has looked
}

// maxReads bounds the requests of one page: a filter that hardly anything passes ends a page early.
const maxReads = 60

// List gives at most max receipts, the newest first, behind the page that ended with next ("" for the first). Tables
// are read forwards only, so each partner's day is read in windows, from its end, that widen where little lies and
// narrow where much does: the number of requests does not depend on how much the ledger holds.
func (l *Ledger) List(ctx context.Context, q Query, max int, next string) (Page, error) {
	upper, until := bound(l.Now().Add(24*time.Hour)), l.Now().Add(24*time.Hour)
	if !q.Until.IsZero() {
		upper, until = bound(q.Until), q.Until
	}
	if next != "" {
		at, ok := receivedAt(next)
		if !ok {
			return Page{}, fmt.Errorf("%q is not where a page ended", next)
		}
		upper, until = next, at
	}
	p := &pager{l: l, q: q, max: max, upper: upper}
	var date []Day
	for d, err := range l.Days(ctx, q.Since, until) {
		if err != nil {
			return Page{}, err
		}
		if q.Partner != "" && q.Partner != d.Partner {
			continue
		}
		if len(date) > 0 && !date[0].Day.Equal(d.Day) {
			if done, err := p.day(ctx, date); err != nil || done {
				return p.page, err
			}
			date = nil
		}
		date = append(date, d)
	}
	_, err := p.day(ctx, date)
	return p.page, err
}

// pager fills a page, day by day.
type pager struct {
	l     *Ledger
	q     Query
	max   int
	upper string
	reads int
	page  Page
}

// day adds the receipts of one day, of several partners; done says that the page is full.
func (p *pager) day(ctx context.Context, date []Day) (done bool, err error) {
	if len(date) == 0 {
		return false, nil
	}
	var readers []*reader
	for _, d := range date {
		r := &reader{day: d, high: min(p.upper, bound(endOf(d.Day))), low: bound(d.Day), width: time.Hour}
		if since := bound(p.q.Since); !p.q.Since.IsZero() && since > r.low {
			r.low = since
		}
		readers = append(readers, r)
	}
	for {
		var best *reader
		for _, r := range readers {
			if err := p.fill(ctx, r); err != nil {
				return false, err
			}
			if len(r.lines) > 0 && (best == nil || r.lines[0].Receipt > best.lines[0].Receipt) {
				best = r
			}
		}
		if p.reads >= maxReads {
			p.stop(readers)
			return true, nil
		}
		if best == nil {
			p.page.Back = date[0].Day
			return false, nil
		}
		if len(p.page.Lines) == p.max {
			p.page.Next = p.page.Lines[p.max-1].Receipt
			return true, nil
		}
		p.page.Lines = append(p.page.Lines, best.lines[0])
		p.page.Back = best.lines[0].Received
		best.lines = best.lines[1:]
	}
}

// stop ends a page that has cost enough where all of its partners have been read to.
func (p *pager) stop(readers []*reader) {
	floor := ""
	for _, r := range readers {
		if !r.ended() {
			floor = max(floor, r.high)
		}
	}
	var rest []Line
	for _, r := range readers {
		for _, n := range r.lines {
			if n.Receipt >= floor {
				rest = append(rest, n)
			}
		}
	}
	slices.SortFunc(rest, func(a, b Line) int { return -compareReceipts(a, b) })
	for _, n := range rest {
		if len(p.page.Lines) == p.max {
			p.page.Next = p.page.Lines[p.max-1].Receipt
			return
		}
		p.page.Lines = append(p.page.Lines, n)
	}
	if floor == "" { // everything of the day is read: go on with the day before
		floor = bound(readers[0].day.Day)
	}
	p.page.Next = floor
	p.page.Back, _ = receivedAt(floor)
}

func compareReceipts(a, b Line) int {
	switch {
	case a.Receipt < b.Receipt:
		return -1
	case a.Receipt > b.Receipt:
		return 1
	}
	return 0
}

// reader reads a partner's day backwards.
type reader struct {
	day       Day
	low, high string        // what is not read yet: from low, before high
	width     time.Duration // of the next window
	lines     []Line        // read and not yet taken, newest first
}

func (r *reader) ended() bool { return r.low >= r.high }

// fill reads windows until one has something.
func (p *pager) fill(ctx context.Context, r *reader) error {
	filter := p.q.filter()
	for len(r.lines) == 0 && !r.ended() && p.reads < maxReads {
		high, _ := receivedAt(r.high)
		from := max(r.low, bound(high.Add(time.Millisecond-r.width)))
		if from >= r.high {
			from = max(r.low, bound(high.Add(-r.width)))
		}
		lines, whole, err := p.l.window(ctx, r.day, from, r.high, filter)
		p.reads++
		if err != nil {
			return err
		}
		if !whole && r.width > time.Millisecond {
			r.width = max(r.width/16, time.Millisecond)
			continue
		}
		if len(lines) < p.max {
			r.width = min(8*r.width, 24*time.Hour)
		}
		for !whole { // more than a page in a millisecond
			var more []Line
			if more, whole, err = p.l.window(ctx, r.day, lines[len(lines)-1].Receipt+"0", r.high, filter); err != nil {
				return err
			}
			lines = append(lines, more...)
		}
		r.high = from
		for _, n := range slices.Backward(lines) {
			if p.q.Matches(n) {
				r.lines = append(r.lines, n)
			}
		}
	}
	return nil
}
