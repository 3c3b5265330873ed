package ledger_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
)

var storage azuretest.Storage

func TestMain(m *testing.M) { os.Exit(azuretest.Main(m, &storage)) }

// deployments counts the prefixes that tests have taken.
var deployments atomic.Int64

// book is a deployment of its own with a clock that stands until it is moved.
type book struct {
	*testing.T
	*ledger.Ledger
	names  ledger.Names
	intake *ledger.Intake
	now    time.Time
	ctx    context.Context
}

func newBook(t *testing.T) *book {
	t.Helper()
	b := &book{T: t, names: ledger.Names{Prefix: fmt.Sprintf("test%d", deployments.Add(1))}, now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC), ctx: azuretest.Context(t)}
	b.Ledger = ledger.New(storage.Account, b.names, ledger.NewHash([]byte("a key of thirty-two bytes, for us")), func() time.Time { return b.now })
	b.intake = ledger.NewIntake(storage.Account, b.names)
	if err := ledger.Setup(b.ctx, storage.Account, b.names); err != nil {
		t.Fatal(err)
	}
	return b
}

// message is a versioned event of lead "l" with some content, received now.
func (b *book) message(content string) *ledger.Message {
	receipt := ulid.MustNew(ulid.Timestamp(b.now), rand.Reader).String()
	body := []byte(`{"id":"l","content":"` + content + `"}`)
	sum := lead.ContentHash(body)
	digest := hex.EncodeToString(sum[:])
	return &ledger.Message{
		Envelope: lead.Envelope{ID: receipt, Partner: "crf", Type: "crf.lead", Subject: "l", Time: b.now, Data: body},
		Key:      b.Hash.Of("event", "crf", "l", digest), LeadKey: b.Hash.Of("lead", "crf", "l"), Content: digest,
	}
}

// Open is what the deliverer does with a message, for given targets.
func (b *book) Open(ctx context.Context, m *ledger.Message, targets []ledger.Target, passed *ledger.Passed) (ledger.Opened, error) {
	a, err := b.Arrive(ctx, m)
	if err != nil {
		return ledger.Opened{}, err
	}
	return b.Ledger.Open(ctx, a, targets, passed)
}

// open opens a message for two destinations, twice, and wants the first verdict; the second must be a redelivery of a
// first message, or the same duplicate again.
func (b *book) open(m *ledger.Message, want ledger.Verdict) ledger.Opened {
	b.Helper()
	o, err := b.Open(b.ctx, m, []ledger.Target{{ID: "d1", Name: "one"}, {ID: "d2", Name: "two"}}, nil)
	if err != nil {
		b.Fatal(err)
	}
	if o.Verdict != want {
		b.Fatalf("the verdict is %d, want %d", o.Verdict, want)
	}
	again, err := b.Open(b.ctx, m, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	if wantAgain := map[ledger.Verdict]ledger.Verdict{ledger.First: ledger.Again, ledger.Again: ledger.Again, ledger.Duplicate: ledger.Duplicate}[want]; again.Verdict != wantAgain || again.Key != o.Key {
		b.Fatalf("opened again, the verdict is %d of %s, want %d of %s", again.Verdict, again.Key, wantAgain, o.Key)
	}
	return o
}

// later moves the clock.
func (b *book) later(d time.Duration) { b.now = b.now.Add(d) }
