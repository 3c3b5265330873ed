package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
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
	page, err := l.Index.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter, Top: to.Ptr(int32(min(max, windowRows)))}).NextPage(ctx)
	if azure.NotFound(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("list open deliveries: %w", azure.Classify(err))
	}
	var out []OpenEntry
	for _, b := range page.Entities {
		r, err := parseRow(b)
		if err != nil {
			return nil, false, err
		}
		at, key, _ := strings.Cut(strings.TrimPrefix(r.key, prefix), "|")
		when, err := time.Parse(sortable, at)
		if err != nil {
			return nil, false, fmt.Errorf("index row %s is not one that we wrote", r.key)
		}
		out = append(out, OpenEntry{Key: key, Time: when, row: r.key})
	}
	return out, page.NextRowKey != nil, nil
}
