package blob_test

import (
	"io"
	"os"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/destination"
	"leadrelay/internal/destination/blob"
	"leadrelay/internal/destination/destinationtest"
)

// storage is the one Azurite of this package's tests.
var storage azuretest.Storage

func TestMain(m *testing.M) { os.Exit(azuretest.Main(m, &storage)) }

func TestBlobKeepsThePromises(t *testing.T) {
	for _, permissions := range []string{"c", "w", "cw"} {
		t.Run(permissions, func(t *testing.T) {
			destinationtest.Run(t, func(t *testing.T) destinationtest.Harness {
				name, sign := storage.Container(t), azuretest.Sign(storage.Signer.SignContainer)
				return destinationtest.Harness{
					Open:     blob.Open,
					Options:  destination.Options{Address: sign.Hour(name, permissions), Client: storage.Client},
					Stored:   func(t testing.TB) []destinationtest.Stored { return stored(t, storage.Account.Container(name)) },
					Hopeless: sign.Hopeless(name, permissions),
					Refused:  sign.Refused(name, permissions),
					Once:     true,
				}
			})
		})
	}
}

// stored reads everything in a container.
func stored(t testing.TB, c *container.Client) (out []destinationtest.Stored) {
	t.Helper()
	ctx := azuretest.Context(t)
	for pages := c.NewListBlobsFlatPager(nil); pages.More(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Segment.BlobItems {
			resp, err := c.NewBlobClient(*item.Name).DownloadStream(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, destinationtest.Stored{Body: body})
		}
	}
	return out
}
