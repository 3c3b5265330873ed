package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"leadrelay/internal/lead"
)

// issuer is a credential that counts what it gives.
type issuer struct {
	now    func() time.Time
	given  atomic.Int32
	fail   atomic.Bool
	gate   chan struct{} // what GetToken waits for; nil: nothing
	scopes []string
}

func (i *issuer) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	i.scopes = o.Scopes
	if i.gate != nil {
		select {
		case <-i.gate:
		case <-ctx.Done():
			return azcore.AccessToken{}, ctx.Err()
		}
	}
	if i.fail.Load() {
		return azcore.AccessToken{}, errors.New("TOKEN-SECRET")
	}
	return azcore.AccessToken{Token: fmt.Sprint("token", i.given.Add(1)), ExpiresOn: i.now().Add(time.Hour)}, nil
}

// identity is an account by a credential, whose far side remembers the proofs it saw, and its clock.
func identity(t *testing.T, i *issuer) (a *Account, seen *sync.Map, clock *atomic.Int64) {
	seen, clock = new(sync.Map), new(atomic.Int64)
	clock.Store(time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC).Unix())
	i.now = func() time.Time { return time.Unix(clock.Load(), 0) }
	a, err := identityAccount("acc", i, &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		version, date := "x-ms-version", dateField
		seen.Store(r.Header.Get("Authorization"), r.URL.Host)
		if r.Header[version][0] < "2017-11-09" || r.Header[date] == nil || r.URL.Scheme != "https" {
			t.Errorf("%s is asked as %v", r.URL.Host, r.Header)
		}
		return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody, Request: r}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	a.queueAt.proof.(*token).now = i.now
	return a, seen, clock
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestOneTokenServesAllUntilShortlyBeforeItsEnd(t *testing.T) {
	i := new(issuer)
	a, seen, clock := identity(t, i)
	calls := func() error {
		_, err := a.Rows("t").Insert(t.Context(), NewEntity("p", "k"))
		return errors.Join(a.Messages("q").Delete(t.Context(), "1", "2"), err)
	}
	for _, c := range []struct {
		after time.Duration
		given int32
	}{{0, 1}, {54 * time.Minute, 1}, {2 * time.Minute, 2}, {54 * time.Minute, 2}, {3 * time.Hour, 3}} {
		clock.Add(int64(c.after / time.Second))
		if err := calls(); err != nil || i.given.Load() != c.given {
			t.Errorf("%s later: %d tokens, want %d, %v", c.after, i.given.Load(), c.given, err)
		}
		if _, ok := seen.Load(fmt.Sprint("Bearer token", c.given)); !ok {
			t.Errorf("%s later: token %d was not used", c.after, c.given)
		}
	}
	if len(i.scopes) != 1 || i.scopes[0] != "https://storage.azure.com/.default" {
		t.Errorf("the scope is %v", i.scopes)
	}
}

func TestTokenIsRenewedByOneWhileOthersUseTheOld(t *testing.T) {
	i := &issuer{gate: make(chan struct{}, 64)}
	a, _, clock := identity(t, i)
	call := func() error { return a.Messages("q").Delete(t.Context(), "1", "2") }
	var first sync.WaitGroup
	for range 32 {
		first.Go(func() {
			if err := call(); err != nil {
				t.Error(err)
			}
		})
	}
	i.gate <- struct{}{} // enough for one
	first.Wait()
	clock.Add(int64(57 * time.Minute / time.Second))
	renewal := make(chan error)
	go func() { renewal <- call() }()
	for len(a.queueAt.proof.(*token).renewing) == 0 { // until that one renews
		time.Sleep(time.Millisecond)
	}
	for range 32 {
		if err := call(); err != nil {
			t.Fatal(err)
		}
	}
	i.gate <- struct{}{}
	if err := <-renewal; err != nil || i.given.Load() != 2 {
		t.Errorf("%d tokens, %v", i.given.Load(), err)
	}
}

func TestTokenThatCannotBeRenewedServesToItsEnd(t *testing.T) {
	i := new(issuer)
	a, _, clock := identity(t, i)
	call := func() error { return a.Messages("q").Delete(t.Context(), "1", "2") }
	if err := call(); err != nil {
		t.Fatal(err)
	}
	i.fail.Store(true)
	clock.Add(int64(58 * time.Minute / time.Second))
	if err := call(); err != nil {
		t.Errorf("two minutes before its end: %v", err)
	}
	clock.Add(int64(3 * time.Minute / time.Second))
	err := call()
	if lead.KindOf(err) != lead.Unavailable {
		t.Errorf("after its end: %v", err)
	}
	noSecret(t, err)
	i.fail.Store(false)
	if err := call(); err != nil {
		t.Errorf("when there are tokens again: %v", err)
	}
}

func TestWaitingForATokenEndsWithTheContext(t *testing.T) {
	i := &issuer{gate: make(chan struct{})}
	a, _, _ := identity(t, i)
	ctx, cancel := context.WithCancel(t.Context())
	holder := make(chan error)
	go func() { holder <- a.Messages("q").Delete(ctx, "1", "2") }()
	for len(a.queueAt.proof.(*token).renewing) == 0 {
		time.Sleep(time.Millisecond)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := a.Messages("q").Delete(gone, "1", "2"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	cancel()
	if err := <-holder; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
