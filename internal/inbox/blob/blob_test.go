package blob_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/config"
	"leadrelay/internal/inbox"
	"leadrelay/internal/inbox/blob"
	"leadrelay/internal/inbox/inboxtest"
)

// storage is the one Azurite of this package's tests.
var storage azuretest.Storage

// Most of the time of these tests is spent waiting for leases of 15 seconds to end, so many of them run side by side.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	os.Exit(azuretest.Main(m, &storage))
}

// With "w" the storage leases; with "c" as well as without, this process does, and one opened inbox stands for it.
func TestContainerKeepsThePromises(t *testing.T) {
	t.Parallel()
	for permissions, settle := range map[string]string{"rwdl": inbox.SettleDelete, "rcdl": inbox.SettleMove, "rdl": inbox.SettleDelete} {
		t.Run(permissions+" "+settle, func(t *testing.T) {
			t.Parallel()
			inboxtest.Run(t, func(t *testing.T) inboxtest.Harness {
				h := harness(t, permissions, settle)
				h.Around = func(t *testing.T, f func(t *testing.T)) { t.Parallel(); f(t) }
				return h
			})
		})
	}
}

func harness(t *testing.T, permissions, settle string) inboxtest.Harness {
	name, sign, kept := storage.Container(t), azuretest.Sign(storage.Signer.SignContainer), &inboxtest.Kept{}
	open := blob.Open
	if !strings.Contains(permissions, "w") {
		open = oneProcess()
	}
	wrong := sign.Hopeless(name, permissions)
	for what, address := range sign.Refused(name, permissions) {
		wrong[what] = address
	}
	lacks := map[string]map[string]config.Secret{}
	for _, letter := range []string{"r", "d", "l"} {
		lacks[letter] = map[string]config.Secret{"without it": sign.Hour(name, strings.Replace(permissions, letter, "", 1))}
	}
	return inboxtest.Harness{
		Open:    open,
		Options: inbox.Options{Lane: "crf", Address: sign.Hour(name, permissions), Settle: settle, Poison: kept, Client: storage.Client},
		Put: func(t testing.TB, texts ...string) {
			for _, text := range texts {
				put(t, name, fmt.Sprintf("%d/ä b?x#y%%z'.json", puts.Add(1)), text)
			}
		},
		Buried: func(t testing.TB) []inboxtest.Buried { return append(kept.Buried(), poisoned(t, name)...) },
		Texts:  map[string]string{"\x00\xff not JSON": "\x00\xff not JSON", `{"bare": "Björk 🏦"}`: `{"bare": "Björk 🏦"}`, "eyJpZCI6MX0=": "eyJpZCI6MX0="},
		Lacks:  lacks,
		Wrong:  wrong,
	}
}

// puts gives every blob a name of its own.
var puts atomic.Int64

// oneProcess opens each address once, as a process does.
func oneProcess() inbox.Open {
	var mu sync.Mutex
	opened := map[string]inbox.Inbox{}
	return func(o inbox.Options) (inbox.Inbox, error) {
		mu.Lock()
		defer mu.Unlock()
		key := fmt.Sprintf("%s %p", o.Address.Reveal(), o.Client)
		if in := opened[key]; in != nil {
			return in, nil
		}
		in, err := blob.Open(o)
		if err == nil {
			opened[key] = in
		}
		return in, err
	}
}

func put(t testing.TB, container, name, text string) {
	t.Helper()
	_, err := storage.Account.Container(container).NewBlockBlobClient(name).Upload(azuretest.Context(t), body{strings.NewReader(text)}, nil)
	if err != nil {
		t.Fatal(err)
	}
}

type body struct{ io.ReadSeeker }

func (body) Close() error { return nil }

// names are the blobs below a prefix.
func names(t testing.TB, name, prefix string) (out []string) {
	t.Helper()
	pages := storage.Account.Container(name).NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: to.Ptr(prefix)})
	for pages.More() {
		page, err := pages.NextPage(azuretest.Context(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range page.Segment.BlobItems {
			out = append(out, *b.Name)
		}
	}
	return out
}

// poisoned reads what lies under poison/.
func poisoned(t testing.TB, name string) (out []inboxtest.Buried) {
	t.Helper()
	for _, blobName := range names(t, name, "poison/") {
		resp, err := storage.Account.Container(name).NewBlobClient(blobName).DownloadStream(azuretest.Context(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := io.Copy(&b, resp.Body); err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		reason := ""
		for k, v := range resp.Metadata {
			if strings.EqualFold(k, "leadrelayreason") {
				reason = *v
			}
		}
		out = append(out, inboxtest.Buried{Body: b.Bytes(), Reason: reason})
	}
	return out
}

// opened is an inbox of a container that may do everything, with a clock.
func opened(t *testing.T, name string, change func(*inbox.Options)) inbox.Inbox {
	t.Helper()
	o := inbox.Options{Lane: "crf", Address: azuretest.Sign(storage.Signer.SignContainer).Hour(name, "rwdl"), Client: storage.Client, Now: time.Now}
	if change != nil {
		change(&o)
	}
	in, err := blob.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func received(t *testing.T, in inbox.Inbox, limit int) []inbox.Message {
	t.Helper()
	got, err := in.Receive(azuretest.Context(t), limit, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return got
}
