package ledger

import (
	"context"
	"fmt"
	"strings"
)

// Place is where a page of open deliveries ended.
func (e OpenEntry) Place() string { return e.row }

// OpenPage lists at most max open deliveries of a destination behind a place ("" for the beginning), the oldest time
// first, and says whether there are more. It is one request.
func (l *Ledger) OpenPage(ctx context.Context, destination string, kind OpenKind, after string, max int) ([]OpenEntry, bool, error) {
	prefix := []string{retryPrefix, heldPrefix, waitingPrefix}[kind]
	if after == "" {
		after = prefix
	}
	if !strings.HasPrefix(after, prefix) || strings.Contains(after, "'") {
		return nil, false, fmt.Errorf("%q is not where a page ended", after)
	}
	filter := fmt.Sprintf("PartitionKey eq '%s' and RowKey gt '%s' and RowKey lt '%s'", openPrefix+destination, after, strings.TrimSuffix(prefix, "|")+"}")
	rows, more, err := l.index.page(ctx, filter, min(max, windowRows))
	if err != nil {
		return nil, false, fmt.Errorf("list open deliveries: %w", err)
	}
	out, err := parseOpen(prefix, rows)
	return out, more, err
}
