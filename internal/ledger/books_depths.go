package ledger

import (
	"context"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"leadrelay/internal/azure"
)

// Depths are what lies before the ledger: the queues' counts are Azure's, approximate, with the messages that are
// invisible just now.
type Depths struct {
	Intake int  `json:"intake"` // events that wait, and retries until they are due
	Poison int  `json:"poison"` // of the host's poison queue; Sweep empties it
	Spill  int  `json:"spill"`  // what the intake could not take; Sweep feeds it back
	More   bool `json:"more,omitempty"`
}

// Depths reads them, in three requests. What is not there is empty.
func (in *Intake) Depths(ctx context.Context) (d Depths, err error) {
	if d.Intake, err = depth(ctx, in.Queue); err != nil {
		return d, err
	}
	if d.Poison, err = depth(ctx, in.Poison); err != nil {
		return d, err
	}
	page, err := in.Spill.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{MaxResults: to.Ptr(int32(5000))}).NextPage(ctx)
	if azure.NotFound(err) {
		return d, nil
	}
	if err != nil {
		return d, fmt.Errorf("count the spill: %w", azure.Classify(err))
	}
	d.Spill, d.More = len(page.Segment.BlobItems), page.NextMarker != nil && *page.NextMarker != ""
	return d, nil
}

func depth(ctx context.Context, q *azqueue.QueueClient) (int, error) {
	p, err := q.GetProperties(ctx, nil)
	if azure.NotFound(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("count a queue: %w", azure.Classify(err))
	}
	if p.ApproximateMessagesCount == nil {
		return 0, nil
	}
	return int(*p.ApproximateMessagesCount), nil
}
