package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

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
	row := azure.NewEntity(partition, key).Text("LeadKey", m.LeadKey).Time("Received", m.Envelope.Time)
	for range races {
		_, err := l.index.add(ctx, row)
		if err == nil {
			return false, nil
		}
		if !azure.Exists(err) {
			return false, fmt.Errorf("remember applicant: %w", err)
		}
		r, ok, err := l.index.get(ctx, partition, key)
		switch {
		case err != nil:
			return false, err
		case !ok:
			continue
		case r.Text("LeadKey") == m.LeadKey:
			return false, nil
		case m.Envelope.Time.Sub(r.Time("Received")) <= applicantMemory:
			return true, nil
		}
		if _, err = l.index.Replace(ctx, row, r.ETag); err == nil || !azure.Stale(err) {
			return false, err
		}
	}
	return false, &lead.Error{Kind: lead.Unavailable, Err: errors.New("the applicant's row changed under every try")}
}

// Stale says whether a newer version of an event's lead has come since.
func (l *Ledger) Stale(ctx context.Context, e Event) (bool, error) {
	if e.LeadKey == "" {
		return false, nil
	}
	latest, ok, err := l.index.get(ctx, leadPrefix+e.LeadKey, latestRow)
	if err != nil || !ok {
		return false, err
	}
	return latest.Time("Received").After(e.Received), nil
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
	var out []string
	for r, err := range l.indexRows(ctx, filter, "") {
		if err != nil {
			return nil, fmt.Errorf("list versions: %w", err)
		}
		if key := r.Text("Key"); len(out) == 0 || out[len(out)-1] != key {
			out = append(out, key)
		}
	}
	return out, nil
}
