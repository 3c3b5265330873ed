package blob

import (
	"context"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	azblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	azlease "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"

	"leadrelay/internal/lead"
)

// How long the storage leases a blob (facts/azure-storage.md §3).
const (
	minLease       = 15 * time.Second
	maxLease       = 60 * time.Second
	releaseTimeout = 5 * time.Second
)

// hold is a blob that is ours until its lease ends.
type hold struct {
	id    string // of the lease
	etag  azcore.ETag
	tries int // this time included
}

// String is what a message's Lease holds.
func (h hold) String() string { return h.id + " " + string(h.etag) }

func parseHold(lease string) hold {
	id, etag, _ := strings.Cut(lease, " ")
	return hold{id: id, etag: azcore.ETag(etag)}
}

// leases say whose a blob is. Errors are those of an inbox.
type leases interface {
	// free tells whether a listed blob can be leased, as far as that is known without a call.
	free(name string, etag azcore.ETag) bool
	take(ctx context.Context, it item, d time.Duration) (hold, error)
	extend(ctx context.Context, name string, h hold, d time.Duration) error
	release(ctx context.Context, name string, h hold, after time.Duration) error
	// held fails when the blob is no longer ours, as far as that is known without a call; id is what its removal must
	// prove, empty when the storage knows of no lease.
	held(name string, h hold) (id string, err error)
	// gone forgets a blob that was removed.
	gone(name string, h hold)
}

// serverLeases are those of the storage, with the permission "w".
type serverLeases struct {
	client *container.Client
	now    func() time.Time
}

func (serverLeases) free(string, azcore.ETag) bool         { return true } // listings leave out the leased
func (serverLeases) held(_ string, h hold) (string, error) { return h.id, nil }
func (serverLeases) gone(string, hold)                     {}

func seconds(d time.Duration) int32 {
	return int32((min(max(d, minLease), maxLease) + time.Second - 1) / time.Second)
}

func (s serverLeases) lease(name, id string) (*azlease.BlobClient, error) {
	o := &azlease.BlobClientOptions{}
	if id != "" {
		o.LeaseID = to.Ptr(id)
	}
	c, err := azlease.NewBlobClient(s.client.NewBlobClient(name), o)
	if err != nil {
		return nil, lead.Errorf(lead.Internal, "a lease cannot be made")
	}
	return c, nil
}

// take leases the blob if it is still the listed one, and counts the try in its metadata, which gives it a new ETag.
func (s serverLeases) take(ctx context.Context, it item, d time.Duration) (hold, error) {
	c, err := s.lease(it.name, "")
	if err != nil {
		return hold{}, err
	}
	resp, err := c.AcquireLease(ctx, seconds(d), &azlease.BlobAcquireOptions{ModifiedAccessConditions: ifMatch(it.etag)})
	if err != nil {
		return hold{}, told(err, "w")
	}
	h := hold{id: *resp.LeaseID, etag: it.etag, tries: it.tries + 1}
	metadata := s.metadata(it.metadata)
	metadata[triesKey], metadata[insertedKey] = to.Ptr(strconv.Itoa(h.tries)), to.Ptr(it.inserted.Format(time.RFC3339Nano))
	delete(metadata, notBeforeKey)
	switch etag, err := s.write(ctx, it.name, h, metadata); {
	case err == nil:
		h.etag = etag
	case unwritable(err): // the try is not counted
	default:
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
		defer cancel()
		_ = s.release(after, it.name, h, 0) // it ends by itself
		return hold{}, err
	}
	return h, nil
}

// unwritable tells that the sender's own metadata cannot be written again, as with keys or values that no header holds.
func unwritable(err error) bool { return strings.HasPrefix(lead.CodeOf(err), "400") }

// metadata is a copy with keys in lower case, as all of ours are.
func (serverLeases) metadata(of map[string]*string) map[string]*string {
	out := make(map[string]*string, len(of)+3)
	for k, v := range maps.All(of) {
		out[strings.ToLower(k)] = v
	}
	return out
}

func (s serverLeases) write(ctx context.Context, name string, h hold, metadata map[string]*string) (azcore.ETag, error) {
	resp, err := s.client.NewBlobClient(name).SetMetadata(ctx, metadata, &azblob.SetMetadataOptions{AccessConditions: unchanged(h.etag, h.id)})
	if err != nil {
		return "", told(err, "w")
	}
	return *resp.ETag, nil
}

// extend acquires the lease again under its own id, which sets its length anew and works after it has ended too, unless
// somebody else has taken or changed the blob since.
func (s serverLeases) extend(ctx context.Context, name string, h hold, d time.Duration) error {
	c, err := s.lease(name, h.id)
	if err != nil {
		return err
	}
	_, err = c.AcquireLease(ctx, seconds(d), &azlease.BlobAcquireOptions{ModifiedAccessConditions: ifMatch(h.etag)})
	return told(err, "w")
}

// release ends the lease; a delay is written down before, so that a blob which was put off is not seen in between.
func (s serverLeases) release(ctx context.Context, name string, h hold, after time.Duration) error {
	if after > 0 {
		props, err := s.client.NewBlobClient(name).GetProperties(ctx, &azblob.GetPropertiesOptions{AccessConditions: unchanged(h.etag, h.id)})
		if err != nil {
			return told(err, "r")
		}
		metadata := s.metadata(props.Metadata)
		metadata[notBeforeKey] = to.Ptr(s.now().Add(after).UTC().Format(time.RFC3339Nano))
		if _, err = s.write(ctx, name, h, metadata); unwritable(err) {
			return nil // the end of the lease gives it back
		}
		if err != nil {
			return err
		}
	}
	c, err := s.lease(name, h.id)
	if err != nil {
		return err
	}
	_, err = c.ReleaseLease(ctx, nil)
	return told(err, "w")
}

func ifMatch(etag azcore.ETag) *azblob.ModifiedAccessConditions {
	return &azblob.ModifiedAccessConditions{IfMatch: to.Ptr(etag)}
}
