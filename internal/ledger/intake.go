package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"leadrelay/internal/azure"
	"leadrelay/internal/deadline"
	"leadrelay/internal/lead"
)

// Intake is our own queue: an event is accepted once it is in it, or in the spill that stands in while it is down.
type Intake struct {
	Messages *azure.Messages // what every accepted event goes to
	Queue    *azqueue.QueueClient
	Poison   *azqueue.QueueClient // the host's own, where it puts what failed too often
	Spill    *container.Client
	Claims   *container.Client

	spill, claims *azure.Blobs
	texts         sync.Pool // *[]byte, to write a message in: the calls take copies
	first         deadline.Shared
}

// NewIntake opens the intake of an account. It calls nothing.
func NewIntake(a *azure.Account, n Names) *Intake {
	return &Intake{Messages: a.Messages(n.Intake()), Queue: a.Queue(n.Intake()), Poison: a.Queue(n.IntakePoison()),
		Spill: a.Container(n.Spill()), Claims: a.Container(n.Claims()), spill: a.Blobs(n.Spill()), claims: a.Blobs(n.Claims())}
}

// Limits of the intake. The tries of one accept add up to no more than what Receive has at least; where a claim or a look-up
// took some of that, the last of them have less.
const (
	MaxMessage = 48<<10 - 64 // bytes of a message before base64: what a queue message of 64 KiB holds, less what a return adds
	firstTry   = 2 * time.Second
	secondTry  = 1 * time.Second
	spillTry   = 1500 * time.Millisecond
)

// Accept makes a message durable: a large envelope goes to the claims first, then the message to the queue, with one
// quick second try, else to the spill. When all fail the error is Unavailable and nothing counts as accepted. Of the message
// it keeps nothing.
func (in *Intake) Accept(ctx context.Context, m Message) error {
	room, _ := in.texts.Get().(*[]byte)
	if room == nil {
		room = new([]byte)
	}
	defer in.texts.Put(room)
	text, err := m.appendTo((*room)[:0])
	if err != nil {
		return err
	}
	if cap(text) <= 2*MaxMessage {
		*room = text
	}
	if len(text) > MaxMessage {
		if text, err = in.claim(ctx, m); err != nil {
			return err
		}
	}
	if err = in.enqueueTwice(ctx, text); err == nil {
		return nil
	}
	name := m.Envelope.ID + ".json"
	if spillErr := store(ctx, in.spill, name, text, spillTry, nil); spillErr != nil {
		return &lead.Error{Kind: lead.Unavailable, Err: fmt.Errorf("neither intake nor spill took the event: %w", errors.Join(err, spillErr))}
	}
	return nil
}

// claim stores the envelope as a blob and returns the message that names it.
func (in *Intake) claim(ctx context.Context, m Message) ([]byte, error) {
	name := m.Envelope.ID + ".json"
	if err := store(ctx, in.claims, name, m.Envelope.AppendJSON(nil), firstTry, map[string]string{claimKey: m.Key}); err != nil {
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

// enqueueTwice puts a message into the queue, in a quick second try if need be.
func (in *Intake) enqueueTwice(ctx context.Context, text []byte) error {
	first, cancel := in.bound(ctx)
	err := in.enqueue(first, text)
	cancel()
	if err == nil {
		return nil
	}
	ctx, cancel = context.WithTimeout(ctx, secondTry)
	defer cancel()
	return in.enqueue(ctx, text)
}

// bound is the context of a first try. Where ctx ends by itself, the try has its time and is not broken off before: the message
// might be there.
func (in *Intake) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, bounded := ctx.Deadline(); bounded && ctx.Err() == nil {
		return deadline.Sooner(ctx, in.first.Within(firstTry)), func() {}
	}
	return context.WithTimeout(ctx, firstTry)
}

// enqueue is one try; a queue that is missing is created, once.
func (in *Intake) enqueue(ctx context.Context, text []byte) error {
	err := in.send(ctx, text, 0)
	if !azure.NotFound(err) {
		return err
	}
	if err := in.Messages.Create(ctx); err != nil && !azure.Exists(err) {
		return fmt.Errorf("create the intake: %w", err)
	}
	return in.send(ctx, text, 0)
}

func (in *Intake) send(ctx context.Context, text []byte, after time.Duration) error {
	_, err := in.Messages.PutBase64(ctx, text, after)
	return err
}

// store creates a blob within limit; one that is there already is as good. A missing container is created, once.
func store(ctx context.Context, c *azure.Blobs, name string, data []byte, limit time.Duration, metadata map[string]string) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	_, err := c.Put(ctx, name, "application/json", data, metadata)
	if azure.NotFound(err) {
		if err := c.Create(ctx); err != nil && !azure.Exists(err) {
			return err
		}
		_, err = c.Put(ctx, name, "application/json", data, metadata)
	}
	if azure.Exists(err) {
		return nil
	}
	return err
}
