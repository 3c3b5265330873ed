package azuresim_test

import (
	"encoding/base64"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/config"
	"leadrelay/internal/destination"
	"leadrelay/internal/destination/blob"
	"leadrelay/internal/destination/destinationtest"
	"leadrelay/internal/destination/queue"
	"leadrelay/internal/inbox"
	"leadrelay/internal/inbox/inboxtest"
	inboxqueue "leadrelay/internal/inbox/queue"
	"leadrelay/local/azuresim"
)

func TestQueueDestinationKeepsItsPromises(t *testing.T) {
	destinationtest.Run(t, func(t *testing.T) destinationtest.Harness {
		s, w := inMemory(t, azuresim.Options{})
		if _, err := w.account.Queue("leads").Create(w.ctx(), nil); err != nil {
			t.Fatal(err)
		}
		sign := azuretest.Sign(w.signer.SignQueue)
		return destinationtest.Harness{
			Open:     queue.Open,
			Options:  destination.Options{Address: sign.Hour("leads", "a"), Encoding: "base64", Client: w.client},
			Hopeless: sign.Hopeless("leads", "a"),
			Refused:  sign.Refused("leads", "a"),
			TooLarge: 48<<10 + 1,
			Stored: func(t testing.TB) (out []destinationtest.Stored) {
				for _, m := range s.Queue("leads").Messages() {
					body, err := base64.StdEncoding.DecodeString(m.Text)
					if err != nil {
						t.Error(err)
					}
					out = append(out, destinationtest.Stored{Body: body, Expires: m.Expires})
				}
				return out
			},
		}
	})
}

func TestBlobDestinationKeepsItsPromises(t *testing.T) {
	for _, permissions := range []string{"c", "w", "cw"} {
		t.Run(permissions, func(t *testing.T) {
			destinationtest.Run(t, func(t *testing.T) destinationtest.Harness {
				s, w := inMemory(t, azuresim.Options{})
				if _, err := w.account.Container("leads").Create(w.ctx(), nil); err != nil {
					t.Fatal(err)
				}
				sign := azuretest.Sign(w.signer.SignContainer)
				return destinationtest.Harness{
					Open:     blob.Open,
					Options:  destination.Options{Address: sign.Hour("leads", permissions), Client: w.client},
					Hopeless: sign.Hopeless("leads", permissions),
					Refused:  sign.Refused("leads", permissions),
					Once:     true,
					Stored: func(testing.TB) (out []destinationtest.Stored) {
						for _, b := range s.Container("leads").Blobs() {
							out = append(out, destinationtest.Stored{Body: b.Data})
						}
						return out
					},
				}
			})
		})
	}
}

func TestQueueInboxKeepsItsPromises(t *testing.T) {
	inboxtest.Run(t, func(t *testing.T) inboxtest.Harness {
		_, w := inMemory(t, azuresim.Options{})
		q := w.account.Queue("leads")
		if _, err := q.Create(w.ctx(), nil); err != nil {
			t.Fatal(err)
		}
		sign, kept := azuretest.Sign(w.signer.SignQueue), &inboxtest.Kept{}
		return inboxtest.Harness{
			Open:    inboxqueue.Open,
			Options: inbox.Options{Lane: "crf", Address: sign.Hour("leads", "rup"), Poison: kept, Client: w.client},
			Put: func(t testing.TB, texts ...string) {
				for _, text := range texts {
					if _, err := q.EnqueueMessage(w.ctx(), text, nil); err != nil {
						t.Fatal(err)
					}
				}
			},
			Buried: func(testing.TB) []inboxtest.Buried { return kept.Buried() },
			Lacks:  map[string]map[string]config.Secret{"p": {"add only": sign.Hour("leads", "a")}, "u": {"no u": sign.Hour("leads", "rp")}},
			Wrong:  sign.Refused("leads", "rup"),
			Around: func(t *testing.T, f func(t *testing.T)) { synctest.Test(t, f) }, // without sockets, time can be faked
		}
	})
}

// TestManyDrainersTakeEachMessageOnce is the race detector's.
func TestManyDrainersTakeEachMessageOnce(t *testing.T) {
	const messages, drainers = 600, 8
	s, w := inMemory(t, azuresim.Options{})
	q := w.account.Queue("leads")
	if _, err := q.Create(w.ctx(), nil); err != nil {
		t.Fatal(err)
	}
	ctx, taken := w.ctx(), make(chan string, 2*messages)
	done := make(chan struct{})
	for d := range drainers {
		go func() {
			defer func() { done <- struct{}{} }()
			for range messages / drainers {
				if _, err := q.EnqueueMessage(ctx, "x", nil); err != nil {
					t.Error(err)
				}
				resp, err := q.DequeueMessages(ctx, &azqueue.DequeueMessagesOptions{NumberOfMessages: to.Ptr(int32(1 + d%3))})
				if err != nil {
					t.Error(err)
				}
				for _, m := range resp.Messages {
					taken <- *m.MessageID
					if _, err := q.DeleteMessage(ctx, *m.MessageID, *m.PopReceipt, nil); err != nil {
						t.Error(err)
					}
				}
			}
		}()
	}
	for range drainers {
		<-done
	}
	seen := map[string]bool{}
	for len(taken) > 0 {
		id := <-taken
		if seen[id] {
			t.Errorf("message %s was taken twice", id)
		}
		seen[id] = true
	}
	if left := len(s.Queue("leads").Messages()); len(seen)+left != messages {
		t.Errorf("%d taken and %d left of %d", len(seen), left, messages)
	}
	if n := s.Counts()["PutMessage"]; n != messages {
		t.Errorf("%d puts are counted, want %d", n, messages)
	}
}

// clock is a time that a test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time        { return c.at }
func (c *clock) later(d time.Duration) { c.at = c.at.Add(d) }
