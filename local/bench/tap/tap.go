// Package tap runs the product's flows in this process, on a simulated account, and keeps every request that they make.
//
// The floors of the benchmark are held to what it records, and the cost is counted from it: so that "the same requests"
// and "so many operations" are read off the product and not claimed of it.
package tap

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Request is one request of the product, whole, and what it was answered.
type Request struct {
	At     time.Duration // when it was sent, after the house stood; exact in a synctest bubble
	Method string
	URL    string
	Header http.Header
	Body   []byte
	Status int
	Answer []byte
}

// tap lets requests pass to where they belong and writes them down. A host that is not the account's is the CRM's.
type tap struct {
	storage http.RoundTripper
	crm     time.Duration // how long the CRM takes
	started time.Time

	mu   sync.Mutex
	kept []*Request
}

func (t *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	seen := &Request{At: time.Since(t.started), Method: r.Method, URL: r.URL.String(), Header: canonical(r.Header)}
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil {
			return nil, err
		}
		seen.Body, r.Body = body, io.NopCloser(bytes.NewReader(body))
	}
	t.mu.Lock()
	t.kept = append(t.kept, seen)
	t.mu.Unlock()
	resp, err := t.pass(r)
	if err != nil {
		return nil, err
	}
	if seen.Answer, err = io.ReadAll(resp.Body); err != nil {
		return nil, err
	}
	_ = resp.Body.Close()
	seen.Status, resp.Body = resp.StatusCode, io.NopCloser(bytes.NewReader(seen.Answer))
	return resp, nil
}

// canonical copies a header whose names may be in any case.
func canonical(h http.Header) http.Header {
	out := http.Header{}
	for name, values := range h {
		out[http.CanonicalHeaderKey(name)] = slices.Clone(values) // the sender uses its own again
	}
	return out
}

func (t *tap) pass(r *http.Request) (*http.Response, error) {
	if !strings.HasPrefix(crmURL, "http://"+r.URL.Host+"/") {
		resp, err := t.storage.RoundTrip(r)
		if strings.Contains(r.URL.Path, "/lender-") && !strings.Contains(r.URL.Path, "/lender-0/") {
			time.Sleep(late)
		}
		return resp, err
	}
	time.Sleep(t.crm)
	status := http.StatusCreated
	if r.Method == http.MethodHead {
		status = http.StatusOK
	}
	return &http.Response{StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

// late is how much later than the first lender's queue the others answer: which outcomes go together would be chance else.
const late = time.Millisecond

// take gives what was kept, in the order in which it was sent, and forgets it.
func (t *tap) take() []Request {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]Request, len(t.kept))
	for i, r := range t.kept {
		out[i] = *r
	}
	t.kept = nil
	return out
}
