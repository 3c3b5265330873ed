package azure

import (
	"context"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// Blobs are the block blobs of a container, for what is done with every event: of our own account, or of a lender's by
// SAS. What is done now and then goes through the SDK. Errors are as [Classify] tells them.
type Blobs struct {
	at        *endpoint
	container string // its path
}

// Blobs is a container of the account. Nothing is called.
func (a *Account) Blobs(name string) *Blobs {
	return &Blobs{at: a.blobAt, container: a.blobAt.path + "/" + name}
}

// Blobs is the container that a SAS opens. Nothing is called. Only for a SAS of kind Container.
func (s SAS) Blobs(client *http.Client) (*Blobs, error) {
	at, err := s.endpoint(client)
	if err != nil {
		return nil, err
	}
	return &Blobs{at: at, container: at.path}, nil
}

// Create makes the container; one that is there is an error that [Exists] knows.
func (b *Blobs) Create(ctx context.Context) error {
	c := b.at.call(http.MethodPut, b.container, b.container, b.at.query("restype=container"))
	defer c.done()
	return c.send(ctx, http.StatusCreated)
}

// Put creates a blob in one call, which is all that a SAS with "c" alone allows, and gives its ETag. One that is there
// is an error that [Exists] knows, or one of the refusals of facts/azure-storage.md §1c. Metadata names are lower case.
func (b *Blobs) Put(ctx context.Context, name, contentType string, data []byte, metadata map[string]string) (azcore.ETag, error) {
	plain, path := under(b.container, name)
	c := b.at.call(http.MethodPut, plain, path, b.at.query(""))
	defer c.done()
	c.data = append(c.data, data...)
	c.set("Content-Type", "application/octet-stream")
	c.set("If-None-Match", "*")
	c.set("x-ms-blob-content-type", contentType)
	c.set("x-ms-blob-type", "BlockBlob")
	for k, v := range metadata {
		c.set("x-ms-meta-"+k, v)
	}
	if err := c.send(ctx, http.StatusCreated); err != nil {
		return "", err
	}
	return c.etag(), nil
}
