package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"leadrelay/internal/azure"
)

// maxBuried bounds a blob of the poison container that is read, in bytes: 4 MiB of body in base64, and what is around it.
const maxBuried = 8 << 20

// ErrNotBuried says that nothing lies in the poison container under a name.
var ErrNotBuried = errors.New("nothing is buried under that name")

// BuriedName is a blob of the poison container, unread.
type BuriedName struct {
	Name   string    `json:"name"` // "lane/20260102T150405Z-0011223344556677.json"
	Lane   string    `json:"lane"`
	Buried time.Time `json:"buried"`
	Size   int64     `json:"size"` // of the blob in bytes
}

// List lists what is buried, of one lane or, with an empty one, of all: by lane, oldest message first.
func (p *Poison) List(ctx context.Context, lane string) iter.Seq2[BuriedName, error] {
	return func(yield func(BuriedName, error) bool) {
		o := &container.ListBlobsFlatOptions{}
		if lane != "" {
			o.Prefix = to.Ptr(lane + "/")
		}
		for pages := p.Container.NewListBlobsFlatPager(o); pages.More(); {
			page, err := pages.NextPage(ctx)
			if azure.NotFound(err) {
				return // nothing was ever buried
			}
			if err != nil {
				yield(BuriedName{}, fmt.Errorf("list what is buried: %w", azure.Classify(err)))
				return
			}
			for _, b := range page.Segment.BlobItems {
				of, _, inLane := strings.Cut(*b.Name, "/")
				if !inLane || !strings.HasSuffix(*b.Name, ".json") {
					continue // the sweep's lock
				}
				if !yield(BuriedName{Name: *b.Name, Lane: of, Buried: *b.Properties.LastModified, Size: *b.Properties.ContentLength}, nil) {
					return
				}
			}
		}
	}
}

// Read reads what is buried under a name; [ErrNotBuried] when nothing is.
func (p *Poison) Read(ctx context.Context, name string) (Buried, error) {
	resp, err := p.Container.NewBlobClient(name).DownloadStream(ctx, nil)
	if azure.NotFound(err) {
		return Buried{}, fmt.Errorf("%s: %w", name, ErrNotBuried)
	}
	if err != nil {
		return Buried{}, fmt.Errorf("read %s: %w", name, azure.Classify(err))
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxBuried))
	if err != nil {
		return Buried{}, fmt.Errorf("read %s: %w", name, azure.Classify(err))
	}
	var b Buried
	if err := json.Unmarshal(data, &b); err != nil {
		return Buried{}, fmt.Errorf("%s is not what a drain buried", name)
	}
	return b, nil
}

// Drop removes what is buried under a name, for good; [ErrNotBuried] when nothing is.
func (p *Poison) Drop(ctx context.Context, name string) error {
	_, err := p.Container.NewBlobClient(name).Delete(ctx, nil)
	if azure.NotFound(err) {
		return fmt.Errorf("%s: %w", name, ErrNotBuried)
	}
	if err != nil {
		return fmt.Errorf("drop %s: %w", name, azure.Classify(err))
	}
	return nil
}
