package azure

import (
	"bytes"
	"context"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// Blobs are the block blobs of a container, for what is done with every event: of our own account, or of a lender's by
// SAS. What is done now and then goes through the SDK. Errors are as [Classify] tells them.
type Blobs struct{ sdk *container.Client }

// Blobs is a container of the account. Nothing is called.
func (a *Account) Blobs(name string) *Blobs { return &Blobs{sdk: a.Container(name)} }

// Blobs is the container that a SAS opens. Nothing is called. Only for a SAS of kind Container.
func (s SAS) Blobs(client *http.Client) (*Blobs, error) {
	c, err := s.Container(client)
	return &Blobs{sdk: c}, err
}

// Put creates a blob in one call, which is all that a SAS with "c" alone allows, and gives its ETag. One that is there
// is an error that [Exists] knows, or one of the refusals of facts/azure-storage.md §1c. Metadata names are lower case.
func (c *Blobs) Put(ctx context.Context, name, contentType string, data []byte, metadata map[string]string) (azcore.ETag, error) {
	meta := map[string]*string{}
	for k, v := range metadata {
		meta[k] = &v
	}
	resp, err := c.sdk.NewBlockBlobClient(name).Upload(ctx, streaming.NopCloser(bytes.NewReader(data)), &blockblob.UploadOptions{
		Metadata:         meta,
		HTTPHeaders:      &blob.HTTPHeaders{BlobContentType: to.Ptr(contentType)},
		AccessConditions: &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)}},
	})
	if err != nil || resp.ETag == nil {
		return "", Classify(err)
	}
	return *resp.ETag, nil
}
