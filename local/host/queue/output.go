package queue

import (
	"context"
	"encoding/base64"
	"fmt"

	"leadrelay/local/host/function"
	"leadrelay/local/host/settings"
	"leadrelay/local/host/storage"
)

// Output writes what functions return for queue bindings (functions-host.md §3).
type Output struct {
	App    *settings.Settings
	Base64 bool // messageEncoding
	// Woken are the listeners of this host by connection and queue; each is told of a message at once (§6.2).
	Woken map[string][]chan struct{}
}

// Key names a queue of a connection in Woken.
func Key(b function.Binding) string { return b.Connection + "/" + b.QueueName }

// Send puts one message into the binding's queue, which is created if it is missing.
func (o *Output) Send(ctx context.Context, b function.Binding, message []byte) error {
	account, err := storage.Open(o.App, b.Connection)
	if err != nil {
		return err
	}
	text := string(message)
	if o.Base64 {
		text = base64.StdEncoding.EncodeToString(message)
	}
	if err := put(ctx, account.Queue(b.QueueName), text); err != nil {
		return fmt.Errorf("send to queue %s: %w", b.QueueName, err)
	}
	for _, wake := range o.Woken[Key(b)] {
		select {
		case wake <- struct{}{}:
		default: // awake already
		}
	}
	return nil
}
