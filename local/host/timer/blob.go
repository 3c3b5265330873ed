package timer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"

	"leadrelay/local/host/storage"
)

// ContainerName is the container of the host's own blobs (functions-host.md §6.1).
const ContainerName = "azure-webjobs-hosts"

// lookupName is the name under which a timer is remembered. N19: the part before the function's name (functions-host.md §6.1).
func lookupName(functionName string) string { return "Host.Functions." + functionName }

// Blobs keeps statuses and leases in a container, under a host id.
type Blobs struct {
	Container *container.Client
	HostID    string
	Period    time.Duration // of a lease, 15 to 60 s
}

func (b *Blobs) statusName(functionName string) string {
	return "timers/" + b.HostID + "/" + lookupName(functionName) + "/status"
}

func (b *Blobs) lockName(functionName string) string {
	return "locks/" + b.HostID + "/" + lookupName(functionName) + ".Listener"
}

// Load returns a timer's status, nil if there is none.
func (b *Blobs) Load(ctx context.Context, functionName string) (*Status, error) {
	ctx, cancel := storage.Bound(ctx)
	defer cancel()
	resp, err := b.Container.NewBlobClient(b.statusName(functionName)).DownloadStream(ctx, nil)
	if bloberror.HasCode(err, bloberror.BlobNotFound, bloberror.ContainerNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load the status of timer %s: %w", functionName, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("load the status of timer %s: %w", functionName, err)
	}
	status := &Status{}
	if json.Unmarshal(text, status) != nil {
		return nil, nil // unreadable: as if there were none
	}
	return status, nil
}

// Save writes a timer's status.
func (b *Blobs) Save(ctx context.Context, functionName string, status Status) error {
	text, err := json.Marshal(status)
	if err == nil {
		err = b.upload(ctx, b.statusName(functionName), text, nil)
	}
	if err != nil {
		return fmt.Errorf("save the status of timer %s: %w", functionName, err)
	}
	return nil
}

func (b *Blobs) upload(ctx context.Context, name string, text []byte, conditions *blob.AccessConditions) error {
	ctx, cancel := storage.Bound(ctx)
	defer cancel()
	write := func() error {
		_, err := b.Container.NewBlockBlobClient(name).Upload(ctx, nopCloser{bytes.NewReader(text)}, uploadOptions(conditions))
		return err
	}
	err := write()
	if !bloberror.HasCode(err, bloberror.ContainerNotFound) {
		return err
	}
	if _, err := b.Container.Create(ctx, nil); err != nil && !bloberror.HasCode(err, bloberror.ContainerAlreadyExists) {
		return err
	}
	return write()
}

// Take acquires the lease that makes this host the only one to run a timer. If another has it, held is false (§6.1).
func (b *Blobs) Take(ctx context.Context, functionName string) (hold Hold, held bool, err error) {
	name := b.lockName(functionName)
	err = b.upload(ctx, name, nil, onlyNew())
	if err != nil && !exists(err) {
		return nil, false, fmt.Errorf("lock timer %s: %w", functionName, err)
	}
	client, err := lease.NewBlobClient(b.Container.NewBlobClient(name), nil)
	if err != nil {
		return nil, false, fmt.Errorf("lock timer %s: %w", functionName, err)
	}
	bound, cancel := storage.Bound(ctx)
	defer cancel()
	_, err = client.AcquireLease(bound, int32(b.Period/time.Second), nil)
	if bloberror.HasCode(err, bloberror.LeaseAlreadyPresent) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("lock timer %s: %w", functionName, err)
	}
	return newHold(client, b.Period), true, nil
}

func exists(err error) bool {
	var failed *azcore.ResponseError
	return bloberror.HasCode(err, bloberror.BlobAlreadyExists, bloberror.LeaseIDMissing) ||
		(errors.As(err, &failed) && failed.StatusCode == http.StatusPreconditionFailed)
}
