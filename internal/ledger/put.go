package ledger

import (
	"bytes"
	"context"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"leadrelay/internal/azure"
)

// put creates a blob within limit; one that is there already is as good. A missing container is created, once.
func put(ctx context.Context, c *container.Client, name string, data []byte, limit time.Duration, metadata map[string]*string) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := upload(ctx, c, name, data, metadata)
	if azure.NotFound(err) {
		if _, err := c.Create(ctx, nil); err != nil && !azure.Exists(err) {
			return azure.Classify(err)
		}
		err = upload(ctx, c, name, data, metadata)
	}
	if azure.Exists(err) {
		return nil
	}
	return azure.Classify(err)
}

func upload(ctx context.Context, c *container.Client, name string, data []byte, metadata map[string]*string) error {
	_, err := c.NewBlockBlobClient(name).Upload(ctx, body{bytes.NewReader(data)}, &blockblob.UploadOptions{
		Metadata:         metadata,
		HTTPHeaders:      &blob.HTTPHeaders{BlobContentType: to.Ptr("application/json")},
		AccessConditions: &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)}},
	})
	return err
}

// body is a reader with the Close that the SDK wants.
type body struct{ *bytes.Reader }

func (body) Close() error { return nil }
