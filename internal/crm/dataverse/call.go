package dataverse

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"leadrelay/internal/httpclient"
	"leadrelay/internal/lead"
)

// Limits of a call.
const (
	callTimeout = 60 * time.Second
	maxAnswer   = 4 << 20 // bytes; metadata is the largest
)

// call is one request to the Web API.
type call struct {
	method string
	path   string // beneath the base, escaped, with its query
	match  string // If-Match
	none   string // If-None-Match
	prefer string
	body   map[string]any
	what   string // for errors: "lead", "note"
}

// reply is an answer of 2xx.
type reply struct {
	status int
	header http.Header
	body   map[string]any
}

// do makes a call. A 401 drops the token and is tried once more; that apart nothing is tried again. While the
// organisation has asked us to wait, nothing is sent.
func (c *CRM) do(ctx context.Context, q call) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := c.token.paused(); err != nil {
		return reply{}, told(q.what, err)
	}
	a, bearer, err := c.try(ctx, q)
	if err == nil && a.Status == http.StatusUnauthorized {
		c.token.drop(bearer)
		a, bearer, err = c.try(ctx, q)
		if err == nil && a.Status == http.StatusUnauthorized {
			c.token.drop(bearer) // the next call asks anew as well
		}
	}
	if err != nil {
		return reply{}, told(q.what, err)
	}
	if n, bad := strconv.Atoi(a.Header.Get("x-ms-dop-hint")); bad == nil && n > 0 {
		c.gate.hint(n)
	}
	if a.Status < 200 || a.Status > 299 {
		return reply{}, c.judge(q, a)
	}
	r := reply{status: a.Status, header: a.Header}
	if len(bytes.TrimSpace(a.Body)) == 0 {
		return r, nil
	}
	if r.body, err = decode(a.Body); err != nil || a.Cut {
		return reply{}, told(q.what, &lead.Error{Kind: lead.Unavailable, Code: strconv.Itoa(a.Status), Err: errNotJSON})
	}
	return r, nil
}

// try sends a call once, and says with which token.
func (c *CRM) try(ctx context.Context, q call) (httpclient.Answer, string, error) {
	bearer, err := c.token.get(ctx)
	if err != nil {
		return httpclient.Answer{}, "", err
	}
	r, err := c.request(ctx, q, bearer)
	if err != nil {
		return httpclient.Answer{}, "", err
	}
	a, err := httpclient.Do(c.Client, r, httpclient.Limit{Bytes: maxAnswer})
	if err != nil && a.Status >= 400 {
		err = nil // the status says enough
	}
	return a, bearer, err
}

// request writes a call down (facts/crm.md §1.1).
func (c *CRM) request(ctx context.Context, q call, bearer string) (*http.Request, error) {
	var err error
	var text []byte
	if q.body != nil {
		if text, err = json.Marshal(q.body, json.Deterministic(true)); err != nil {
			return nil, lead.Errorf(lead.Refused, "the fields cannot be written as JSON")
		}
	}
	// The organisation's address is the operator's own setting, so it may be a private one.
	r, err := http.NewRequestWithContext(httpclient.WithPrivate(ctx), q.method, c.URL+q.path, bytes.NewReader(text))
	if err != nil {
		return nil, lead.Errorf(lead.Address, "the URL cannot be called")
	}
	h := r.Header
	h.Set("Accept", "application/json")
	h.Set("Authorization", "Bearer "+bearer)
	h.Set("OData-Version", "4.0")
	h.Set("OData-MaxVersion", "4.0")
	for name, v := range map[string]string{"If-Match": q.match, "If-None-Match": q.none, "Prefer": q.prefer} {
		if v != "" {
			h.Set(name, v)
		}
	}
	if q.body != nil {
		h.Set("Content-Type", "application/json; charset=utf-8")
		if c.Duplicates && strings.HasPrefix(q.path, "leads(") {
			h.Set("MSCRM.SuppressDuplicateDetection", "false")
		}
	}
	return r, nil
}
