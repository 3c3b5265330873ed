package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	azblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"

	"leadrelay/internal/azure"
	"leadrelay/internal/inbox"
	"leadrelay/internal/lead"
)

// longestName of a blob, in characters (facts/azure-storage.md §3).
const longestName = 1024

// Ack removes the blob, after a copy lies under done/ where that is how it settles.
func (b *box) Ack(ctx context.Context, m inbox.Message) error {
	if _, err := b.leases.held(m.ID, parseHold(m.Lease)); err != nil {
		return err
	}
	if b.move {
		if err := b.copy(ctx, doneFolder, m, nil); err != nil {
			return err
		}
	}
	return b.remove(ctx, m)
}

// Bury keeps the blob under poison/ where the SAS can make it, else in Options.Poison; only then it removes the blob.
// With a lost lease the kept copy stays: keeping it twice loses nothing.
func (b *box) Bury(ctx context.Context, m inbox.Message, reason string) error {
	if _, err := b.leases.held(m.ID, parseHold(m.Lease)); err != nil {
		return err
	}
	if err := b.poison(ctx, m, reason); err != nil {
		return err
	}
	return b.remove(ctx, m)
}

func (b *box) poison(ctx context.Context, m inbox.Message, reason string) error {
	if b.mayCreate {
		err := b.copy(ctx, poisonFolder, m, map[string]*string{reasonKey: to.Ptr(printable(reason))})
		if err == nil || lead.KindOf(err) != lead.Address || b.keep == nil {
			return err
		}
	}
	return b.keep.Keep(ctx, b.lane, m, reason)
}

// remove deletes the blob if it is still the one that was read.
func (b *box) remove(ctx context.Context, m inbox.Message) error {
	h := parseHold(m.Lease)
	id, err := b.leases.held(m.ID, h)
	if err != nil {
		return err
	}
	_, err = b.client.NewBlobClient(m.ID).Delete(ctx, &azblob.DeleteOptions{
		AccessConditions: unchanged(h.etag, id), DeleteSnapshots: to.Ptr(azblob.DeleteSnapshotsOptionTypeInclude)})
	if err = told(err, "d"); err == nil {
		b.leases.gone(m.ID, h)
		b.mu.Lock()
		b.total--
		b.mu.Unlock()
	}
	return err
}

// copy puts the blob's body into a folder, under its own name. Where another body has that name already, a part of the
// body's SHA-256 is added to it.
func (b *box) copy(ctx context.Context, folder string, m inbox.Message, metadata map[string]*string) error {
	sum := sha256.Sum256(m.Body)
	digest := "~" + hex.EncodeToString(sum[:8])
	name := folder + m.ID
	if len(name)+len(digest) > longestName {
		id := sha256.Sum256([]byte(m.ID))
		name = folder + hex.EncodeToString(id[:])
	}
	if metadata == nil {
		metadata = map[string]*string{}
	}
	metadata[insertedKey] = to.Ptr(m.Inserted.UTC().Format(time.RFC3339Nano))
	exists, err := b.create(ctx, name, m.Body, metadata)
	if exists {
		_, err = b.create(ctx, name+digest, m.Body, metadata) // there too: an earlier try put it there
	}
	return err
}

// create makes a blob in a single call, which is all that "c" allows. exists: there is one of that name.
func (b *box) create(ctx context.Context, name string, body []byte, metadata map[string]*string) (exists bool, err error) {
	_, err = b.client.NewBlockBlobClient(name).Upload(ctx, reader{bytes.NewReader(body)}, &blockblob.UploadOptions{
		Metadata:         metadata,
		AccessConditions: &azblob.AccessConditions{ModifiedAccessConditions: &azblob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)}},
	})
	switch err = azure.Classify(err); lead.CodeOf(err) {
	case "409 BlobAlreadyExists", "403 UnauthorizedBlobOverwrite", "412 ConditionNotMet":
		return true, nil
	case "403 AuthorizationPermissionMismatch": // what Azurite says to a SAS that may create and not overwrite
		if !b.mayWrite {
			return true, nil
		}
	}
	return false, told(err, "c")
}

// reader is a body with the Close that the SDK wants.
type reader struct{ io.ReadSeeker }

func (reader) Close() error { return nil }

// printable is a text as a header can carry it.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}
