package azure

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// call is one request and its answer. It and its buffers are used again when nobody else can hold them any more.
type call struct {
	at      *endpoint
	request http.Request
	url     url.URL
	header  http.Header
	fields  []field
	room    [12]field // of fields
	data    []byte    // what is sent
	body    body
	replays atomic.Bool
	replay  func() (io.ReadCloser, error)
	answer  *reply
	whole   bool // the answer was read to its end
}

// field is a header field. Names that begin with x-ms- are in lower case, as they are signed; so do the SDKs send them.
type field struct {
	name  string
	value [1]string
}

// body is what a transport reads. It may do so in a goroutine of its own, even after the answer has come, until it closes.
type body struct {
	bytes.Reader
	closed atomic.Bool
}

// Close says that the transport is done with the body, and with the request's head, which goes out before.
func (b *body) Close() error {
	b.closed.Store(true)
	return nil
}

// call begins a request. Path is as it is sent, plain the same before escaping; query is of [endpoint.query].
func (e *endpoint) call(method, plain, path, query string) *call {
	c, _ := e.calls.Get().(*call)
	if c == nil {
		c = &call{header: make(http.Header, 8)}
		c.fields, c.replay = c.room[:0], c.again
	}
	c.at, c.request.Method = e, method
	c.url = url.URL{Scheme: e.scheme, Host: e.host, Path: plain, RawPath: path, RawQuery: query}
	c.set("Accept", e.accept)
	c.set("x-ms-version", e.version)
	return c
}

// set adds a header field.
func (c *call) set(name, value string) {
	c.fields = append(c.fields, field{name, [1]string{value}})
}

// again is the body once more, for a transport whose idle connection was dead.
func (c *call) again() (io.ReadCloser, error) {
	c.replays.Store(true)
	return io.NopCloser(bytes.NewReader(c.data)), nil
}

// send does the request; an answer with another status than the hoped for is an error. It takes at most tryTimeout.
func (c *call) send(ctx context.Context, success ...int) error {
	now := time.Now()
	if c.at.proof != nil {
		c.set(dateField, c.at.clock.date(now))
		slices.SortFunc(c.fields, func(a, b field) int { return strings.Compare(a.name, b.name) }) // as they are signed
		if err := c.at.proof.prove(ctx, c); err != nil {
			return Classify(err)
		}
	}
	try := ctx
	if end, ok := ctx.Deadline(); !ok || end.Sub(now) > tryTimeout {
		shorter, cancel := context.WithTimeout(ctx, tryTimeout)
		defer cancel()
		try = shorter
	}
	c.build()
	if err := c.exchange(try); err != nil {
		return c.lost(ctx, err)
	}
	c.whole = true
	if !slices.Contains(success, c.answer.Status) {
		return c.refused()
	}
	return nil
}

// build makes the request out of its parts.
func (c *call) build() {
	for i := range c.fields {
		c.header[c.fields[i].name] = c.fields[i].value[:]
	}
	c.request = http.Request{Method: c.request.Method, URL: &c.url, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: c.header, Host: c.at.host}
	if len(c.data) > 0 {
		c.body.Reset(c.data)
		c.request.Body, c.request.ContentLength, c.request.GetBody = &c.body, int64(len(c.data)), c.replay
	}
}

// done ends a call: nothing of its answer may be used any more. A transport that has closed the body holds nothing of the
// request; of one without a body only some can say, so it is left to the garbage collector.
func (c *call) done() {
	at, reusable := c.at, c.whole && (c.answer.Free || c.body.closed.Load()) && !c.replays.Load()
	if a := c.answer; a != nil && cap(a.Body) <= keep {
		at.replies.Put(a)
	}
	if !reusable || cap(c.data) > keep {
		return
	}
	clear(c.header)
	clear(c.fields)
	c.fields, c.data, c.answer, c.whole = c.fields[:0], c.data[:0], nil, false
	c.body.closed.Store(false)
	c.request, c.url = http.Request{}, url.URL{}
	at.calls.Put(c)
}
