package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

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
	err = l.rows(ctx, key, duplicateRow, func(r row) {
		n := Line{Partner: e.Partner, Receipt: strings.TrimPrefix(r.key, duplicateRow), Received: r.time("Received")}
		errs = append(errs, l.eraseLine(ctx, n))
	})
	if err := errors.Join(append(errs, err)...); err != nil {
		return err
	}
	b, err := entity(key, eventRow, map[string]any{"Envelope": aztables.EDMBinary{}, "Message": aztables.EDMBinary{}, "Claim": "", "Subject": "", "Erased": l.Now()})
	if err != nil {
		return err
	}
	if err := l.merge(ctx, b, azcore.ETagAny); err != nil {
		return fmt.Errorf("erase event: %w", err)
	}
	return nil
}

// eraseLine takes the lead's id off the row of a receipt.
func (l *Ledger) eraseLine(ctx context.Context, n Line) error {
	b, err := entity(dayPartition(n.Partner, n.Received), n.Receipt, map[string]any{"Subject": ""})
	if err != nil {
		return err
	}
	anyTag := azcore.ETagAny
	_, err = l.Index.UpdateEntity(ctx, b, &aztables.UpdateEntityOptions{IfMatch: &anyTag, UpdateMode: aztables.UpdateModeMerge})
	if err != nil && !azure.NotFound(err) {
		return fmt.Errorf("erase receipt: %w", azure.Classify(err))
	}
	return nil
}
