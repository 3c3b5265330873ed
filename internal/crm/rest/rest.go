// Package rest posts leads to any JSON endpoint: a body from a template, own headers, an idempotency key, a signature.
//
// It can only say what happened; the endpoint decides what becomes of it. A lead event, one that was only ever an update and one
// of a removed lead (its state says so) are all the same request, and so is an activity, marked as such: no stub is made
// here, and the endpoint should make none. With {key} in the address a 404 to an activity is [crm.ErrNoLead].
package rest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"leadrelay/internal/crm"
	"leadrelay/internal/httpclient"
	"leadrelay/internal/lead"
	"leadrelay/internal/mapping"
)

// CRM is one endpoint.
type CRM struct {
	name     string
	client   *http.Client
	now      func() time.Time
	private  bool
	method   string
	address  string // may hold {key}
	origin   string
	headers  http.Header // never changed; cloned for each request
	signer   *standardwebhooks.Webhook
	there    bool // 409 says that the endpoint has it already
	mapping  *mapping.Mapping
	template template

	mu    sync.Mutex
	seen  time.Time // when the endpoint last answered
	until time.Time // it asked to be left alone until then
}

var _ crm.CRM = (*CRM)(nil)

const (
	sideBySide  = 4        // requests of one Upsert
	answerBytes = 64 << 10 // an endpoint says all there is to say in its status
	answerWait  = 3 * time.Second
	fresh       = time.Minute // how long an answer spares Check a call
	keyHolder   = "{key}"
	bodyRoom    = 1 << 10 // bytes of a body beside the payload, as a rule
)

// Check asks the endpoint's host for its head, with none of our headers. Any answer will do, but 408, 425, 429 and 5xx. It
// asks at most once a minute, and not while the endpoint wants to be left alone.
func (c *CRM) Check(ctx context.Context) error {
	if err := c.paused(); err != nil {
		return err
	}
	c.mu.Lock()
	seen := c.seen
	c.mu.Unlock()
	if !seen.IsZero() && c.now().Sub(seen) < fresh {
		return nil
	}
	r, err := http.NewRequestWithContext(c.way(ctx), http.MethodHead, c.origin+"/", nil)
	if err != nil {
		return lead.Errorf(lead.Internal, "the request cannot be made")
	}
	a, err := httpclient.Do(c.client, r, httpclient.Limit{Bytes: answerBytes, Wait: answerWait})
	if err != nil {
		return err
	}
	if err := c.noted(a); lead.KindOf(err) == lead.Unavailable {
		return err
	}
	return nil
}

func (c *CRM) way(ctx context.Context) context.Context {
	if c.private {
		return httpclient.WithPrivate(ctx)
	}
	return ctx
}

// Upsert implements [crm.CRM]: one request for each change, a few side by side. 201 is created, any other 2xx updated; the
// id is the lead's key. 408, 425, 429 and 5xx are Unavailable with what Retry-After asks for, and 429 or 503 with it stop the
// others as well.
func (c *CRM) Upsert(ctx context.Context, changes []crm.Change) []crm.Outcome {
	outcomes := make([]crm.Outcome, len(changes))
	if len(changes) == 1 {
		outcomes[0] = c.tell(ctx, &changes[0])
		return outcomes
	}
	slots := make(chan struct{}, sideBySide)
	var wg sync.WaitGroup
	for i := range changes {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			outcomes[i] = c.tell(ctx, &changes[i])
		})
	}
	wg.Wait()
	return outcomes
}

func (c *CRM) tell(ctx context.Context, ch *crm.Change) crm.Outcome {
	if ch.Event.About == lead.Notice {
		return crm.Outcome{}
	}
	if err := c.paused(); err != nil {
		return crm.Outcome{Err: err}
	}
	key, body, err := c.body(ch)
	if err != nil {
		return crm.Outcome{Err: err}
	}
	r, err := c.request(ctx, ch, key, body)
	if err != nil {
		return crm.Outcome{Err: err}
	}
	a, err := httpclient.Do(c.client, r, httpclient.Limit{Bytes: answerBytes, Wait: answerWait})
	if err != nil {
		return crm.Outcome{Err: err}
	}
	return c.outcome(ch, key, a)
}

func (c *CRM) outcome(ch *crm.Change, key string, a httpclient.Answer) crm.Outcome {
	err := c.noted(a)
	switch {
	case a.Status == http.StatusCreated:
		return crm.Outcome{ID: key, Result: crm.Created}
	case err == nil:
		return crm.Outcome{ID: key, Result: crm.Updated}
	case a.Status == http.StatusConflict && c.there:
		return crm.Outcome{ID: key, Result: crm.Unchanged}
	case a.Status == http.StatusNotFound && ch.Event.About == lead.Activity && strings.Contains(c.address, keyHolder):
		return crm.Outcome{Err: &lead.Error{Kind: lead.Unavailable, Code: "404", Err: crm.ErrNoLead}}
	}
	return crm.Outcome{Err: err}
}

// noted keeps what an answer says about the endpoint as a whole, and is the answer as an error.
func (c *CRM) noted(a httpclient.Answer) error {
	now := c.now()
	err := a.Err(now)
	c.mu.Lock()
	defer c.mu.Unlock()
	if wait := lead.RetryAfter(err); wait > 0 && (a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable) {
		if until := now.Add(wait); until.After(c.until) {
			c.until = until
		}
	}
	if lead.KindOf(err) != lead.Unavailable || err == nil {
		c.seen = now
	} else {
		c.seen = time.Time{}
	}
	return err
}

func (c *CRM) paused() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if left := c.until.Sub(c.now()); left > 0 {
		return &lead.Error{Kind: lead.Unavailable, Code: "paused", RetryAfter: left, Err: crm.ErrPaused}
	}
	return nil
}

// body fills the template.
func (c *CRM) body(ch *crm.Change) (key string, body []byte, err error) {
	r, err := c.mapping.Render(ch.Event, ch.Payload)
	if err != nil {
		return "", nil, err
	}
	v := &values{key: r.Keys[0], about: "lead", receipt: ch.Version.Receipt, received: ch.Version.Time.UTC().Format(time.RFC3339Nano), fields: r.Lead.Fields, payload: ch.Payload}
	if ch.Event.About == lead.Activity {
		v.about = "activity"
	}
	body, _ = c.template.root.write(make([]byte, 0, len(ch.Payload)+bodyRoom), v)
	return v.key, body, nil
}

// request makes the request, signed if it is to be.
func (c *CRM) request(ctx context.Context, ch *crm.Change, key string, body []byte) (*http.Request, error) {
	address := strings.ReplaceAll(c.address, keyHolder, url.PathEscape(key)) // a key is never "..": it has no dot of its own
	r, err := http.NewRequestWithContext(c.way(ctx), c.method, address, bytes.NewReader(body))
	if err != nil {
		return nil, lead.Errorf(lead.Internal, "the request cannot be made")
	}
	id := once(ch)
	r.Header = c.headers.Clone()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "leadrelay")
	r.Header.Set("Idempotency-Key", c.name+":"+key+":"+id)
	if c.signer != nil {
		now := c.now()
		signature, err := c.signer.Sign("msg_"+id, now, body)
		if err != nil {
			return nil, lead.Errorf(lead.Internal, "the body cannot be signed")
		}
		r.Header.Set(standardwebhooks.HeaderWebhookID, "msg_"+id)
		r.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
		r.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	}
	return r, nil
}

// once is a hash of the content and of the version that says it. The same change has the same however often it is told; a
// lead that returns to what it said before has another, or an endpoint that remembers keys would not hear of it.
func once(ch *crm.Change) string {
	content, err := hex.DecodeString(ch.ContentHash())
	if err != nil {
		content = []byte(ch.Hash) // somebody else's hash
	}
	h := sha256.New()
	h.Write(content)
	h.Write([]byte(ch.Version.Time.UTC().Format(time.RFC3339Nano) + "\x00" + ch.Version.Receipt + "\x00" + ch.Event.Lead.Partner))
	return hex.EncodeToString(h.Sum(nil))
}
