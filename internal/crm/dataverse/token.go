package dataverse

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
)

// How long the organisation's wish to be left alone is honoured at most before it is asked again; and when it names no time.
const (
	longestPause = 5 * time.Minute
	defaultPause = 30 * time.Second
)

// token keeps the bearer token, and how long nothing is to be sent.
type token struct {
	credential azcore.TokenCredential
	scope      string
	now        func() time.Time
	turn       chan struct{} // whoever asks for a token holds it

	mu      sync.Mutex
	value   string
	expires time.Time
	fresh   bool // the last one was refused: the credential's own cache must not answer
	until   time.Time
}

// scope is the environment's origin (facts/crm.md §1.7).
func scope(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host + "/.default"
}

// get is the token; one call at a time asks for it, and nobody waits for that longer than its own context.
func (t *token) get(ctx context.Context) (string, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", tokenError(ctx, ctx.Err())
	}
	have, fresh := t.kept()
	if have != "" {
		return have, nil
	}
	o := policy.TokenRequestOptions{Scopes: []string{t.scope}}
	if fresh { // a claim is what azidentity's caches let through
		o.Claims = fmt.Sprintf(`{"access_token":{"nbf":{"essential":true,"value":"%d"}}}`, t.now().Unix())
	}
	got, err := t.credential.GetToken(ctx, o)
	if err != nil {
		return "", tokenError(ctx, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.value, t.expires, t.fresh = got.Token, got.ExpiresOn, false
	return t.value, nil
}

// kept is the token that is good for a minute more, empty when there is none.
func (t *token) kept() (value string, fresh bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.value != "" && t.now().Before(t.expires.Add(-time.Minute)) {
		return t.value, t.fresh
	}
	return "", t.fresh
}

// drop forgets a token that was refused, unless another call has done so and a new one is there.
func (t *token) drop(refused string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.value == refused {
		t.value, t.fresh = "", true
	}
}

// pause keeps every call back for a while.
func (t *token) pause(wait time.Duration) time.Duration {
	if wait <= 0 {
		wait = defaultPause
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if until := t.now().Add(min(wait, longestPause)); until.After(t.until) {
		t.until = until
	}
	return wait
}

func (t *token) paused() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if left := t.until.Sub(t.now()); left > 0 {
		return &lead.Error{Kind: lead.Unavailable, Code: "paused", RetryAfter: left, Err: crm.ErrPaused}
	}
	return nil
}

var (
	errNotJSON = errors.New("the answer is no JSON")
)

// tokenError tells why there is no token: Unavailable when Entra cannot be reached, Address when it says no. Of its
// answer only the number of the error is told.
func tokenError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &lead.Error{Kind: lead.Unavailable, Err: fmt.Errorf("token: %w", ctx.Err())}
	}
	failed, ok := errors.AsType[*azidentity.AuthenticationFailedError](err)
	number := regexp.MustCompile(`AADSTS\d{3,8}`).FindString(err.Error())
	switch {
	case ok && failed.RawResponse != nil:
		status := failed.RawResponse.StatusCode
		if status == http.StatusTooManyRequests || status >= 500 {
			return &lead.Error{Kind: lead.Unavailable, Code: http.StatusText(status), Err: errors.New("token: Entra is busy or failing")}
		}
	case number == "" && strings.Contains(err.Error(), "dial "), number == "" && ok:
		return &lead.Error{Kind: lead.Unavailable, Err: errors.New("token: Entra cannot be reached")}
	}
	return &lead.Error{Kind: lead.Address, Code: number, Err: errors.New("token: the credential is refused; check tenant, client id and secret, or the managed identity")}
}

// fixed is a token that a setting holds, for the simulator on this machine.
type fixed string

// GetToken gives it.
func (f fixed) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(f), ExpiresOn: time.Now().Add(time.Hour)}, nil
}
