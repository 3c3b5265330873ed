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
	"leadrelay/local/host/invoke"
	"leadrelay/local/host/newtonsoft"
	"leadrelay/local/host/storage"
)

// process invokes the function with one message and settles it (functions-host.md §6.2).
func (l *Listener) process(ctx context.Context, m *azqueue.DequeuedMessage) {
	held := &lease{listener: l, id: *m.MessageID, receipt: *m.PopReceipt, text: text(m)}
	content, ok := []byte(held.text), true
	if l.Settings.Base64 {
		content, ok = invoke.FromBase64(held.text)
	}
	switch {
	case !ok:
		l.bury(ctx, held, "is not valid base64 although messageEncoding is base64")
		return
	case l.Poison != nil && *m.DequeueCount > int64(l.Settings.MaxDequeueCount):
		l.bury(ctx, held, "has come more often than maxDequeueCount") // without invoking
		return
	}
	renewal, stop := context.WithCancel(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() { held.keep(renewal) })
	reason := fmt.Sprintf("New queue message detected on '%s'.", l.Function.Trigger.QueueName)
	err := l.Invoker.Invoke(ctx, l.Function, reason, Payload(l.Function.Trigger, content, m))
	stop()
	renewing.Wait()
	switch {
	case ctx.Err() != nil: // the host is going: the message comes back when its lease is over
	case err == nil:
		held.delete(ctx)
	case l.Poison == nil: // stays hidden for the rest of its lease
	case *m.DequeueCount >= int64(l.Settings.MaxDequeueCount):
		l.bury(ctx, held, "has failed maxDequeueCount times")
	default:
		held.release(ctx, l.Settings.VisibilityTimeout)
	}
}

func text(m *azqueue.DequeuedMessage) string {
	if m.MessageText == nil {
		return ""
	}
	return *m.MessageText
}

// bury copies a message to the poison queue, creating that on demand, and then deletes it (§6.2).
func (l *Listener) bury(ctx context.Context, held *lease, why string) {
	if l.Poison == nil {
		l.Log.Error(event.Trigger, "a message "+why+" and there is no poison queue", "function", l.Function.Name, "id", held.id)
		return
	}
	l.Log.Warn(event.Trigger, "a message "+why+" and goes to the poison queue", "function", l.Function.Name, "id", held.id, "queue", PoisonName(l.Function.Trigger.QueueName))
	if err := put(ctx, l.Poison, held.text); err != nil {
		l.Log.Error(event.Trigger, "the poison queue cannot be written", "function", l.Function.Name, "id", held.id, "reason", err)
		return
	}
	held.delete(ctx)
}

// put enqueues a text, creating the queue if need be (§3, §6.2). N10: with the service's own time to live, seven days (functions-host.md §3).
func put(ctx context.Context, q *azqueue.QueueClient, text string) error {
	ctx, cancel := storage.Bound(ctx)
	defer cancel()
	_, err := q.EnqueueMessage(ctx, text, nil)
	if !queueerror.HasCode(err, queueerror.QueueNotFound) {
		return err
	}
	if _, err := q.Create(ctx, nil); err != nil && !queueerror.HasCode(err, queueerror.QueueAlreadyExists) {
		return err
	}
	_, err = q.EnqueueMessage(ctx, text, nil)
	return err
}

// Payload is a message as the function gets it (§2.3). m is nil for a message that only POST /admin/functions/<Name> knows.
func Payload(trigger function.Binding, content []byte, m *azqueue.DequeuedMessage) invoke.Payload {
	p := invoke.Payload{Binding: trigger.Name, Value: strings.ToValidUTF8(string(content), "\ufffd"), BindingData: &newtonsoft.Object{Fold: true}}
	if trigger.DataType == "binary" {
		p.Value = content
	}
	data := p.BindingData
	if m == nil {
		data.Set("DequeueCount", newtonsoft.Int(0))
		data.Set("Id", "")
		data.Set("PopReceipt", "")
		return p
	}
	data.Set("DequeueCount", newtonsoft.Int(*m.DequeueCount))
	data.Set("ExpirationTime", instant(m.ExpirationTime))
	data.Set("Id", *m.MessageID)
	data.Set("InsertionTime", instant(m.InsertionTime))
	data.Set("NextVisibleTime", instant(m.TimeNextVisible))
	data.Set("PopReceipt", *m.PopReceipt)
	return p
}

func instant(t *time.Time) any {
	if t == nil {
		return nil
	}
	return invoke.Instant(t.UTC())
}
