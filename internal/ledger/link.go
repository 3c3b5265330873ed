package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
)

// Links tie what a partner calls a session to the lead that it is about: a cr3dentials event names nothing else. They are
// rows of the state table. Errors are as azure.Classify tells them.
type Links struct {
	Table *aztables.Client
	Hash  func(parts ...string) string
	Now   func() time.Time
}

// LeadRef names a lead.
type LeadRef struct {
	Partner string `json:"partner"`
	ID      string `json:"id"`
}

// ParseLeadRef reads "partner|id"; "/" will do for "|", and without either the partner is crf.
func ParseLeadRef(text string) (LeadRef, error) {
	text = strings.TrimSpace(text)
	ref := LeadRef{Partner: "crf", ID: text}
	if i := strings.IndexAny(text, "|/"); i >= 0 {
		ref = LeadRef{Partner: text[:i], ID: text[i+1:]}
	}
	if ref.Partner == "" || ref.ID == "" {
		return LeadRef{}, errors.New("a lead is named partner|id, such as crf|4626a582-afb9-48bf-8d86-87e6fe91a842")
	}
	return ref, nil
}

// String is "partner|id".
func (l LeadRef) String() string { return l.Partner + "|" + l.ID }

const linkRow = "link"

// Set ties a partner's session to a lead; an earlier tie is replaced.
func (l *Links) Set(ctx context.Context, partner, session string, to LeadRef) error {
	b, err := json.Marshal(map[string]any{
		"PartitionKey": l.Hash("link", partner, session), "RowKey": linkRow,
		"Partner": to.Partner, "ID": to.ID, "Linked": timeText(l.Now()),
	})
	if err != nil {
		return fmt.Errorf("encode a link: %w", err)
	}
	_, err = l.Table.UpsertEntity(ctx, b, &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeReplace})
	if azure.NotFound(err) {
		if _, err := l.Table.CreateTable(ctx, nil); err != nil && !azure.Exists(err) {
			return fmt.Errorf("link: %w", azure.Classify(err))
		}
		_, err = l.Table.UpsertEntity(ctx, b, &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeReplace})
	}
	if err != nil {
		return fmt.Errorf("link: %w", azure.Classify(err))
	}
	return nil
}

// Get is the lead that a partner's session is tied to; ok is false when it is tied to none.
func (l *Links) Get(ctx context.Context, partner, session string) (to LeadRef, ok bool, err error) {
	resp, err := l.Table.GetEntity(ctx, l.Hash("link", partner, session), linkRow, nil)
	if azure.NotFound(err) {
		return LeadRef{}, false, nil
	}
	if err != nil {
		return LeadRef{}, false, fmt.Errorf("link: %w", azure.Classify(err))
	}
	var row struct{ Partner, ID string }
	if err := json.Unmarshal(resp.Value, &row); err != nil || row.ID == "" {
		return LeadRef{}, false, errors.New("link: a row of the state table is not ours")
	}
	return LeadRef{Partner: row.Partner, ID: row.ID}, true, nil
}
