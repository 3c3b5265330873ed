package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
	"leadrelay/internal/lead"
)

const (
	applicantPrefix = "dup|" // PartitionKey: + destination id; RowKey: the hash of the duplicate id
	applicantMemory = 30 * 24 * time.Hour
)

// SameApplicant says whether a destination was meant to get the same applicant before, under another lead id, within
// thirty days. The first insert wins; asking again with the same lead gives the same answer.
func (l *Ledger) SameApplicant(ctx context.Context, destination, duplicateID string, m Message) (bool, error) {
	partition, key := applicantPrefix+destination, l.Hash.Of("applicant", m.Envelope.Partner, duplicateID)
	b, err := entity(partition, key, map[string]any{"LeadKey": m.LeadKey, "Received": m.Envelope.Time})
	if err != nil {
		return false, err
	}
	for range races {
		err := l.add(ctx, l.Index, b)
		if err == nil {
			return false, nil
		}
		if !azure.Exists(err) {
			return false, fmt.Errorf("remember applicant: %w", err)
		}
		r, ok, err := get(ctx, l.Index, partition, key)
		switch {
		case err != nil:
			return false, err
		case !ok:
			continue
		case r.text("LeadKey") == m.LeadKey:
			return false, nil
		case m.Envelope.Time.Sub(r.time("Received")) <= applicantMemory:
			return true, nil
		}
		_, err = l.Index.UpdateEntity(ctx, b, &aztables.UpdateEntityOptions{IfMatch: &r.etag, UpdateMode: aztables.UpdateModeReplace})
		if err == nil || !azure.Stale(err) {
			return false, azure.Classify(err)
		}
	}
	return false, &lead.Error{Kind: lead.Unavailable, Err: errors.New("the applicant's row changed under every try")}
}

// Initial says whether a message brings the first version of its lead, by receive time, that the ledger has seen.
// Events that are no versions of a lead are.
func (l *Ledger) Initial(ctx context.Context, m Message) (bool, error) {
	if m.Content == "" {
		return true, nil
	}
	_, ok, err := get(ctx, l.Index, leadPrefix+m.LeadKey, latestRow)
	if err != nil || !ok {
		return !ok, err
	}
	_, before, err := l.versionBefore(ctx, m.LeadKey, m.Envelope.ID)
	return !before, err
}

// Stale says whether a newer version of an event's lead has come since.
func (l *Ledger) Stale(ctx context.Context, e Event) (bool, error) {
	if e.LeadKey == "" {
		return false, nil
	}
	latest, ok, err := get(ctx, l.Index, leadPrefix+e.LeadKey, latestRow)
	if err != nil || !ok {
		return false, err
	}
	return latest.time("Received").After(e.Received), nil
}

// WasInitial says whether an event was the first version of its lead when it came.
func (l *Ledger) WasInitial(ctx context.Context, e Event) (bool, error) {
	if e.LeadKey == "" {
		return true, nil
	}
	_, before, err := l.versionBefore(ctx, e.LeadKey, e.Receipt)
	return !before, err
}

// Versions lists the keys of a lead's events, oldest first. Events that are no versions of a lead are not among them.
func (l *Ledger) Versions(ctx context.Context, leadKey string) ([]string, error) {
	filter := "PartitionKey eq '" + leadPrefix + leadKey + "' and RowKey ge '" + versionPrefix + "'"
	pages := l.Index.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter})
	var out []string
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list versions: %w", azure.Classify(err))
		}
		for _, b := range page.Entities {
			r, err := parseRow(b)
			if err != nil {
				return nil, err
			}
			if key := r.text("Key"); len(out) == 0 || out[len(out)-1] != key {
				out = append(out, key)
			}
		}
	}
	return out, nil
}
