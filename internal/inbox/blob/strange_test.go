package blob_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"

	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/inbox"
	"leadrelay/internal/inbox/blob"
	"leadrelay/internal/inbox/inboxtest"
	"leadrelay/internal/lead"
)

func TestNamesOfAnyKindAreDrained(t *testing.T) {
	t.Parallel()
	for _, settle := range []string{inbox.SettleDelete, inbox.SettleMove} {
		name := storage.Container(t)
		in := opened(t, name, func(o *inbox.Options) { o.Settle = settle })
		want := []string{"ä b/ü?x#y%z%20.json", "a//b", "/leading", "trailing.", "🏦", `quote'"&<>`, "done", "poison.json", "sp ace ", "+", strings.Repeat("n", 1000), "donely/x"}
		for _, n := range want {
			put(t, name, n, "{}")
		}
		var got []string
		for _, m := range received(t, in, 32) {
			got = append(got, m.ID)
			if err := in.Ack(azuretest.Context(t), m); err != nil {
				t.Errorf("%q: %v", m.ID, err)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Errorf("%s: received\n%q, want\n%q", settle, got, want)
		}
		if left := names(t, name, ""); settle == inbox.SettleDelete && len(left) != 0 || settle == inbox.SettleMove && len(left) != len(want) {
			t.Errorf("%s: left %q", settle, left)
		}
		if again := received(t, in, 32); len(again) != 0 {
			t.Errorf("%s: %d come again", settle, len(again))
		}
	}
}

func TestOldestIsFirstAmongMoreThanAPage(t *testing.T) {
	t.Parallel()
	name := storage.Container(t)
	put(t, name, "z/oldest", "{}")
	time.Sleep(1100 * time.Millisecond) // Last-Modified has whole seconds
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			for n := w; n < 5100; n += 16 {
				put(t, name, fmt.Sprintf("a/%05d", n), "{}")
			}
		})
	}
	wg.Wait()
	in := opened(t, name, nil)
	first := received(t, in, 32)
	if len(first) != 32 || !slices.ContainsFunc(first, func(m inbox.Message) bool { return m.ID == "z/oldest" }) {
		t.Errorf("%d received, the oldest, on the second page, is not among them", len(first))
	}
	if second := received(t, in, 32); len(second) != 32 || slices.ContainsFunc(second, func(m inbox.Message) bool {
		return slices.ContainsFunc(first, func(f inbox.Message) bool { return f.ID == m.ID })
	}) {
		t.Errorf("%d received, or some of them twice", len(second))
	}
}

func TestEmptyAndGrowingBlobsAreLeftTenMinutes(t *testing.T) {
	t.Parallel()
	ctx, name := azuretest.Context(t), storage.Container(t)
	put(t, name, "empty", "")
	growing := storage.Account.Container(name).NewAppendBlobClient("growing")
	if _, err := growing.Create(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := growing.AppendBlock(ctx, body{strings.NewReader(`{"half":`)}, nil); err != nil {
		t.Fatal(err)
	}
	if got := received(t, opened(t, name, nil), 32); len(got) != 0 {
		t.Errorf("%d are handed out at once", len(got))
	}
	later := opened(t, name, func(o *inbox.Options) {
		o.Now = func() time.Time { return time.Now().Add(10*time.Minute + time.Second) }
	})
	got := received(t, later, 32)
	if len(got) != 2 {
		t.Fatalf("%d are handed out after ten minutes, want both", len(got))
	}
	for _, m := range got {
		if err := later.Bury(ctx, m, "a reason"); err != nil {
			t.Fatal(err)
		}
	}
	if kept := names(t, name, ""); !slices.Equal(kept, []string{"poison/empty", "poison/growing"}) {
		t.Errorf("left %q", kept)
	}
}

// With "rdl" nothing keeps a sender from writing over a blob while it is worked on.
func TestBlobThatIsOverwrittenWhileLeasedIsNotRemovedUnread(t *testing.T) {
	t.Parallel()
	for _, permissions := range []string{"rdl", "rcdl"} {
		ctx, name := azuretest.Context(t), storage.Container(t)
		in := opened(t, name, func(o *inbox.Options) {
			o.Address, o.Poison = azuretest.Sign(storage.Signer.SignContainer).Hour(name, permissions), &inboxtest.Kept{}
		})
		put(t, name, "lead", "first")
		old := received(t, in, 1)[0]
		put(t, name, "lead", "second")
		if err := in.Ack(ctx, old); !errors.Is(err, inbox.ErrLeaseLost) {
			t.Errorf("%s: ack: %v", permissions, err)
		}
		if err := in.Bury(ctx, old, "reason"); !errors.Is(err, inbox.ErrLeaseLost) {
			t.Errorf("%s: bury: %v", permissions, err)
		}
		if got := received(t, in, 1); len(got) != 1 || string(got[0].Body) != "second" || got[0].Tries != 1 {
			t.Errorf("%s: want the second at its first try, got %+v", permissions, got)
		}
	}
}

func TestNameBuriedTwiceKeepsBothBodies(t *testing.T) {
	t.Parallel()
	ctx, name := azuretest.Context(t), storage.Container(t)
	in := opened(t, name, nil)
	for _, text := range []string{"one", "two", "two"} {
		put(t, name, "x/lead.json", text)
		if err := in.Bury(ctx, received(t, in, 1)[0], "reason\r\nX-Evil: 1 é"); err != nil {
			t.Fatal(err)
		}
	}
	kept := poisoned(t, name)
	if len(kept) != 2 || string(kept[0].Body) != "one" || string(kept[1].Body) != "two" || kept[0].Reason != "reason??X-Evil: 1 ?" {
		t.Errorf("kept %q", kept)
	}
}

func TestSendersMetadataAndTimeSurviveTheLease(t *testing.T) {
	t.Parallel()
	ctx, name := azuretest.Context(t), storage.Container(t)
	_, err := storage.Account.Container(name).NewBlockBlobClient("lead").Upload(ctx, body{strings.NewReader("{}")},
		&blockblob.UploadOptions{Metadata: map[string]*string{"Origin": to.Ptr("connect")}})
	if err != nil {
		t.Fatal(err)
	}
	in := opened(t, name, nil)
	first := received(t, in, 1)[0]
	time.Sleep(1100 * time.Millisecond)
	if err := in.Release(ctx, first, time.Millisecond); err != nil {
		t.Fatal(err)
	}
	again := received(t, in, 1)
	if len(again) != 1 || !again[0].Inserted.Equal(first.Inserted) || again[0].Tries != 2 {
		t.Fatalf("came back as %+v, was %+v", again, first)
	}
	props, err := storage.Account.Container(name).NewBlobClient("lead").GetProperties(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if v := props.Metadata["Origin"]; v == nil || *v != "connect" {
		t.Errorf("metadata %v", props.Metadata)
	}
}

func TestLargeBlobStaysAndIsTold(t *testing.T) {
	t.Parallel()
	name := storage.Container(t)
	put(t, name, "large", strings.Repeat("x", 4<<20+1))
	put(t, name, "lead", "{}")
	in := opened(t, name, nil)
	got, err := in.Receive(azuretest.Context(t), 32, time.Minute)
	if len(got) != 1 || got[0].ID != "lead" || lead.KindOf(err) != lead.Address || !strings.Contains(fmt.Sprint(err), "1 blobs are larger than 4 MiB") {
		t.Errorf("%d received, %v", len(got), err)
	}
}

func TestOnlyThePrefixIsDrained(t *testing.T) {
	t.Parallel()
	name := storage.Container(t)
	for _, n := range []string{"leads/a", "other/b", "done/leads/c", "poison/leads/d"} {
		put(t, name, n, "{}")
	}
	in := opened(t, name, func(o *inbox.Options) { o.Prefix = "leads/" })
	if got := received(t, in, 32); len(got) != 1 || got[0].ID != "leads/a" {
		t.Errorf("received %+v", got)
	}
}

func TestInboxThatCouldKeepNothingIsNotOpened(t *testing.T) {
	name, sign := storage.Container(t), azuretest.Sign(storage.Signer.SignContainer)
	for what, change := range map[string]func(*inbox.Options){
		"nothing keeps what is buried": func(o *inbox.Options) { o.Address = sign.Hour(name, "rdl") },
		"moving needs c": func(o *inbox.Options) {
			o.Address, o.Settle, o.Poison = sign.Hour(name, "rdl"), inbox.SettleMove, &inboxtest.Kept{}
		},
		"no such settlement": func(o *inbox.Options) { o.Settle = "burn" },
		"no identity":        func(o *inbox.Options) { o.Address = "https://acct.blob.core.windows.net/leads" },
		"http without a SAS": func(o *inbox.Options) { o.Address = "http://acct.blob.core.windows.net/leads" },
		"another service":    func(o *inbox.Options) { o.Address = "https://acct.queue.core.windows.net/leads" },
		"a path beneath":     func(o *inbox.Options) { o.Address = "https://acct.blob.core.windows.net/leads/x" },
	} {
		o := inbox.Options{Lane: "crf", Address: sign.Hour(name, "rwdl"), Client: storage.Client, Now: time.Now}
		change(&o)
		if _, err := blob.Open(o); lead.KindOf(err) != lead.Address {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// broken is a Poison that keeps nothing.
type broken struct{}

func (broken) Keep(context.Context, string, inbox.Message, string) error {
	return lead.Errorf(lead.Unavailable, "nothing is kept")
}

func TestNothingIsDeletedBeforeItIsKept(t *testing.T) {
	ctx, name := azuretest.Context(t), storage.Container(t)
	in := opened(t, name, func(o *inbox.Options) {
		o.Address, o.Poison = azuretest.Sign(storage.Signer.SignContainer).Hour(name, "rdl"), broken{}
	})
	put(t, name, "lead", "text")
	m := received(t, in, 1)[0]
	if err := in.Bury(ctx, m, "reason"); lead.KindOf(err) != lead.Unavailable {
		t.Errorf("want the keeper's error, got %v", err)
	}
	if err := in.Ack(ctx, m); err != nil {
		t.Errorf("the message is gone: %v", err)
	}
}
