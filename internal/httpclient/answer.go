package httpclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"leadrelay/internal/lead"
)

// Answer is what the far side said.
type Answer struct {
	Status int // 0: it said nothing
	Header http.Header
	Body   []byte // at most Limit.Bytes of it
	Cut    bool   // the body was longer, or slower, than the limit: Body is its beginning
	asked  string // "POST host"
}

// Limit is how much of an answer's body is waited for.
type Limit struct {
	Bytes int64
	Wait  time.Duration // after the header has come; 0 waits as long as the request's context does
}

// Do sends one request, once, and reads the answer, whatever its status. Redirects are answers like others.
// It fails, with a [*lead.Error], only when no whole answer came: Unavailable for the network and timeouts, Address for
// unknown names, TLS and refused addresses. If the header came and the body broke, the answer holds the status beside the error.
// No error holds more of the request than its method and host, or any text of the answer.
func Do(client *http.Client, r *http.Request, limit Limit) (Answer, error) {
	a := Answer{asked: r.Method + " " + r.URL.Host}
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	// Not client.Do: it reads the Location of a redirect, and puts URLs into its errors.
	resp, err := way(client).RoundTrip(r.WithContext(ctx))
	if err != nil {
		return a, failure(a.asked, err)
	}
	defer func() { _ = resp.Body.Close() }()
	a.Status, a.Header = resp.StatusCode, resp.Header
	if limit.Wait > 0 {
		defer time.AfterFunc(limit.Wait, func() { cancel(errSlow) }).Stop()
	}
	a.Body, err = io.ReadAll(io.LimitReader(resp.Body, limit.Bytes+1))
	if int64(len(a.Body)) > limit.Bytes {
		a.Body, a.Cut = a.Body[:limit.Bytes], true
		return a, nil
	}
	if err != nil && errors.Is(context.Cause(ctx), errSlow) {
		a.Cut = true
		return a, nil
	}
	if err != nil {
		told := failure(a.asked, err)
		told.Code = strconv.Itoa(a.Status)
		return a, told
	}
	return a, nil
}

// errSlow ends a body that takes too long.
var errSlow = errors.New("the body takes too long")

func way(client *http.Client) http.RoundTripper {
	if client.Transport == nil {
		return http.DefaultTransport
	}
	return client.Transport
}

// Err tells an answer in our kinds: nil for 2xx; 408, 425, 429, 5xx and 1xx are Unavailable; 3xx, 401, 403, 404, 405 and 410
// are Address; 413 is TooLarge; other 4xx are Refused. It carries Retry-After, and of the body its length only: the
// far side may have echoed a person's data.
func (a Answer) Err(now time.Time) error {
	if a.Status >= 200 && a.Status < 300 {
		return nil
	}
	length := strconv.Itoa(len(a.Body))
	if a.Cut {
		length = "more than " + length
	}
	return &lead.Error{Kind: kindOf(a.Status), Code: strconv.Itoa(a.Status), RetryAfter: retryAfter(a.Header, now),
		Err: fmt.Errorf("%s: %s bytes of answer", a.asked, length)}
}

func kindOf(status int) lead.Kind {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return lead.Unavailable
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone:
		return lead.Address
	case http.StatusRequestEntityTooLarge:
		return lead.TooLarge
	}
	switch {
	case status < 200, status >= 500:
		return lead.Unavailable
	case status < 400:
		return lead.Address
	}
	return lead.Refused
}

// longestWait bounds what a far side may ask for: the time that a delivery is tried at all (DESIGN 3).
const longestWait = 7 * 24 * time.Hour

// retryAfter reads Retry-After in seconds or as a date (RFC 9110 §10.2.3); 0 when it says nothing usable.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if s, err := strconv.ParseUint(value, 10, 64); err == nil {
		return time.Duration(min(s, uint64(longestWait.Seconds()))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), longestWait)
	}
	return 0
}
