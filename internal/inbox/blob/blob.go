// Package blob drains a blob container that a sender fills, oldest first, whether leadrelay or the partner itself writes to it.
package blob

import (
	"context"
	"errors"
	"sync"
	"time"

	azblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"leadrelay/internal/azure"
	"leadrelay/internal/inbox"
	"leadrelay/internal/lead"
)

// Limits of one call.
const (
	most        = 32      // messages
	callsAtOnce = 8       // blobs leased and read side by side
	maxBody     = 4 << 20 // bytes of a blob that is read; what is larger is left where it is, and told
)

// box is a container as an inbox.
type box struct {
	lane      string
	sas       azure.SAS // the zero SAS when an identity opens the container
	identity  bool
	name      string // of the container, for errors
	client    *container.Client
	leases    leases
	move      bool // settle by a copy under done/
	mayCreate bool
	mayWrite  bool
	prefix    string
	keep      inbox.Poison
	now       func() time.Time

	mu      sync.Mutex
	waiting []item // of the last listing, oldest first, not yet handed out
	listed  time.Time
	total   int // blobs of the last listing that are not settled, less those removed since
	large   int // blobs of the last listing that are too large, until that is told
}

// Open makes an inbox of a container. Its SAS needs the permissions "r", "l" and "d"; with "w" as well blobs are leased
// at the storage, tries are counted and delays kept in their metadata. Without "w" the leases, tries and delays live in
// this process only: another process may read the same blob at the same time, and after a restart delays are forgotten.
// A blob that changes in between is never removed unread, with or without leases. While the storage leases a blob it
// refuses a sender that writes over it, for a minute at most; senders that only create never notice.
//
// With "c" or "w" what is buried goes to poison/<name> beside the others, else to o.Poison; settling by moving to
// done/<name> needs one of the two.
func Open(o inbox.Options) (inbox.Inbox, error) {
	b := &box{lane: o.Lane, prefix: o.Prefix, keep: o.Poison, now: o.Now, move: o.Settle == inbox.SettleMove}
	if o.Settle != "" && o.Settle != inbox.SettleDelete && !b.move {
		return nil, lead.Errorf(lead.Address, "settle must be %s or %s", inbox.SettleDelete, inbox.SettleMove)
	}
	place, plain, err := inbox.ParsePlace(o.Address, "blob")
	switch {
	case err != nil:
		return nil, err
	case plain:
		err = b.openPlace(place, o)
	default:
		err = b.openSAS(o)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case b.move && !b.mayCreate:
		return nil, lead.Errorf(lead.Address, "the SAS of %s lacks the permission c, and drained blobs are to be moved to done/", b.name)
	case !b.mayCreate && b.keep == nil:
		return nil, lead.Errorf(lead.Address, "the SAS of %s lacks the permission c, and nothing else keeps what is buried", b.name)
	}
	b.leases = &localLeases{leased: map[string]*localLease{}, now: b.now}
	if b.mayWrite {
		b.leases = serverLeases{client: b.client, now: b.now}
	}
	return b, nil
}

func (b *box) openSAS(o inbox.Options) (err error) {
	if b.sas, err = azure.ParseSAS(o.Address.Reveal(), azure.Container); err != nil {
		return err
	}
	if err := b.sas.Fits(azure.Drain); err != nil {
		return err
	}
	b.name, b.mayWrite = b.sas.Name(), b.sas.Permits('w')
	b.mayCreate = b.mayWrite || b.sas.Permits('c')
	b.client, err = b.sas.Container(o.Client)
	return err
}

// openPlace opens the container as an identity, whose role is "Storage Blob Data Contributor" or more.
func (b *box) openPlace(p inbox.Place, o inbox.Options) (err error) {
	if o.Credential == nil {
		return lead.Errorf(lead.Address, "the address has no SAS, and there is no managed identity")
	}
	b.identity, b.name, b.mayCreate, b.mayWrite = true, p.Name, true, true
	b.client, err = container.NewClient(p.URL, o.Credential, &container.ClientOptions{
		ClientOptions:          azure.ClientOptions(o.Client),
		ExpectContinueBehavior: azblob.ExpectContinueOptions{Mode: azblob.ExpectContinueModeOff},
	})
	return azure.Classify(err)
}

// MaxLease is the storage's longest lease; a lease of this process has no limit.
func (b *box) MaxLease() time.Duration {
	if b.mayWrite {
		return maxLease
	}
	return 0
}

// Receive leases the oldest blobs. Leases of the storage last from 15 to 60 seconds, whatever is asked for. Blobs that
// are larger than 4 MiB stay where they are; their error comes with the messages that were leased.
func (b *box) Receive(ctx context.Context, limit int, lease time.Duration) ([]inbox.Message, error) {
	if limit < 1 {
		return nil, nil
	}
	if !b.identity {
		if err := b.sas.Usable(azure.Drain, b.now()); err != nil {
			return nil, err
		}
	}
	limit = min(limit, most)
	var out []inbox.Message
	for listed := false; len(out) < limit; {
		items, again, err := b.next(ctx, limit-len(out), listed || len(out) > 0)
		if listed = listed || again; err != nil {
			return out, err
		}
		if len(items) == 0 {
			break
		}
		got, err := b.takeAll(ctx, items, lease)
		if out = append(out, got...); err != nil {
			return out, err
		}
	}
	return out, b.tooLarge()
}

// tooLarge tells of blobs in the last listing that are not read, once.
func (b *box) tooLarge() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.large
	if b.large = 0; n == 0 {
		return nil
	}
	return lead.Errorf(lead.Address, "container %s: %d blobs are larger than %d MiB and stay where they are", b.name, n, maxBody>>20)
}

// takeAll leases and reads some blobs side by side. Those that somebody else was faster at are left out.
func (b *box) takeAll(ctx context.Context, items []item, lease time.Duration) ([]inbox.Message, error) {
	messages, errs := make([]*inbox.Message, len(items)), make([]error, len(items))
	slots := make(chan struct{}, callsAtOnce)
	var wg sync.WaitGroup
	for i, it := range items {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			messages[i], errs[i] = b.take(ctx, it, lease)
		})
	}
	wg.Wait()
	var out []inbox.Message
	for _, m := range messages {
		if m != nil {
			out = append(out, *m)
		}
	}
	for _, err := range errs {
		if err != nil && !errors.Is(err, inbox.ErrLeaseLost) {
			return out, err
		}
	}
	return out, nil
}

func (b *box) take(ctx context.Context, it item, lease time.Duration) (*inbox.Message, error) {
	h, err := b.leases.take(ctx, it, lease)
	if err != nil {
		return nil, err
	}
	body, err := b.read(ctx, it.name, h.etag)
	if err != nil {
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
		defer cancel()
		_ = b.leases.release(after, it.name, h, 0) // it ends by itself
		return nil, err
	}
	return &inbox.Message{ID: it.name, Body: body, Inserted: it.inserted, Tries: h.tries, Lease: h.String()}, nil
}

// Extend renews the lease, to at most 60 seconds from now.
func (b *box) Extend(ctx context.Context, m inbox.Message, lease time.Duration) (inbox.Message, error) {
	return m, b.leases.extend(ctx, m.ID, parseHold(m.Lease), lease)
}

// Release gives the blob back. The time until it is seen again is kept in its metadata, or by this process.
func (b *box) Release(ctx context.Context, m inbox.Message, after time.Duration) error {
	return b.leases.release(ctx, m.ID, parseHold(m.Lease), after)
}

// told tells an error of the container in the kinds of an inbox; permission is what the call needs. A call that is
// refused says nothing about a message here, so it is the address's fault; a blob that is gone was settled by another.
func told(err error, permission string) error {
	if err == nil {
		return nil
	}
	err = azure.Classify(err)
	code := lead.CodeOf(err)
	switch {
	case azure.Stale(err), code == "404 BlobNotFound", code == "409 LeaseIsBreakingAndCannotBeAcquired", code == "409 LeaseIsBrokenAndCannotBeRenewed":
		return &lead.Error{Kind: lead.Internal, Code: code, Err: inbox.ErrLeaseLost}
	case code == "403 AuthorizationPermissionMismatch":
		return &lead.Error{Kind: lead.Address, Code: code, Err: lackError(permission)}
	case lead.KindOf(err) == lead.Refused, lead.KindOf(err) == lead.TooLarge:
		return &lead.Error{Kind: lead.Address, Code: code, Err: err}
	}
	return err
}

// lackError names the permission that a call was refused for.
type lackError string

func (l lackError) Error() string { return "the SAS or the role lacks the permission " + string(l) }
