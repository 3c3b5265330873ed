// Package destination says where a lender's events go: a queue or a blob container by SAS URL, or an HTTPS webhook.
//
// To add one: copy a sibling folder, add one line to internal/app/drivers.go; destinationtest.Run says when it is done.
package destination

import (
	"context"
	"net/http"
	"time"

	"leadrelay/internal/config"
)

// Delivery is one event for one destination, ready to be sent.
type Delivery struct {
	ID          string    // names the event: hex, the same on every try and for no other event
	LeadID      string    // the partner's id of the lead; may be empty
	Received    time.Time // when the event was received, its version
	Body        []byte    // what the lender gets: the bare payload or the envelope; the driver's until Deliver returns, no longer
	ContentType string    // of Body, "application/json"
	// Repeat says that an earlier try may have reached the far side: its answer, or our note of it, may be lost.
	Repeat bool
}

// Receipt is the far side's word that it has a delivery.
type Receipt struct {
	ID      string // Azure message id or ETag; empty when the far side gives none
	Code    int    // HTTP status
	Place   string // where it lies, as a URL without a query; empty when the far side has no place for one delivery
	Assumed bool   // it was already there, so an earlier try must have put it there
}

// Destination is one lender's far side. It never loops: one call is one try. It may be called side by side.
type Destination interface {
	// Deliver answers nil only when the far side has the delivery durably. Errors are of these kinds:
	// Unavailable (network, timeout, 408, 429, 5xx; with RetryAfter where the far side says one),
	// Address (401, 403, 404, 410, DNS, TLS, redirects, an expired SAS), TooLarge, Refused (400, 413, 422).
	// No error holds the query of a URL, a header value or any part of the body.
	// The same delivery sent twice does no harm where the far side allows that.
	Deliver(ctx context.Context, d Delivery) (Receipt, error)
}

// Options are what a destination is made from.
type Options struct {
	Address  config.Secret    // the pasted URL
	Encoding string           // for queues: "base64" (default) or "text"
	Client   *http.Client     // shared; follows no redirects. For webhooks one of httpclient.NewClient, which guards where it goes
	Now      func() time.Time // the clock against which a SAS expires

	// For webhooks.
	Headers      map[string]config.Secret // the lender's own, by name
	Secrets      []config.Secret          // that sign, "whsec_" and base64: one, and during a rotation the old one too
	AllowPrivate bool                     // http and private addresses may be called
}

// Open makes a destination. It calls nothing; an address that can never work is an error of kind Address whose text
// says what is wrong with it and holds no part of its query.
type Open func(o Options) (Destination, error)
