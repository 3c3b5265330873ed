// Package webhook posts deliveries to a lender's HTTPS endpoint, signed as Standard Webhooks say.
package webhook

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"leadrelay/internal/destination"
	"leadrelay/internal/httpclient"
	"leadrelay/internal/lead"
	"leadrelay/internal/wire"
)

// answerLimit is how much of an answer is waited for. A receiver says all there is to say in its status; the rest is
// read so that its connection can be used again.
const (
	answerBytes = 64 << 10
	answerWait  = 3 * time.Second
)

type webhook struct {
	url     string
	headers http.Header // never changed; cloned for each request
	keys    [][]byte
	client  *http.Client
	private bool
	now     func() time.Time
}

// Open makes a destination of an https URL, at least one signing secret and the lender's own headers. o.Client must come from
// [httpclient.NewClient], or stand in for it in a test: one whose transport dials unguarded is refused with Internal.
func Open(o destination.Options) (destination.Destination, error) {
	u, err := httpclient.ParseURL(o.Address.Reveal(), o.AllowPrivate)
	if err != nil {
		return nil, err
	}
	keys, err := parseSecrets(o.Secrets)
	if err != nil {
		return nil, err
	}
	headers, err := parseHeaders(o.Headers)
	if err != nil {
		return nil, err
	}
	if unguarded(o.Client) {
		return nil, lead.Errorf(lead.Internal, "a webhook needs a client of httpclient.NewClient")
	}
	return webhook{url: u.String(), headers: headers, keys: keys, client: o.Client, private: o.AllowPrivate, now: o.Now}, nil
}

// unguarded tells the clients that would call any address.
func unguarded(c *http.Client) bool {
	if c == nil || c.Transport == nil {
		return true
	}
	switch c.Transport.(type) {
	case *http.Transport, *wire.Transport:
		return true
	}
	return false
}

// Deliver posts the body as it is. Any 2xx is success. So is 409, Assumed: the receiver says that it has the event
// already. webhook-id is the delivery's ID, the same on every try, by which a receiver knows a repeated one; a try
// whose answer got lost is repeated. Other answers have the kinds of [httpclient.Answer.Err].
func (w webhook) Deliver(ctx context.Context, d destination.Delivery) (destination.Receipt, error) {
	if w.private {
		ctx = httpclient.WithPrivate(ctx)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(bytes.Clone(d.Body))) // a transport may read on after it has answered
	if err != nil {
		return destination.Receipt{}, lead.Errorf(lead.Internal, "the request cannot be made")
	}
	now := w.now()
	r.Header = w.headers.Clone()
	r.Header.Set("Content-Type", d.ContentType)
	r.Header.Set("User-Agent", "leadrelay")
	sign(r.Header, w.keys, d.ID, now, d.Body)
	answer, err := httpclient.Do(w.client, r, httpclient.Limit{Bytes: answerBytes, Wait: answerWait})
	if err != nil {
		return destination.Receipt{}, err
	}
	if answer.Status == http.StatusConflict {
		return destination.Receipt{Code: answer.Status, Assumed: true}, nil
	}
	if err := answer.Err(now); err != nil {
		return destination.Receipt{}, err
	}
	return destination.Receipt{Code: answer.Status}, nil
}
