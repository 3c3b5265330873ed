package queue_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/sas"

	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/config"
	"leadrelay/internal/inbox"
	"leadrelay/internal/inbox/inboxtest"
	"leadrelay/internal/inbox/queue"
	"leadrelay/internal/lead"
	"leadrelay/local/azurite"
)

// accountSAS opens every queue of the account.
func accountSAS(t *testing.T, name, permissions string) config.Secret {
	t.Helper()
	cred, err := azqueue.NewSharedKeyCredential(azurite.Account, azurite.AccountKey)
	if err != nil {
		t.Fatal(err)
	}
	q, err := sas.AccountSignatureValues{Protocol: sas.ProtocolHTTPSandHTTP, ExpiryTime: time.Now().Add(time.Hour), Permissions: permissions,
		ResourceTypes: "sco"}.SignWithSharedKey(cred)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(storage.Account.Queue(name).URL())
	if err != nil {
		t.Fatal(err)
	}
	u.RawQuery = q.Encode()
	return config.Secret(u.String())
}

// leasedIn puts a text into a new queue and leases it.
func leasedIn(t *testing.T, address func(name string) config.Secret, keep inbox.Poison, text string) (name string, in inbox.Inbox, m inbox.Message) {
	t.Helper()
	name = storage.Queue(t)
	in, err := queue.Open(inbox.Options{Lane: "crf", Address: address(name), Poison: keep, Client: storage.Client, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	put(t, name, text)
	got, err := in.Receive(azuretest.Context(t), 1, time.Minute)
	if err != nil || len(got) != 1 {
		t.Fatalf("%d received, %v", len(got), err)
	}
	return name, in, got[0]
}

func TestBuriedGoesToThePoisonQueueOfAnAccountSAS(t *testing.T) {
	ctx, kept := azuretest.Context(t), &inboxtest.Kept{}
	name, in, m := leasedIn(t, func(name string) config.Secret { return accountSAS(t, name, "aup") }, kept, "not \"a\" lead")
	if _, err := storage.Account.Queue(name+"-poison").Create(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if err := in.Bury(ctx, m, "not JSON"); err != nil {
		t.Fatal(err)
	}
	resp, err := storage.Account.Queue(name+"-poison").DequeueMessage(ctx, nil)
	if err != nil || len(resp.Messages) != 1 {
		t.Fatalf("the poison queue has %d messages, %v", len(resp.Messages), err)
	}
	var got queue.Poisoned
	if err := json.Unmarshal([]byte(*resp.Messages[0].MessageText), &got); err != nil {
		t.Fatal(err)
	}
	if string(got.Body) != "not \"a\" lead" || got.Reason != "not JSON" || got.ID != m.ID || got.Tries != 1 || !got.Inserted.Equal(m.Inserted) {
		t.Errorf("kept %+v", got)
	}
	if resp.Messages[0].ExpirationTime.Before(time.Now().AddDate(100, 0, 0)) {
		t.Error("what is buried expires")
	}
	if n := len(kept.Buried()); n != 0 {
		t.Errorf("%d are kept elsewhere too", n)
	}
}

func TestBuriedIsKeptElsewhereWhenThePoisonQueueCannotTakeIt(t *testing.T) {
	for what, text := range map[string]string{"no such queue": "a text", "too long": strings.Repeat("a text ", 8<<10)} {
		kept := &inboxtest.Kept{}
		name, in, m := leasedIn(t, func(name string) config.Secret { return accountSAS(t, name, "aup") }, kept, text)
		if what == "too long" {
			if _, err := storage.Account.Queue(name+"-poison").Create(azuretest.Context(t), nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := in.Bury(azuretest.Context(t), m, "reason"); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got := kept.Buried(); len(got) != 1 || string(got[0].Body) != text {
			t.Errorf("%s: %d are kept", what, len(got))
		}
	}
}

func TestInboxThatCouldBuryNothingIsNotOpened(t *testing.T) {
	for what, address := range map[string]config.Secret{
		"one queue's SAS":   azuretest.Sign(storage.Signer.SignQueue).Hour("leads", "raup"),
		"account without a": accountSAS(t, "leads", "rup"),
	} {
		_, err := queue.Open(inbox.Options{Address: address, Client: storage.Client, Now: time.Now})
		if lead.KindOf(err) != lead.Address || err == nil || !strings.Contains(err.Error(), "permission a") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestReleaseKeepsTheTextAsItWasWritten(t *testing.T) {
	for text := range texts() {
		name, in, m := leasedIn(t, func(name string) config.Secret {
			return azuretest.Sign(storage.Signer.SignQueue).Hour(name, "up")
		}, &inboxtest.Kept{}, text)
		if err := in.Release(azuretest.Context(t), m, 0); err != nil {
			t.Fatal(err)
		}
		resp, err := storage.Account.Queue(name).PeekMessage(azuretest.Context(t), nil)
		if err != nil || len(resp.Messages) != 1 || *resp.Messages[0].MessageText != text {
			t.Errorf("%q is changed, or gone: %v", text, err)
		}
	}
}

// broken is a Poison that keeps nothing.
type broken struct{}

func (broken) Keep(context.Context, string, inbox.Message, string) error {
	return lead.Errorf(lead.Unavailable, "nothing is kept")
}

func TestNothingIsDeletedBeforeItIsKept(t *testing.T) {
	ctx := azuretest.Context(t)
	_, in, m := leasedIn(t, func(name string) config.Secret {
		return azuretest.Sign(storage.Signer.SignQueue).Hour(name, "up")
	}, broken{}, "a text")
	if err := in.Bury(ctx, m, "reason"); lead.KindOf(err) != lead.Unavailable {
		t.Errorf("want the keeper's error, got %v", err)
	}
	if err := in.Ack(ctx, m); err != nil {
		t.Errorf("the message is gone: %v", err)
	}
}
