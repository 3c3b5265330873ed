package blob

import (
	"math/rand/v2"
	"strconv"
	"time"

	"fmt"

	"leadrelay/local/azuresim/wire"
)

// lease is a blob's lease; the zero lease is none.
type lease struct {
	id       string
	seconds  int       // -1: for ever
	ends     time.Time // zero: never
	breaking bool      // it ends at ends, and cannot be renewed
}

// The states of a lease, in Azure's words.
const (
	available = "available"
	leased    = "leased"
	expired   = "expired"
	breaking  = "breaking"
	broken    = "broken"
)

func (l lease) state(now time.Time) string {
	over := !l.ends.IsZero() && !now.Before(l.ends)
	switch {
	case l.id == "":
		return available
	case l.breaking && over:
		return broken
	case l.breaking:
		return breaking
	case over:
		return expired
	}
	return leased
}

func (l lease) held(now time.Time) bool {
	s := l.state(now)
	return s == leased || s == breaking
}

func (l lease) status(now time.Time) string {
	if l.held(now) {
		return "locked"
	}
	return "unlocked"
}

// mayRead: a lease id is not needed, but one that is given must be right.
func (l lease) mayRead(r *wire.Request) *wire.Error {
	id := r.Header.Get("X-Ms-Lease-Id")
	switch held := l.held(r.Now); {
	case id == "", held && id == l.id:
		return nil
	case held:
		return wire.Errorf(412, "LeaseIdMismatchWithBlobOperation", "The lease ID specified did not match the lease ID for the blob.")
	case l.id == "":
		return wire.Errorf(412, "LeaseNotPresentWithBlobOperation", "There is currently no lease on the blob.")
	}
	return wire.Errorf(412, "LeaseLost", "A lease ID was specified, but the lease for the blob has expired.")
}

// mayWrite: with a lease, its id is needed.
func (l lease) mayWrite(r *wire.Request) *wire.Error {
	if r.Header.Get("X-Ms-Lease-Id") == "" && l.held(r.Now) {
		return wire.Errorf(412, "LeaseIdMissing", "There is currently a lease on the blob and no lease ID was specified in the request.")
	}
	return l.mayRead(r)
}

func conflict(code, text string) *wire.Error { return wire.Errorf(409, code, text) }

func mismatch() *wire.Error {
	return conflict("LeaseIdMismatchWithLeaseOperation", "The lease ID specified did not match the lease ID for the blob.")
}

// leaseOp acts on the lease ("Lease Blob" of the storage REST reference, its table of outcomes).
func (b *blob) leaseOp(r *wire.Request) (wire.Answer, *wire.Error) {
	a := wire.Answer{Status: 200}
	var err *wire.Error
	l := &b.lease
	id, state := r.Header.Get("X-Ms-Lease-Id"), l.state(r.Now)
	if r.Op.Name != "AcquireLease" && r.Op.Name != "BreakLease" && id == "" {
		return a, wire.MissingHeader("x-ms-lease-id")
	}
	switch r.Op.Name {
	case "AcquireLease":
		a.Status, err = 201, l.acquire(r, state)
	case "RenewLease":
		err = l.renew(r.Now, id, state)
	case "ChangeLease":
		err = l.change(id, r.Header.Get("X-Ms-Proposed-Lease-Id"), state)
	case "ReleaseLease":
		if id != l.id {
			return a, mismatch()
		}
		*l = lease{}
	case "BreakLease":
		var left int
		left, err = l.end(r, state)
		a = wire.Answer{Status: 202}.With("X-Ms-Lease-Time", strconv.Itoa(left))
	}
	if err != nil {
		return a, err
	}
	if r.Op.Name != "BreakLease" && r.Op.Name != "ReleaseLease" {
		a = a.With("X-Ms-Lease-Id", l.id)
	}
	return a.With("Etag", b.etag).With("Last-Modified", wire.Time(b.modified)), nil
}

func (l *lease) acquire(r *wire.Request, state string) *wire.Error {
	text := r.Header.Get("X-Ms-Lease-Duration")
	n, err := strconv.Atoi(text)
	switch {
	case text == "":
		return wire.MissingHeader("x-ms-lease-duration")
	case err != nil || n != -1 && (n < 15 || n > 60):
		return wire.InvalidHeader("x-ms-lease-duration", text)
	}
	id := r.Header.Get("X-Ms-Proposed-Lease-Id")
	switch {
	case state == breaking && id == l.id:
		return conflict("LeaseIsBreakingAndCannotBeAcquired", "The lease ID matched, but the lease is currently in breaking state and cannot be acquired until it is broken.")
	case state == breaking, state == leased && (id == "" || id != l.id):
		return conflict("LeaseAlreadyPresent", "There is already a lease present.")
	}
	if id == "" {
		id = newID()
	}
	*l = lease{id: id, seconds: n}
	l.start(r.Now)
	return nil
}

func (l *lease) start(now time.Time) {
	l.ends = time.Time{}
	if l.seconds > 0 {
		l.ends = now.Add(time.Duration(l.seconds) * time.Second)
	}
}

func (l *lease) renew(now time.Time, id, state string) *wire.Error {
	switch {
	case id != l.id:
		return mismatch()
	case state == breaking, state == broken:
		return conflict("LeaseIsBrokenAndCannotBeRenewed", "The lease ID matched, but the lease has been broken explicitly and cannot be renewed.")
	}
	l.start(now)
	return nil
}

func (l *lease) change(id, proposed, state string) *wire.Error {
	switch {
	case proposed == "":
		return wire.MissingHeader("x-ms-proposed-lease-id")
	case state == breaking && id == l.id:
		return conflict("LeaseIsBreakingAndCannotBeChanged", "The lease ID matched, but the lease is currently in breaking state and cannot be changed.")
	case state != leased:
		return conflict("LeaseNotPresentWithLeaseOperation", "There is currently no lease on the blob.")
	case id != l.id && proposed != l.id:
		return mismatch()
	}
	l.id = proposed
	return nil
}

// end breaks the lease and gives the seconds that are left of it.
func (l *lease) end(r *wire.Request, state string) (int, *wire.Error) {
	if state == available {
		return 0, conflict("LeaseNotPresentWithLeaseOperation", "There is currently no lease on the blob.")
	}
	left := time.Duration(0)
	if state == leased && l.seconds > 0 || state == breaking {
		left = l.ends.Sub(r.Now)
	}
	if text := r.Header.Get("X-Ms-Lease-Break-Period"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > 60 {
			return 0, wire.InvalidHeader("x-ms-lease-break-period", text)
		}
		if period := time.Duration(n) * time.Second; l.seconds < 0 && state == leased || period < left {
			left = period
		}
	}
	l.breaking, l.ends = true, r.Now.Add(left)
	return int((left + time.Second - 1) / time.Second), nil
}

// newID is a random UUID.
func newID() string {
	a, b := rand.Uint64(), rand.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>52, b&0xffffffffffff)
}
