package azure_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/azure"
)

func TestWhatOneWritesTheOtherReads(t *testing.T) {
	for name, open := range map[string]func(*testing.T, bool) *far{"azuresim": inProcess, "Azurite": onAzurite} {
		t.Run(name, func(t *testing.T) {
			ours := open(t, false)
			ours.prefix = "cross"
			theirs := *ours
			theirs.sdk = true
			must(t, ours.queue("leads").Create(ours.ctx))
			must(t, ours.container("leads").Create(ours.ctx))
			must(t, ours.table("leads").Create(ours.ctx))
			for way, pair := range map[string][2]*far{"ours to the SDK": {ours, &theirs}, "the SDK to ours": {&theirs, ours}} {
				t.Run(way, func(t *testing.T) {
					crossMessages(t, pair[0], pair[1])
					crossRows(t, pair[0], pair[1], way)
				})
			}
			t.Run("blobs", func(t *testing.T) { crossBlobs(t, ours, &theirs) })
		})
	}
}

func crossMessages(t *testing.T, from, to *far) {
	for name, text := range texts() {
		for encoding, want := range map[string]string{"text": text, "base64": base64.StdEncoding.EncodeToString([]byte(text))} {
			put := func() (string, error) { return from.queue("leads").Put(from.ctx, text, 0) }
			if encoding == "base64" {
				put = func() (string, error) { return from.queue("leads").PutBase64(from.ctx, []byte(text), 0) }
			}
			id, err := put()
			if len(want) > 64<<10 {
				continue
			}
			must(t, err)
			got, err := to.queue("leads").Get(to.ctx, 32, time.Minute)
			if err != nil || len(got) != 1 || got[0].Text != want || got[0].ID != id || got[0].Tries != 1 {
				t.Fatalf("%s in %s: %d messages, %v", name, encoding, len(got), err)
			}
			must(t, from.queue("leads").Delete(from.ctx, got[0].ID, got[0].Receipt))
		}
	}
}

func crossRows(t *testing.T, from, to *far, way string) {
	for _, k := range keys() {
		p := way + k
		written, err := from.table("leads").Insert(from.ctx, full(p, k))
		must(t, err)
		got, err := to.table("leads").Get(to.ctx, p, k)
		must(t, err)
		want, err := azure.ParseRow(full(p, k).JSON())
		must(t, err)
		if want.ETag = written; show(got) != show(want) || got.ETag != written {
			t.Errorf("%q: got %s\nwant %s", k, show(got), show(want))
		}
		if _, err = to.table("leads").Merge(to.ctx, azure.NewEntity(p, k).Text("More", "x"), written); err != nil {
			t.Errorf("%q: %v", k, err)
		}
		if _, err = from.table("leads").Replace(from.ctx, azure.NewEntity(p, k), written); !azure.Stale(err) {
			t.Errorf("%q: %v", k, err)
		}
		if strings.Contains(p, "'") {
			continue // the SDK's transactions cannot
		}
		_, err = from.table("leads").Transact(from.ctx, []azure.Write{{Entity: azure.NewEntity(p, k).Text("More", "y"), Match: azcore.ETagAny}, {Entity: full(p, k+"2")}})
		if err != nil {
			t.Errorf("%q: %v", k, err)
			continue
		}
		for key, more := range map[string]string{k: "y", k + "2": ""} {
			if got, err := to.table("leads").Get(to.ctx, p, key); err != nil || got.Text("More") != more || got.Text("Text") != want.Text("Text") {
				t.Errorf("%q: %s %v", key, show(got), err)
			}
		}
	}
}

func crossBlobs(t *testing.T, ours, theirs *far) {
	metadata := map[string]string{"key": "v", "a": "2 3"}
	for _, name := range names() {
		found := map[string]bool{}
		for way, f := range map[string]*far{"ours": ours, "theirs": theirs} {
			name := way + name
			written, err := f.container("leads").Put(f.ctx, name, "text/x-lead; charset=utf-8", []byte(name), metadata)
			must(t, err)
			got, err := ours.account.Container("crossleads").NewBlobClient(name).DownloadStream(ours.ctx, nil)
			must(t, err)
			data, err := io.ReadAll(got.Body)
			must(t, err)
			if !bytes.Equal(data, []byte(name)) || *got.ETag != written {
				t.Errorf("%q: %q, ETag %q, not %q", name, data, *got.ETag, written)
			}
			meta := map[string]string{}
			for k, v := range got.Metadata {
				meta[strings.ToLower(k)] = *v
			}
			if !maps.Equal(meta, metadata) {
				t.Errorf("%q: %v", name, meta)
			}
			found[fmt.Sprint(*got.ContentType, *got.BlobType, got.ContentEncoding, got.CacheControl)] = true
		}
		if len(found) != 1 {
			t.Errorf("%q: the two have left %v", name, found)
		}
	}
}
