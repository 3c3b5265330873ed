package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
)

// findEvent is the last event about a lead, by the partner's name at the hub and the lead's id: from the index of
// versioned leads (DESIGN 3a), else from a walk through the ledger.
func findEvent(ctx context.Context, l *ledger.Ledger, partner, id string) (*knownEvent, error) {
	if lead.IsUUID(id) {
		id = strings.ToLower(id)
	}
	leadKey := l.Hash.Of("lead", partner, id)
	key, err := latestVersion(ctx, l, leadKey)
	if err == nil && key == "" {
		key, err = lastEvent(ctx, l, leadKey)
	}
	if err != nil {
		return nil, fmt.Errorf("look for the lead in the ledger: %w", err)
	}
	if key == "" {
		return nil, fmt.Errorf("the ledger knows no %s lead %s", partner, id)
	}
	e, ok, err := l.Event(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	if !ok {
		return nil, fmt.Errorf("the event of lead %s was removed from the ledger", id)
	}
	return &knownEvent{ledger: l, event: e}, nil
}

// latestVersion is the event key of a versioned lead's latest version, empty when there is none.
func latestVersion(ctx context.Context, l *ledger.Ledger, leadKey string) (string, error) {
	resp, err := l.Index.GetEntity(ctx, "lead|"+leadKey, "latest", nil)
	if azure.NotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", azure.Classify(err)
	}
	var row struct{ Key string }
	if err := json.Unmarshal(resp.Value, &row); err != nil {
		return "", fmt.Errorf("the index row is not what we wrote")
	}
	return row.Key, nil
}

// lastEvent walks through the ledger for the event of a lead that was received last, empty when there is none.
func lastEvent(ctx context.Context, l *ledger.Ledger, leadKey string) (key string, err error) {
	filter, columns := "RowKey eq 'e' and LeadKey eq '"+leadKey+"'", "PartitionKey,Received"
	pages := l.Events.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter, Select: &columns})
	var last time.Time
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if azure.NotFound(err) {
			return "", nil
		}
		if err != nil {
			return "", azure.Classify(err)
		}
		for _, b := range page.Entities {
			var row struct {
				PartitionKey string
				Received     time.Time
			}
			if err := json.Unmarshal(b, &row); err != nil {
				return "", fmt.Errorf("a ledger row is not what we wrote")
			}
			if row.Received.After(last) {
				key, last = row.PartitionKey, row.Received
			}
		}
	}
	return key, nil
}
