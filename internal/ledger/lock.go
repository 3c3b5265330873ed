package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"

	"leadrelay/internal/azure"
)

// Lock lets one run of a job in at a time, over all instances: a blob lease of one minute. Two runs at once can only
// happen when a lease expires under a run that hangs; every job bears that.
type Lock struct {
	Container *container.Client
	Name      string // of the blob
}

// lockFor is the longest that Azure leases a blob for, short of for ever.
const lockFor = 60 * time.Second

// Acquire takes the lock; ok is false when another run has it. release gives it back.
func (l *Lock) Acquire(ctx context.Context) (release func(), ok bool, err error) {
	if err := put(ctx, l.Container, l.Name, []byte("{}"), 10*time.Second, nil); err != nil && !azure.Stale(err) {
		return nil, false, fmt.Errorf("lock %s: %w", l.Name, err)
	}
	client, err := lease.NewBlobClient(l.Container.NewBlobClient(l.Name), nil)
	if err != nil {
		return nil, false, fmt.Errorf("lock %s: %w", l.Name, err)
	}
	_, err = client.AcquireLease(ctx, int32(lockFor/time.Second), nil)
	if azure.Stale(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("lock %s: %w", l.Name, azure.Classify(err))
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_, _ = client.ReleaseLease(ctx, nil) // it ends by itself within a minute
	}, true, nil
}
