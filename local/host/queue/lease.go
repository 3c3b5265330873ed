package queue

import (
	"context"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/queueerror"

	"leadrelay/local/host/event"
	"leadrelay/local/host/storage"
)

// lease is a received message; every update gives it a new receipt.
type lease struct {
	listener *Listener
	id, text string

	mu      sync.Mutex
	receipt string
}

// keep renews the lease at half time until ctx ends (functions-host.md §6.2).
func (h *lease) keep(ctx context.Context) {
	every := time.NewTicker(h.listener.Lease / 2)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
			if !h.update(context.WithoutCancel(ctx), seconds(h.listener.Lease), "renewed") {
				return
			}
			h.listener.Log.Info(event.Trigger, "a message runs on: its lease is renewed", "function", h.listener.Function.Name, "id", h.id)
		}
	}
}

// release makes the message visible again after a delay.
func (h *lease) release(ctx context.Context, delay time.Duration) {
	hidden := int32(0)
	if delay > 0 {
		hidden = seconds(delay)
	}
	h.update(ctx, hidden, "released")
}

func (h *lease) update(ctx context.Context, hidden int32, what string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	ctx, cancel := storage.Bound(ctx)
	defer cancel()
	resp, err := h.listener.Queue.UpdateMessage(ctx, h.id, h.receipt, h.text, &azqueue.UpdateMessageOptions{VisibilityTimeout: &hidden})
	if err != nil {
		h.complain(what, err)
		return false
	}
	h.receipt = *resp.PopReceipt
	return true
}

func (h *lease) delete(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	ctx, cancel := storage.Bound(ctx)
	defer cancel()
	if _, err := h.listener.Queue.DeleteMessage(ctx, h.id, h.receipt, nil); err != nil {
		h.complain("deleted", err)
	}
}

func (h *lease) complain(what string, err error) {
	reason := err.Error()
	if queueerror.HasCode(err, queueerror.MessageNotFound, queueerror.PopReceiptMismatch) {
		reason = "its lease is lost: someone else has it"
	}
	h.listener.Log.Warn(event.Trigger, "a message could not be "+what, "function", h.listener.Function.Name, "id", h.id, "reason", reason)
}
