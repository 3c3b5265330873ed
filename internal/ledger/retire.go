package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/oklog/ulid/v2"

	"leadrelay/internal/azure"
)

// How far housekeeping has come is a row of the index, so that nothing is looked at every minute.
const (
	cursorPartition = "cursor"
	retentionCursor = "retention" // Day, Partner, After: the last receipt that was looked at
	claimsCursor    = "claims"    // Day: when orphans were last looked for
)

const (
	retireAtOnce = 500                // events of one call
	claimMemory  = 8 * 24 * time.Hour // a claim that nothing names is an orphan after the longest life of its message
)

// Retire takes away the payloads of events whose last delivery ended longer ago than keep, oldest first, a bounded number
// at a time. Events that are open, held or dead keep theirs, and every event keeps its row: its keyed hash is the memory
// by which a duplicate is known (DESIGN 3a). keep 0 keeps everything.
func (l *Ledger) Retire(ctx context.Context, keep time.Duration) error {
	if keep == 0 {
		return nil
	}
	at, _, err := l.index.get(ctx, cursorPartition, retentionCursor)
	if err != nil {
		return fmt.Errorf("retention: %w", err)
	}
	until := l.Now().Add(-keep)
	days, err := l.daysToRetire(ctx, at, until)
	if err != nil {
		return err
	}
	done := 0
	for _, d := range days {
		after := ""
		if d.Day.Equal(at.Time("Day")) && d.Partner == at.Text("Partner") {
			after = at.Text("After")
		}
		for n, err := range l.dayLines(ctx, d.Partner, d.Day, after, "") {
			if err != nil {
				return fmt.Errorf("retention: %w", err)
			}
			if !n.Received.Before(until) || done == retireAtOnce {
				return nil
			}
			if err := l.retire(ctx, n, until); err != nil {
				return err
			}
			if done++; done%50 == 0 {
				if err := l.setRetired(ctx, d, n.Receipt); err != nil {
					return err
				}
			}
		}
		if d.Day.AddDate(0, 0, 1).Before(until) { // the day is over for good
			if err := l.setRetired(ctx, d, "~"); err != nil {
				return err
			}
		}
	}
	return nil
}

// daysToRetire are the days from the cursor on, oldest first and by partner.
func (l *Ledger) daysToRetire(ctx context.Context, at azure.Row, until time.Time) ([]Day, error) {
	since := at.Time("Day")
	if since.IsZero() {
		since = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	var days []Day
	for d, err := range l.Days(ctx, since, until) {
		if err != nil {
			return nil, err
		}
		if d.Day.Equal(at.Time("Day")) && d.Partner < at.Text("Partner") {
			continue
		}
		days = append(days, d)
	}
	slices.SortFunc(days, func(a, b Day) int { return cmp.Or(a.Day.Compare(b.Day), strings.Compare(a.Partner, b.Partner)) })
	return days, nil
}

// retire takes the payload of one event away, if its time is over: the blob first, then the row's own.
func (l *Ledger) retire(ctx context.Context, n Line, until time.Time) error {
	r, ok, err := l.events.get(ctx, n.Key, eventRow)
	if err != nil || !ok {
		return err
	}
	over := stateOf(r) == Delivered || stateOf(r) == Unmatched || stateOf(r) == Rejected
	if !over || r.Time("Finished").After(until) || (len(r.Bytes("Envelope")) == 0 && r.Text("Claim") == "") {
		return nil
	}
	if claim := r.Text("Claim"); claim != "" {
		if _, err := l.Claims.NewBlobClient(claim).Delete(ctx, nil); err != nil && !azure.NotFound(err) {
			return fmt.Errorf("retire claim: %w", azure.Classify(err))
		}
	}
	_, err = l.events.Merge(ctx, azure.NewEntity(n.Key, eventRow).Bytes("Envelope", nil).Text("Claim", "").Time("Retired", l.Now()), azcore.ETagAny)
	return err
}

// setRetired remembers up to where payloads were taken away.
func (l *Ledger) setRetired(ctx context.Context, d Day, after string) error {
	_, err := l.index.upsert(ctx, azure.NewEntity(cursorPartition, retentionCursor).Time("Day", d.Day).Text("Partner", d.Partner).Text("After", after))
	return err
}

// setSearched remembers when orphans were looked for.
func (l *Ledger) setSearched(ctx context.Context, day time.Time) error {
	_, err := l.index.upsert(ctx, azure.NewEntity(cursorPartition, claimsCursor).Time("Day", day))
	return err
}

// RemoveOrphans removes, once a day, claims older than eight days that no event names: their request was never answered
// 200, or their message was a duplicate whose end was cut short.
func (l *Ledger) RemoveOrphans(ctx context.Context) error {
	today := l.Now().UTC().Truncate(24 * time.Hour)
	at, _, err := l.index.get(ctx, cursorPartition, claimsCursor)
	if err != nil || at.Time("Day").Equal(today) {
		return err
	}
	pages := l.Claims.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Include: container.ListBlobsInclude{Metadata: true}})
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if azure.NotFound(err) {
			break
		}
		if err != nil {
			return fmt.Errorf("list claims: %w", azure.Classify(err))
		}
		for _, item := range page.Segment.BlobItems {
			young, err := l.removeOrphan(ctx, *item.Name, keyOf(item))
			if err != nil {
				return err
			}
			if young { // names sort by time: the rest is younger
				return l.setSearched(ctx, today)
			}
		}
	}
	return l.setSearched(ctx, today)
}

// claimKey is the metadata of a claim that holds its event's key.
const claimKey = "eventkey"

func keyOf(item *container.BlobItem) string {
	for name, v := range item.Metadata {
		if strings.EqualFold(name, claimKey) && v != nil {
			return *v
		}
	}
	return ""
}

// removeOrphan removes a claim if no event names it; young says that it may still be named.
func (l *Ledger) removeOrphan(ctx context.Context, name, key string) (young bool, err error) {
	receipt, err := ulid.ParseStrict(strings.TrimSuffix(name, ".json"))
	if err != nil || key == "" {
		return false, nil // not one that we can judge
	}
	if l.Now().Sub(ulid.Time(receipt.Time())) <= claimMemory {
		return true, nil
	}
	for _, k := range []string{key, l.Hash.Of("reverted", key, receipt.String())} {
		e, ok, err := l.events.get(ctx, k, eventRow)
		if err != nil {
			return false, err
		}
		if ok && e.Text("Claim") == name {
			return false, nil
		}
	}
	if _, err := l.Claims.NewBlobClient(name).Delete(ctx, nil); err != nil && !azure.NotFound(err) {
		return false, fmt.Errorf("remove orphan: %w", azure.Classify(err))
	}
	return false, nil
}
