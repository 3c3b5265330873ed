package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/azure"
)

// EventsOf are the keys of all events of a lead, oldest first.
func (l *Ledger) EventsOf(ctx context.Context, leadKey string) ([]string, error) {
	return l.keysOf(ctx, leadPrefix+leadKey)
}

// RejectedOf are the keys of all events of a partner that were refused at the door, oldest first: of what lead they are is
// not known.
func (l *Ledger) RejectedOf(ctx context.Context, partner string) ([]string, error) {
	return l.keysOf(ctx, rejectedPrefix+partner)
}

func (l *Ledger) keysOf(ctx context.Context, partition string) ([]string, error) {
	pointers, err := l.pointers(ctx, partition)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	var out []string
	seen := map[string]bool{}
	for _, p := range pointers {
		if p.key != "" && !seen[p.key] {
			seen[p.key] = true
			out = append(out, p.key)
		}
	}
	return out, nil
}

// Erase takes away what the ledger keeps of a person in an event: its payload, wherever it lies, and the lead's id. The
// keyed hashes stay, so that the same event is known again. It may be called again.
func (l *Ledger) Erase(ctx context.Context, key string) error {
	e, ok, err := l.Event(ctx, key)
	if err != nil || !ok {
		return err
	}
	if e.Claim != "" {
		if _, err := l.Claims.NewBlobClient(e.Claim).Delete(ctx, nil); err != nil && !azure.NotFound(err) {
			return fmt.Errorf("erase claim: %w", azure.Classify(err))
		}
	}
	if err := l.eraseLine(ctx, Line{Partner: e.Partner, Receipt: e.Receipt, Received: e.Received}); err != nil {
		return err
	}
	var errs []error
	err = l.rows(ctx, key, duplicateRow, func(r azure.Row) {
		n := Line{Partner: e.Partner, Receipt: strings.TrimPrefix(r.Key, duplicateRow), Received: r.Time("Received")}
		errs = append(errs, l.eraseLine(ctx, n))
	})
	if err := errors.Join(append(errs, err)...); err != nil {
		return err
	}
	row := azure.NewEntity(key, eventRow).Bytes("Envelope", nil).Bytes("Message", nil).Text("Claim", "").Text("Subject", "").Time("Erased", l.Now())
	if _, err := l.events.Merge(ctx, row, azcore.ETagAny); err != nil {
		return fmt.Errorf("erase event: %w", err)
	}
	return nil
}

// eraseLine takes the lead's id off the row of a receipt.
func (l *Ledger) eraseLine(ctx context.Context, n Line) error {
	_, err := l.index.Merge(ctx, azure.NewEntity(dayPartition(n.Partner, n.Received), n.Receipt).Text("Subject", ""), azcore.ETagAny)
	if err != nil && !azure.NotFound(err) {
		return fmt.Errorf("erase receipt: %w", err)
	}
	return nil
}
