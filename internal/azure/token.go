package azure

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// scope is what a token is for: every storage account of the public cloud.
const scope = "https://storage.azure.com/.default"

// renewBefore is how long before its end a token is renewed, where the credential does not say.
const renewBefore = 5 * time.Minute

// token proves our right as an identity. One token serves all three services; one call at a time renews it, and while the
// old one is good the others do not wait.
type token struct {
	credential azcore.TokenCredential
	now        func() time.Time
	last       atomic.Pointer[bearer]
	renewing   chan struct{} // holds one while somebody renews
}

type bearer struct {
	text         func() string // "Bearer …"; a function, because fmt prints unexported fields
	renew, until time.Time
}

func newToken(credential azcore.TokenCredential) *token {
	return &token{credential: credential, now: time.Now, renewing: make(chan struct{}, 1)}
}

func (t *token) prove(ctx context.Context, c *call) error {
	b := t.last.Load()
	if now := t.now(); b == nil || !now.Before(b.renew) {
		var err error
		if b, err = t.renewed(ctx, b != nil && now.Before(b.until)); err != nil {
			return err
		}
	}
	c.set("Authorization", b.text())
	return nil
}

// renewed is a token that was got just now; where the last is still good, it is that of others who are busy with it.
func (t *token) renewed(ctx context.Context, good bool) (*bearer, error) {
	if good {
		select {
		case t.renewing <- struct{}{}:
		default:
			return t.last.Load(), nil
		}
	} else {
		select {
		case t.renewing <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer func() { <-t.renewing }()
	if b := t.last.Load(); b != nil && t.now().Before(b.renew) {
		return b, nil // somebody was faster
	}
	got, err := t.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}})
	if err != nil {
		if b := t.last.Load(); good {
			return b, nil // the next call tries again
		}
		return nil, err
	}
	b := &bearer{text: func() string { return "Bearer " + got.Token }, renew: got.RefreshOn, until: got.ExpiresOn}
	if b.renew.IsZero() {
		b.renew = got.ExpiresOn.Add(-renewBefore)
	}
	t.last.Store(b)
	return b, nil
}
