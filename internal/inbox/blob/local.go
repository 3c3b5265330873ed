package blob

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/inbox"
	"leadrelay/internal/lead"
)

// localLeases are those of this process, for a SAS that may not write. Blobs are read and removed by ETag, so where two
// processes work on the same blob only the first to settle it succeeds.
type localLeases struct {
	now func() time.Time

	mu     sync.Mutex
	leased map[string]*localLease // by name; what nobody leases any more stays for its tries, until the blob changes
	count  int
}

type localLease struct {
	hold
	until time.Time // when others may have it again
}

// forgetAfter is how long the tries of a blob are remembered that nobody leases.
const forgetAfter = 24 * time.Hour

func (l *localLeases) free(name string, etag azcore.ETag) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.leased[name]
	return known == nil || known.etag != etag || !known.until.After(l.now())
}

func (l *localLeases) take(_ context.Context, it item, d time.Duration) (hold, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	known := l.leased[it.name]
	if known != nil && known.etag == it.etag && known.until.After(now) {
		return hold{}, lost()
	}
	l.count++
	next := &localLease{hold: hold{id: strconv.Itoa(l.count), etag: it.etag, tries: 1}, until: now.Add(d)}
	if known != nil && known.etag == it.etag {
		next.tries = known.tries + 1
	}
	if l.count%1000 == 0 {
		l.forget(now)
	}
	l.leased[it.name] = next
	return next.hold, nil
}

// forget drops what nobody has leased for long; the caller holds the lock.
func (l *localLeases) forget(now time.Time) {
	for name, known := range l.leased {
		if now.Sub(known.until) > forgetAfter {
			delete(l.leased, name)
		}
	}
}

// mine is the lease when it is still h's; the caller holds the lock.
func (l *localLeases) mine(name string, h hold) (*localLease, error) {
	known := l.leased[name]
	if known == nil || known.id != h.id {
		return nil, lost()
	}
	return known, nil
}

func (l *localLeases) extend(ctx context.Context, name string, h hold, d time.Duration) error {
	return l.release(ctx, name, h, d) // the same here: unseen until then
}

func (l *localLeases) release(_ context.Context, name string, h hold, after time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	known, err := l.mine(name, h)
	if err == nil {
		known.until = l.now().Add(after)
	}
	return err
}

func (l *localLeases) held(name string, h hold) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.mine(name, h)
	return "", err
}

func (l *localLeases) gone(name string, h hold) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.mine(name, h); err == nil {
		delete(l.leased, name)
	}
}

func lost() error { return &lead.Error{Kind: lead.Internal, Err: inbox.ErrLeaseLost} }
