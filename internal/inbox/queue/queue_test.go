package queue_test

import (
	"encoding/base64"
	"os"
	"testing"

	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/config"
	"leadrelay/internal/inbox"
	"leadrelay/internal/inbox/inboxtest"
	"leadrelay/internal/inbox/queue"
)

// storage is the one Azurite of this package's tests.
var storage azuretest.Storage

func TestMain(m *testing.M) { os.Exit(azuretest.Main(m, &storage)) }

func TestQueueKeepsThePromises(t *testing.T) {
	for _, permissions := range []string{"rup", "p"} {
		t.Run(permissions, func(t *testing.T) {
			t.Parallel() // each waits for real leases to end
			inboxtest.Run(t, func(t *testing.T) inboxtest.Harness {
				name, sign, kept := storage.Queue(t), azuretest.Sign(storage.Signer.SignQueue), &inboxtest.Kept{}
				return inboxtest.Harness{
					Open:    queue.Open,
					Options: inbox.Options{Lane: "crf", Address: sign.Hour(name, permissions), Poison: kept, Client: storage.Client},
					Put:     func(t testing.TB, texts ...string) { put(t, name, texts...) },
					Buried:  func(testing.TB) []inboxtest.Buried { return kept.Buried() },
					Texts:   texts(),
					NoRenew: permissions == "p",
					NoCount: permissions == "p",
					Lacks:   map[string]map[string]config.Secret{"p": {"add only": sign.Hour(name, "a")}, "u": {"no u": sign.Hour(name, "rp")}},
					Wrong:   merged(sign.Hopeless(name, permissions), sign.Refused(name, permissions)),
				}
			})
		})
	}
}

// texts are messages as senders write them, and the bodies that they carry.
func texts() map[string]string {
	binary := "\x00\xff not JSON"
	return map[string]string{
		base64.StdEncoding.EncodeToString([]byte(`{"id":1}`)): `{"id":1}`,
		base64.StdEncoding.EncodeToString([]byte(binary)):     binary,
		" \r\n {\"bare\": \"Björk 🏦\"}\n":                     " \r\n {\"bare\": \"Björk 🏦\"}\n",
		`[1, 2]`:                                              `[1, 2]`,
		"neither <one> & other":                               "neither <one> & other",
		"eyJpZCI6MX0":                                         "eyJpZCI6MX0", // base64 without its padding is not strict
	}
}

func merged(maps ...map[string]config.Secret) map[string]config.Secret {
	out := map[string]config.Secret{}
	for _, m := range maps {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

func put(t testing.TB, queue string, texts ...string) {
	t.Helper()
	ctx, q := azuretest.Context(t), storage.Account.Queue(queue)
	for _, text := range texts {
		if _, err := q.EnqueueMessage(ctx, text, nil); err != nil {
			t.Fatal(err)
		}
	}
}
