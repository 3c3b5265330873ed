package queue_test

import (
	"encoding/base64"
	"os"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/destination"
	"leadrelay/internal/destination/destinationtest"
	"leadrelay/internal/destination/queue"
)

// storage is the one Azurite of this package's tests.
var storage azuretest.Storage

func TestMain(m *testing.M) { os.Exit(azuretest.Main(m, &storage)) }

func TestQueueKeepsThePromises(t *testing.T) {
	for encoding, tooLarge := range map[string]int{"base64": 48<<10 + 1, "text": 64<<10 + 1} {
		t.Run(encoding, func(t *testing.T) {
			destinationtest.Run(t, func(t *testing.T) destinationtest.Harness {
				name, sign := storage.Queue(t), azuretest.Sign(storage.Signer.SignQueue)
				var taken []destinationtest.Stored
				return destinationtest.Harness{
					Open:    queue.Open,
					Options: destination.Options{Address: sign.Hour(name, "a"), Encoding: encoding, Client: storage.Client},
					Stored: func(t testing.TB) []destinationtest.Stored {
						taken = append(taken, take(t, storage.Account.Queue(name), encoding)...)
						return taken
					},
					Hopeless: sign.Hopeless(name, "a"),
					Refused:  sign.Refused(name, "a"),
					TooLarge: tooLarge,
				}
			})
		})
	}
}

// take takes everything out of a queue.
func take(t testing.TB, q *azqueue.QueueClient, encoding string) (out []destinationtest.Stored) {
	t.Helper()
	ctx := azuretest.Context(t)
	for {
		resp, err := q.DequeueMessages(ctx, &azqueue.DequeueMessagesOptions{NumberOfMessages: to.Ptr(int32(32))})
		if err != nil {
			t.Fatal(err)
		}
		if len(resp.Messages) == 0 {
			return out
		}
		for _, m := range resp.Messages {
			body := []byte(*m.MessageText)
			if encoding == "base64" {
				if body, err = base64.StdEncoding.DecodeString(*m.MessageText); err != nil {
					t.Fatal(err)
				}
			}
			out = append(out, destinationtest.Stored{Body: body, Expires: *m.ExpirationTime})
			if _, err := q.DeleteMessage(ctx, *m.MessageID, *m.PopReceipt, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
}
