// Package queue listens to Azure Storage queues as the real host's extension does, and writes the messages of output bindings
// (functions-host.md §2.3, §3, §6.2).
package queue

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/queueerror"

	"leadrelay/local/host/event"
	"leadrelay/local/host/function"
	"leadrelay/local/host/hostjson"
	"leadrelay/local/host/invoke"
	"leadrelay/local/host/storage"
)

// Invoker calls a function.
type Invoker interface {
	Invoke(ctx context.Context, f *function.Function, reason string, p invoke.Payload) error
}

// Listener feeds the messages of one queue to one function.
type Listener struct {
	Function *function.Function
	Queue    *azqueue.QueueClient
	// Poison is nil where there is no poison queue: the queue is one itself, or the name would be too long (§6.2).
	Poison   *azqueue.QueueClient
	Settings hostjson.Queues
	Lease    time.Duration // for how long a received message stays hidden; renewed at half time
	Invoker  Invoker
	Log      *event.Log
	Wake     <-chan struct{} // an output binding of this host has put a message in
}

// DefaultLease is how long the real host hides a message that it has received (§6.2).
const DefaultLease = 10 * time.Minute

// PoisonName returns the name of a queue's poison queue, or "" if it has none (§6.2).
func PoisonName(queue string) string {
	const suffix, longest = "-poison", 63
	if strings.HasSuffix(queue, suffix) || len(queue)+len(suffix) > longest {
		return ""
	}
	return queue + suffix
}

// Run polls until accept ends and returns when the last message is settled. listening is called once, when the queue has been
// looked at. A message that is still running when running ends is left to its lease.
func (l *Listener) Run(accept, running context.Context, listening func()) {
	var tasks sync.WaitGroup
	defer tasks.Wait()
	places := newPlaces(l.Settings.NewBatchThreshold)
	wait := newBackoff(l.Settings.MaxPollingInterval)
	away := false
	for accept.Err() == nil {
		messages, err := l.receive(running)
		if err == nil && listening != nil {
			listening()
			listening = nil
		}
		if (err != nil) != away && accept.Err() == nil { // said once, not at every poll
			away = !away
			l.tell(err)
		}
		for _, m := range messages {
			places.take()
			tasks.Go(func() {
				defer places.give()
				l.process(running, m)
			})
		}
		if len(messages) == 0 {
			l.pause(accept, wait.next())
			continue
		}
		wait.reset()
		places.settle(accept)
	}
}

// tell logs that the queue cannot be read, or, without an error, that it can again.
func (l *Listener) tell(err error) {
	if err == nil {
		l.Log.Info(event.Trigger, "the queue can be read again", "function", l.Function.Name, "queue", l.Function.Trigger.QueueName)
		return
	}
	l.Log.Warn(event.Trigger, "the queue cannot be read; it is polled on", "function", l.Function.Name, "queue", l.Function.Trigger.QueueName, "reason", err)
}

// receive fetches a batch. A queue that is not there yet is an empty one. A stop does not cancel it: messages may be under way.
func (l *Listener) receive(ctx context.Context) ([]*azqueue.DequeuedMessage, error) {
	ctx, cancel := storage.Bound(ctx)
	defer cancel()
	batch, hidden := int32(l.Settings.BatchSize), seconds(l.Lease)
	resp, err := l.Queue.DequeueMessages(ctx, &azqueue.DequeueMessagesOptions{NumberOfMessages: &batch, VisibilityTimeout: &hidden})
	if queueerror.HasCode(err, queueerror.QueueNotFound, queueerror.QueueBeingDeleted) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("receive from %s: %w", l.Function.Trigger.QueueName, err)
	}
	return resp.Messages, nil
}

func (l *Listener) pause(accept context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-accept.Done():
	case <-timer.C:
	case <-l.Wake:
	}
}

// seconds is a duration as the service takes it, at least one.
func seconds(d time.Duration) int32 {
	return max(1, int32((d+time.Second-1)/time.Second))
}

// places counts what is in flight; a new batch is fetched when no more than the threshold is (§6.2).
type places struct {
	mu        sync.Mutex
	inFlight  int
	threshold int
	freed     chan struct{}
}

func newPlaces(threshold int) *places {
	return &places{threshold: threshold, freed: make(chan struct{}, 1)}
}

func (p *places) take() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inFlight++
}

func (p *places) give() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inFlight--
	select {
	case p.freed <- struct{}{}:
	default:
	}
}

// settle waits until a new batch may be fetched.
func (p *places) settle(ctx context.Context) {
	for {
		p.mu.Lock()
		ok := p.inFlight <= p.threshold
		p.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-p.freed:
		case <-ctx.Done():
			return
		}
	}
}
