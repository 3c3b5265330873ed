package ledger

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"leadrelay/internal/azure"
	"leadrelay/internal/lead"
)

// Intake is our own queue: an event is accepted once it is in it, or in the spill that stands in while it is down.
type Intake struct {
	Queue  *azqueue.QueueClient
	Poison *azqueue.QueueClient // the host's own, where it puts what failed too often
	Spill  *container.Client
	Claims *container.Client
}

// NewIntake opens the intake of an account. It calls nothing.
func NewIntake(a *azure.Account, n Names) *Intake {
	return &Intake{Queue: a.Queue(n.Intake()), Poison: a.Queue(n.IntakePoison()), Spill: a.Container(n.Spill()), Claims: a.Container(n.Claims())}
}

// Limits of the intake. The tries of one accept add up to less than the 5 s that Receive has.
const (
	MaxMessage  = 48<<10 - 64 // bytes of a message before base64: what a queue message of 64 KiB holds, less what a return adds
	firstTry    = 2 * time.Second
	secondTry   = 1 * time.Second
	spillTry    = 1500 * time.Millisecond
	neverExpire = int32(-1)
)

// Accept makes a message durable: a large envelope goes to the claims first, then the message to the queue, with one
// quick second try, else to the spill. When all fail the error is Unavailable and nothing counts as accepted.
func (in *Intake) Accept(ctx context.Context, m Message) error {
	text, err := m.Encode()
	if err != nil {
		return err
	}
	if len(text) > MaxMessage {
		if text, err = in.claim(ctx, m); err != nil {
			return err
		}
	}
	for _, limit := range []time.Duration{firstTry, secondTry} {
		if err = in.enqueue(ctx, text, limit); err == nil {
			return nil
		}
	}
	name := m.Envelope.ID + ".json"
	if spillErr := put(ctx, in.Spill, name, text, spillTry, nil); spillErr != nil {
		return &lead.Error{Kind: lead.Unavailable, Err: fmt.Errorf("neither intake nor spill took the event: %w", errors.Join(err, spillErr))}
	}
	return nil
}

// claim stores the envelope as a blob and returns the message that names it.
func (in *Intake) claim(ctx context.Context, m Message) ([]byte, error) {
	name := m.Envelope.ID + ".json"
	if err := put(ctx, in.Claims, name, m.Envelope.AppendJSON(nil), firstTry, map[string]*string{claimKey: &m.Key}); err != nil {
		return nil, &lead.Error{Kind: lead.Unavailable, Err: fmt.Errorf("the claims did not take the envelope: %w", err)}
	}
	m.Claim = name
	return m.Encode()
}

// Return puts a message back that had been accepted before, to be seen after a delay. It tries once.
func (in *Intake) Return(ctx context.Context, m Message, after time.Duration) error {
	text, err := m.Encode()
	if err != nil {
		return err
	}
	return in.send(ctx, text, after)
}

// enqueue is one try within limit; a queue that is missing is created, once.
func (in *Intake) enqueue(ctx context.Context, text []byte, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := in.send(ctx, text, 0)
	if !azure.NotFound(err) {
		return err
	}
	if _, err := in.Queue.Create(ctx, nil); err != nil && !azure.Exists(err) {
		return fmt.Errorf("create the intake: %w", azure.Classify(err))
	}
	return in.send(ctx, text, 0)
}

func (in *Intake) send(ctx context.Context, text []byte, after time.Duration) error {
	_, err := in.Queue.EnqueueMessage(ctx, base64.StdEncoding.EncodeToString(text), &azqueue.EnqueueMessageOptions{
		TimeToLive: to.Ptr(neverExpire), VisibilityTimeout: to.Ptr(int32(after / time.Second))})
	return azure.Classify(err)
}

// put creates a blob within limit; one that is there already is as good. A missing container is created, once.
func put(ctx context.Context, c *container.Client, name string, data []byte, limit time.Duration, metadata map[string]*string) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := upload(ctx, c, name, data, metadata)
	if azure.NotFound(err) {
		if _, err := c.Create(ctx, nil); err != nil && !azure.Exists(err) {
			return azure.Classify(err)
		}
		err = upload(ctx, c, name, data, metadata)
	}
	if azure.Exists(err) {
		return nil
	}
	return azure.Classify(err)
}

func upload(ctx context.Context, c *container.Client, name string, data []byte, metadata map[string]*string) error {
	_, err := c.NewBlockBlobClient(name).Upload(ctx, body{bytes.NewReader(data)}, &blockblob.UploadOptions{
		Metadata:         metadata,
		HTTPHeaders:      &blob.HTTPHeaders{BlobContentType: to.Ptr("application/json")},
		AccessConditions: &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)}},
	})
	return err
}

// body is a reader with the Close that the SDK wants.
type body struct{ *bytes.Reader }

func (body) Close() error { return nil }
