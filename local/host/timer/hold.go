package timer

import (
	"context"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"
)

// blobHold is a blob lease that is renewed at half time until it is released or lost.
type blobHold struct {
	client *lease.BlobClient
	lost   chan struct{}
	stop   context.CancelFunc
	work   sync.WaitGroup
}

func newHold(client *lease.BlobClient, period time.Duration) *blobHold {
	ctx, stop := context.WithCancel(context.Background())
	h := &blobHold{client: client, lost: make(chan struct{}), stop: stop}
	h.work.Go(func() {
		every := time.NewTicker(period / 2)
		defer every.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-every.C:
			}
			bound, cancel := context.WithTimeout(ctx, period/2)
			_, err := client.RenewLease(bound, nil)
			cancel()
			if err != nil && ctx.Err() == nil {
				close(h.lost)
				return
			}
		}
	})
	return h
}

// Lost is closed when the lease could not be renewed.
func (h *blobHold) Lost() <-chan struct{} { return h.lost }

// Release gives the lease back.
func (h *blobHold) Release() {
	h.stop()
	h.work.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, _ = h.client.ReleaseLease(ctx, nil) // if it fails, the lease runs out by itself
}
