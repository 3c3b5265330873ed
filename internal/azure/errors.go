package azure

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/lead"
)

// Classify tells an error of the SDK, of the shared transport or of a context as a [*lead.Error]. Its text is made of
// our own words, the method and the host: no path, query, header or body of either side can be in it, and what it wraps
// is a context error at most. The code is "403 AuthenticationFailed", or "403" where the far side gave no word.
//
// Kinds (DESIGN 3, Deliver): network, timeouts, 408, 429 and 5xx are Unavailable; 401, 403, 404, 410, redirects, unknown
// names and TLS are Address; 413 is TooLarge; other 4xx are Refused; what is none of these is Unavailable. nil stays nil, a *lead.Error passes as it is.
func Classify(err error) error {
	if err == nil {
		return nil
	}
	told, isTold := errors.AsType[*lead.Error](err)
	if _, wrapped := errors.AsType[*url.Error](err); isTold && wrapped {
		return told // the text around it holds a URL
	}
	if isTold {
		return err
	}
	if resp, ok := errors.AsType[*azcore.ResponseError](err); ok {
		return classifyResponse(resp)
	}
	return classifyTransport(err)
}

// classifyResponse tells an answer that is not what the call hoped for.
func classifyResponse(resp *azcore.ResponseError) error {
	status, word := said(resp)
	if r := resp.RawResponse; r != nil {
		method, host := "", ""
		if r.Request != nil && r.Request.URL != nil {
			method, host = r.Request.Method, r.Request.URL.Host
		}
		return told(status, word, r.Header, method, host)
	}
	return told(status, word, http.Header(nil), "", "")
}

// responseKind is the kind of a status. Some words outweigh their status: they are about the address, never about the
// event, or the other way round (facts/azure-storage.md §1c, §2).
func responseKind(status int, word string) lead.Kind {
	switch word {
	case "AccountRequiresHttps", "InvalidAuthenticationInfo", "InvalidResourceName", "InvalidUri",
		"InvalidQueryParameterValue", "QueueBeingDeleted", "ContainerBeingDeleted", "TableBeingDeleted", "QueueDisabled", "ContainerDisabled":
		return lead.Address
	case "MessageTooLarge":
		return lead.TooLarge // the 400 of older services
	case "AccountBeingCreated":
		return lead.Unavailable
	}
	switch {
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500, status < 200:
		return lead.Unavailable
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound, status == http.StatusGone:
		return lead.Address
	case status == http.StatusRequestEntityTooLarge:
		return lead.TooLarge
	case status < 400: // a redirect, or a success that storage never gives: somebody else lives there
		return lead.Address
	}
	return lead.Refused
}

// errorWord is the far side's code if it looks like one; anything else could be any text at all.
func errorWord(code string) string {
	if len(code) > 64 {
		return ""
	}
	for _, c := range code {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return ""
		}
	}
	return code
}

// longestWait bounds what a far side may ask for: the time that a delivery is tried at all (DESIGN 3).
const longestWait = 7 * 24 * time.Hour

// retryAfter reads how long the far side asks us to wait: x-ms-retry-after-ms, retry-after-ms, or Retry-After in
// seconds or as a date (facts/azure-storage.md §4). It is 0 when nothing usable is there.
func retryAfter(h header, now time.Time) time.Duration {
	for _, name := range []string{"x-ms-retry-after-ms", "retry-after-ms"} {
		if ms, err := strconv.ParseUint(h.Get(name), 10, 64); err == nil {
			return time.Duration(min(ms, uint64(longestWait.Milliseconds()))) * time.Millisecond
		}
	}
	value := h.Get("Retry-After")
	if s, err := strconv.ParseUint(value, 10, 64); err == nil {
		return time.Duration(min(s, uint64(longestWait.Seconds()))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), longestWait)
	}
	return 0
}

// classifyTransport tells a call that got no answer, or one that nobody can read: then nobody knows what became of it.
func classifyTransport(err error) error {
	where := ""
	if u, ok := errors.AsType[*url.Error](err); ok {
		where = target(u)
	}
	kind, text, cause := transportFault(err)
	return &lead.Error{Kind: kind, Err: &fault{text: where + text, cause: cause}}
}

// fault is a text of ours; cause is a context error or nil.
type fault struct {
	text  string
	cause error
}

func (f *fault) Error() string { return f.text }
func (f *fault) Unwrap() error { return f.cause }

// target is "Post host: ".
func target(u *url.Error) string {
	host := u.URL // Redact leaves the bare host
	if p, err := url.Parse(u.URL); err == nil && p.Host != "" {
		host = p.Host
	}
	if strings.ContainsAny(host, "/?=&") {
		return ""
	}
	return u.Op + " " + host + ": "
}

// canceled reports which of the two context errors is in the chain, nil for neither.
func canceled(err error) error {
	for _, c := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, c) {
			return c
		}
	}
	return nil
}
