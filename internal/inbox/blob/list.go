package blob

import (
	"cmp"
	"context"
	"io"
	"slices"
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

// Where settled blobs lie, in the container's own top folders. Nothing in them is ever handed out.
const (
	doneFolder   = "done/"
	poisonFolder = "poison/"
)

// How listings are read.
const (
	patience     = 10 * time.Minute // with a blob that is empty or still being appended to
	keepListing  = time.Minute      // a listing is worked off for so long before the container is listed again
	keepItems    = 20_000           // of a listing, oldest first; the rest comes with the next one
	folderLimits = 64               // top folders that are listed one by one, so that done/ need not be
)

// The metadata that leases keep on a blob.
const (
	triesKey     = "leadrelaytries"
	insertedKey  = "leadrelayinserted"
	notBeforeKey = "leadrelaynotbefore"
	reasonKey    = "leadrelayreason"
)

// item is a blob of a listing.
type item struct {
	name     string
	etag     azcore.ETag
	inserted time.Time // when it was last written; what our own metadata changes does not count
	tries    int
	metadata map[string]*string
}

// next takes the oldest n blobs off the last listing, and lists the container first when nothing is left of it or it is
// old, unless the caller is content with what is left.
func (b *box) next(ctx context.Context, n int, content bool) (items []item, listed bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !content && (len(b.waiting) == 0 || b.now().Sub(b.listed) > keepListing) {
		listed = true
		if err = b.list(ctx); err != nil {
			return nil, true, err
		}
	}
	n = min(n, len(b.waiting))
	items = slices.Clone(b.waiting[:n])
	b.waiting = b.waiting[n:]
	return items, listed, nil
}

// list reads the whole container, page by page, and keeps what can be handed out now.
func (b *box) list(ctx context.Context) error {
	l := listing{now: b.now(), free: b.leases.free}
	if err := b.pages(ctx, &l); err != nil {
		return told(err, "l")
	}
	l.trim(keepItems)
	b.waiting, b.listed, b.large, b.total = l.items, l.now, l.large, l.count
	return nil
}

// Count is how many blobs the last listing had, less those that were removed here since; when that is older than a
// minute the container is listed. Leased blobs and those that were put off count, settled ones do not.
func (b *box) Count(ctx context.Context) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.listed.IsZero() || b.now().Sub(b.listed) > keepListing {
		if err := b.list(ctx); err != nil {
			return 0, err
		}
	}
	return max(b.total, 0), nil
}

// pages lists top-level blobs first and then each folder but done/ and poison/, which may be large; a container of very
// many top folders is listed flat.
func (b *box) pages(ctx context.Context, l *listing) error {
	if b.prefix != "" {
		return b.flat(ctx, l, b.prefix)
	}
	var folders []string
	pages := b.client.NewListBlobsHierarchyPager("/", &container.ListBlobsHierarchyOptions{Include: container.ListBlobsInclude{Metadata: true}})
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		l.add(page.Segment.BlobItems)
		for _, p := range page.Segment.BlobPrefixes {
			if p != nil && p.Name != nil && *p.Name != doneFolder && *p.Name != poisonFolder {
				folders = append(folders, *p.Name)
			}
		}
		if len(folders) > folderLimits {
			l.items, l.large, l.count = nil, 0, 0
			return b.flat(ctx, l, "")
		}
	}
	for _, folder := range folders {
		if err := b.flat(ctx, l, folder); err != nil {
			return err
		}
	}
	return nil
}

func (b *box) flat(ctx context.Context, l *listing, prefix string) error {
	o := &container.ListBlobsFlatOptions{Include: container.ListBlobsInclude{Metadata: true}}
	if prefix != "" {
		o.Prefix = to.Ptr(prefix)
	}
	for pages := b.client.NewListBlobsFlatPager(o); pages.More(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		l.add(page.Segment.BlobItems)
	}
	return nil
}

// listing gathers what can be handed out now.
type listing struct {
	now   time.Time
	free  func(name string, etag azcore.ETag) bool
	items []item
	count int // of all but the settled
	large int
}

func (l *listing) add(blobs []*container.BlobItem) {
	for _, b := range blobs {
		if b == nil || b.Name == nil || b.Properties == nil || b.Properties.ETag == nil || b.Properties.LastModified == nil {
			continue // no storage service says less
		}
		if !settled(b) {
			l.count++
		}
		if it, ok := l.judge(b); ok && l.free(it.name, it.etag) {
			l.items = append(l.items, it)
		}
	}
	if len(l.items) > 2*keepItems {
		l.trim(keepItems)
	}
}

// trim keeps the oldest n, in order.
func (l *listing) trim(n int) {
	slices.SortFunc(l.items, func(a, b item) int {
		return cmp.Or(a.inserted.Compare(b.inserted), cmp.Compare(a.name, b.name))
	})
	l.items = slices.Clip(l.items[:min(n, len(l.items))])
}

// judge tells whether a blob is for handing out: not settled, not a folder of a hierarchical account, not leased, not
// put off, not too large, and not one that its writer may still be at work on.
func (l *listing) judge(b *container.BlobItem) (item, bool) {
	p := b.Properties
	it := item{name: *b.Name, etag: quoted(*p.ETag), inserted: p.LastModified.UTC(), metadata: b.Metadata}
	size := *cmp.Or(p.ContentLength, new(int64))
	switch {
	case settled(b):
		return it, false
	case p.LeaseStatus != nil && *p.LeaseStatus == azlease.StatusTypeLocked:
		return it, false
	case size > maxBody:
		l.large++
		return it, false
	}
	growing := p.BlobType != nil && *p.BlobType == azblob.BlobTypeAppendBlob && (p.IsSealed == nil || !*p.IsSealed)
	if (size == 0 || growing) && l.now.Sub(*p.LastModified) < patience {
		return it, false
	}
	it.tries, _ = strconv.Atoi(value(b.Metadata, triesKey)) // 0 when nobody counted
	if at, err := time.Parse(time.RFC3339Nano, value(b.Metadata, insertedKey)); err == nil {
		it.inserted = at
	}
	at, err := time.Parse(time.RFC3339Nano, value(b.Metadata, notBeforeKey))
	return it, err != nil || !at.After(l.now)
}

// settled tells what never counts: settled blobs and the folders of a hierarchical account.
func settled(b *container.BlobItem) bool {
	return strings.HasPrefix(*b.Name, doneFolder) || strings.HasPrefix(*b.Name, poisonFolder) || value(b.Metadata, "hdi_isfolder") == "true"
}

// value is a metadata value; the storage may change the case of keys.
func value(metadata map[string]*string, key string) string {
	for k, v := range metadata {
		if strings.EqualFold(k, key) && v != nil {
			return *v
		}
	}
	return ""
}

// quoted is an ETag as conditions take it; listings leave the quotes out.
func quoted(e azcore.ETag) azcore.ETag {
	if strings.HasPrefix(string(e), `"`) || strings.HasPrefix(string(e), "W/") {
		return e
	}
	return `"` + e + `"`
}

// read reads a blob that is still the one with the ETag.
func (b *box) read(ctx context.Context, name string, etag azcore.ETag) ([]byte, error) {
	resp, err := b.client.NewBlobClient(name).DownloadStream(ctx, &azblob.DownloadStreamOptions{AccessConditions: unchanged(etag, "")})
	if err != nil {
		return nil, told(err, "r")
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, told(err, "r")
	}
	if len(body) > maxBody {
		return nil, lead.Errorf(lead.Address, "a blob of container %s is larger than %d MiB", b.name, maxBody>>20)
	}
	return body, nil
}

// unchanged is the condition that a blob still has its ETag and, unless empty, its lease.
func unchanged(etag azcore.ETag, leaseID string) *azblob.AccessConditions {
	c := &azblob.AccessConditions{ModifiedAccessConditions: &azblob.ModifiedAccessConditions{IfMatch: to.Ptr(etag)}}
	if leaseID != "" {
		c.LeaseAccessConditions = &azblob.LeaseAccessConditions{LeaseID: to.Ptr(leaseID)}
	}
	return c
}
