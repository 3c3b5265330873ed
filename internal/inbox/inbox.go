// Package inbox says where events wait to be drained: a queue or a container.
//
// To add one: copy a sibling folder, add one line to internal/app/drivers.go; inboxtest.Run says when it is done.
package inbox

import (
	"context"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/config"
)

// Message is one leased message. Nobody else sees it until its lease ends.
type Message struct {
	ID       string
	Body     []byte    // decoded: never base64
	Inserted time.Time // when it was put there
	Tries    int       // how often it was leased, this time included: a crash guard, not a count of tries
	Lease    string    // the proof of the lease: pop receipt or lease id; changes with every call that returns a Message
}

// Inbox is one queue or container to be emptied. It may be used side by side.
// Errors are of kind Address (a SAS that lacks a permission says which), Unavailable, or Internal for a lost lease:
// [ErrLeaseLost], after which somebody else has the message or it is settled.
type Inbox interface {
	// Receive leases at most max messages (1 to 32) for the given time; none is no error.
	Receive(ctx context.Context, max int, lease time.Duration) ([]Message, error)
	// Extend renews the lease to last the given time from now; the returned message replaces m.
	Extend(ctx context.Context, m Message, lease time.Duration) (Message, error)
	// Ack removes the message for good.
	Ack(ctx context.Context, m Message) error
	// Release gives the message back, to be seen again after the given time (0: at once), with its Tries counted on.
	Release(ctx context.Context, m Message, after time.Duration) error
	// Bury puts the message, byte for byte, with the reason, where the poisoned ones are kept for good,
	// and only then removes it from the inbox.
	Bury(ctx context.Context, m Message, reason string) error
}

// Limited is an inbox whose leases end sooner than may be asked for: whoever works for longer renews them in time.
type Limited interface {
	// MaxLease is the longest lease that it gives; 0 means that there is no limit.
	MaxLease() time.Duration
}

// Counted is an inbox that can say how many messages are in it, leased ones included; the number may be rough.
type Counted interface {
	// Count fails with an error of kind Address where the SAS does not permit it.
	Count(ctx context.Context) (int, error)
}

// Poison keeps what can never be drained; Bury of a driver whose SAS allows no poison queue uses it.
type Poison interface {
	// Keep stores a buried message durably.
	Keep(ctx context.Context, lane string, m Message, reason string) error
}

// How an inbox settles what it hands out.
const (
	SettleDelete = "delete" // remove it; the default
	SettleMove   = "move"   // of a container only: keep a copy under done/
)

// Options are what an inbox is made from.
type Options struct {
	Lane       string                 // its name, for Poison
	Address    config.Secret          // the pasted SAS URL, or the plain https URL of the queue or container for Credential
	Credential azcore.TokenCredential // opens addresses without a SAS; nil: there are none
	Settle     string                 // SettleDelete or SettleMove; empty is SettleDelete
	Prefix     string                 // of a container: only blobs whose names begin so
	Poison     Poison
	Client     *http.Client // shared; follows no redirects
	Now        func() time.Time
}

// Open makes an inbox. It calls nothing; an address that can never work is an error of kind Address.
type Open func(o Options) (Inbox, error)
