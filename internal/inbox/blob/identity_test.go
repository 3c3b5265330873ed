package blob_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/config"
	"leadrelay/internal/inbox"
	"leadrelay/internal/inbox/blob"
	"leadrelay/internal/inbox/inboxtest"
	"leadrelay/internal/lead"
)

func TestManagedIdentityDrainsAContainer(t *testing.T) {
	ctx, id := azuretest.Context(t), inboxtest.StartIdentity(t)
	c := id.Account.Container("leads")
	if _, err := c.Create(ctx, nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"good", "bad"} {
		if _, err := c.NewBlockBlobClient(name).Upload(ctx, body{strings.NewReader(name)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	in, err := blob.Open(inbox.Options{Lane: "crf", Address: config.Secret(id.Blob + "leads"), Credential: id.Credential, Client: id.Client, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openMissing(id).Receive(ctx, 32, time.Minute); lead.KindOf(err) != lead.Address || strings.Contains(err.Error(), "eyJ") {
		t.Errorf("nothing there: %v", err)
	}
	got, err := in.Receive(ctx, 32, time.Minute)
	if len(got) != 2 || err != nil {
		t.Fatalf("%d received, %v", len(got), err)
	}
	for _, m := range got {
		settle := in.Ack
		if m.ID == "bad" {
			settle = func(ctx context.Context, m inbox.Message) error { return in.Bury(ctx, m, "reason") }
		}
		if err := settle(ctx, m); err != nil {
			t.Error(m.ID, err)
		}
	}
	if n, err := in.(inbox.Counted).Count(ctx); n != 0 || err != nil {
		t.Errorf("%d left, %v", n, err)
	}
}

// openMissing is an inbox of something that is not there.
func openMissing(id inboxtest.Identity) inbox.Inbox {
	in, err := blob.Open(inbox.Options{Address: config.Secret(id.Blob + "nowhere"), Credential: id.Credential, Client: id.Client, Now: time.Now})
	if err != nil {
		panic(err) // a mistake in this file
	}
	return in
}
