package ledger

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"leadrelay/internal/azure"
)

// Stray is a message that missed the intake: it lies in the spill or in the host's poison queue.
type Stray struct {
	Text   []byte // as it would be in the intake, before base64; the raw bytes when it is no base64
	remove func(context.Context) error
}

// Remove takes the stray away, once it is safe elsewhere.
func (s Stray) Remove(ctx context.Context) error { return s.remove(ctx) }

// Spilled reads at most max messages of the spill, oldest first: they are named by receipt.
func (in *Intake) Spilled(ctx context.Context, max int32) ([]Stray, error) {
	page, err := in.Spill.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{MaxResults: &max}).NextPage(ctx)
	if azure.NotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the spill: %w", azure.Classify(err))
	}
	var out []Stray
	for _, item := range page.Segment.BlobItems {
		text, err := download(ctx, in.Spill, *item.Name)
		if azure.NotFound(err) {
			continue // another run has fed it back
		}
		if err != nil {
			return out, fmt.Errorf("read the spill: %w", err)
		}
		out = append(out, Stray{Text: text, remove: func(ctx context.Context) error {
			_, err := in.Spill.NewBlobClient(*item.Name).Delete(ctx, nil)
			return gone(err)
		}})
	}
	return out, nil
}

// Poisoned leases at most 32 messages of the host's poison queue for the given time.
func (in *Intake) Poisoned(ctx context.Context, lease time.Duration) ([]Stray, error) {
	return take(ctx, in.Poison, lease)
}

// Take leases at most 32 messages of the intake itself, as its trigger does.
func (in *Intake) Take(ctx context.Context, lease time.Duration) ([]Stray, error) {
	return take(ctx, in.Queue, lease)
}

func take(ctx context.Context, q *azqueue.QueueClient, lease time.Duration) ([]Stray, error) {
	resp, err := q.DequeueMessages(ctx, &azqueue.DequeueMessagesOptions{
		NumberOfMessages: to.Ptr(int32(32)), VisibilityTimeout: to.Ptr(int32(lease / time.Second))})
	if azure.NotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("take messages: %w", azure.Classify(err))
	}
	var out []Stray
	for _, m := range resp.Messages {
		out = append(out, Stray{Text: plain(*m.MessageText), remove: func(ctx context.Context) error {
			_, err := q.DeleteMessage(ctx, *m.MessageID, *m.PopReceipt, nil)
			return gone(err)
		}})
	}
	return out, nil
}

// plain undoes base64; what is none stays as it is.
func plain(text string) []byte {
	if b, err := base64.StdEncoding.DecodeString(text); err == nil {
		return b
	}
	return []byte(text)
}

// Lateness is how long the oldest message that anybody could take has been waiting beyond its time; 0 when there is
// none. A message that was leased and came back counts from when it was put.
func (in *Intake) Lateness(ctx context.Context, now time.Time) (time.Duration, error) {
	resp, err := in.Queue.PeekMessages(ctx, &azqueue.PeekMessagesOptions{NumberOfMessages: to.Ptr(int32(32))})
	if azure.NotFound(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("peek into the intake: %w", azure.Classify(err))
	}
	late := time.Duration(0)
	for _, m := range resp.Messages {
		due := *m.InsertionTime
		parsed, err := ParseMessage(plain(*m.MessageText))
		if err == nil && parsed.Returned > 0 {
			continue // it came back from the poison queue and waits there on purpose
		}
		if err == nil && parsed.Due().After(due) {
			due = parsed.Due()
		}
		late = max(late, now.Sub(due))
	}
	return late, nil
}

// gone takes an answer that says it is not there any more for success.
func gone(err error) error {
	if azure.NotFound(err) || azure.Stale(err) {
		return nil
	}
	return azure.Classify(err)
}

func download(ctx context.Context, c *container.Client, name string) ([]byte, error) {
	resp, err := c.NewBlobClient(name).DownloadStream(ctx, nil)
	if err != nil {
		return nil, azure.Classify(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxClaim))
	return b, azure.Classify(err)
}
