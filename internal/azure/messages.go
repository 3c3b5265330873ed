package azure

import (
	"context"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
)

// Messages are the messages of a queue, for what is done with every event: of our own account, or of a lender's by SAS.
// What is done now and then goes through the SDK. Errors are as [Classify] tells them.
type Messages struct{ sdk *azqueue.QueueClient }

// Message is one that was leased.
type Message struct {
	ID, Receipt string // Receipt is the pop receipt
	Text        string
	Inserted    time.Time
	Tries       int // how often it was leased, this time included
}

// Messages is a queue of the account. Nothing is called.
func (a *Account) Messages(name string) *Messages { return &Messages{sdk: a.Queue(name)} }

// Messages is the queue that a SAS opens. Nothing is called. Only for a SAS of kind Queue.
func (s SAS) Messages(client *http.Client) (*Messages, error) {
	q, err := s.Queue(client)
	return &Messages{sdk: q}, err
}

// Put adds a message that never expires, to be seen after a delay of whole seconds, and gives its id.
func (q *Messages) Put(ctx context.Context, text string, after time.Duration) (id string, err error) {
	resp, err := q.sdk.EnqueueMessage(ctx, text, &azqueue.EnqueueMessageOptions{TimeToLive: to.Ptr(int32(-1)), VisibilityTimeout: to.Ptr(int32(after / time.Second))})
	if err != nil {
		return "", Classify(err)
	}
	if len(resp.Messages) == 1 && resp.Messages[0].MessageID != nil {
		id = *resp.Messages[0].MessageID
	}
	return id, nil
}

// PutBase64 is Put of bytes in base64.
func (q *Messages) PutBase64(ctx context.Context, body []byte, after time.Duration) (id string, err error) {
	return q.Put(ctx, base64.StdEncoding.EncodeToString(body), after)
}

// Get leases at most n messages, 1 to 32, for whole seconds.
func (q *Messages) Get(ctx context.Context, n int, lease time.Duration) ([]Message, error) {
	resp, err := q.sdk.DequeueMessages(ctx, &azqueue.DequeueMessagesOptions{NumberOfMessages: to.Ptr(int32(n)), VisibilityTimeout: to.Ptr(int32(lease / time.Second))})
	if err != nil {
		return nil, Classify(err)
	}
	var out []Message
	for _, m := range resp.Messages {
		one := Message{ID: *m.MessageID, Receipt: *m.PopReceipt, Text: *m.MessageText, Inserted: m.InsertionTime.UTC()}
		if m.DequeueCount != nil {
			one.Tries = int(*m.DequeueCount)
		}
		out = append(out, one)
	}
	return out, nil
}

// Delete deletes a leased message. A pop receipt that is no longer the current one is an error that [Stale] knows.
func (q *Messages) Delete(ctx context.Context, id, receipt string) error {
	_, err := q.sdk.DeleteMessage(ctx, id, receipt, nil)
	return Classify(err)
}
