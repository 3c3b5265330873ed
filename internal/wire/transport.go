// Package wire is an HTTP/1.1 client transport for short requests: each is written, and its answer read, on the caller's
// own goroutine over kept connections. net/http takes every request that is not plain, and reads the answers, but for
// the plain ones of an exchange.
package wire

import (
	"context"
	"net/http"
	"time"
)

// Transport is an [http.RoundTripper] that does what its Base would do, for two thirds of the CPU: an [http.Transport]
// has two goroutines for each connection and hands every request and every answer over to them. What it does otherwise:
//
//   - It asks for no compression, calls no [net/http/httptrace], leaves Response.TLS empty and heeds no Request.Cancel.
//   - It reads the request's body before it looks for a connection: a body whose Read waits is not interrupted.
//   - An answer's body that comes whole with its head is read before RoundTrip returns. Its connection is free whether or
//     not the caller reads it. Others come as they are read, and one that is closed before its end closes the connection.
//   - That a server has closed an idle connection is seen when the connection is wanted next.
//
// A request is plain when its body has a known length of at most 256 KiB, it goes straight to its host, it asks for no
// upgrade, trailer or the like, and nothing is in it that net/http would refuse. Others go to Base as they are.
type Transport struct {
	// Base says how: DialContext, TLSClientConfig, TLSHandshakeTimeout, Proxy, ResponseHeaderTimeout (which here begins
	// with the first byte of the request, and may be a tenth shorter), MaxIdleConns, MaxIdleConnsPerHost and
	// IdleConnTimeout, where 0 keeps nothing. It is not changed after the first request.
	Base *http.Transport
	idle pool
}

// RoundTrip sends one request. Its errors name no URL; if the request's context has ended, the error is the context's.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	return t.do(req.Context(), req, nil)
}

// do sends one request. What came back is in whole, if there is one, or else in the response.
func (t *Transport) do(ctx context.Context, req *http.Request, whole *Answer) (*http.Response, error) {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	all, plain := appendHead((*buf)[:0], req)
	*buf = all[:0]
	if !plain || t.proxied(req) {
		if whole != nil {
			req = req.WithContext(ctx)
		}
		return t.Base.RoundTrip(req)
	}
	if whole != nil {
		whole.Free = true
	}
	all, err := appendBody(all, req)
	*buf = all[:0]
	if err != nil {
		return nil, told(ctx, err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	resp, err := t.send(ctx, req, all, whole)
	return resp, told(ctx, err)
}

// proxied tells whether there is a proxy for the request, or an error of asking for one: Base deals with both.
func (t *Transport) proxied(req *http.Request) bool {
	if t.Base.Proxy == nil {
		return false
	}
	proxy, err := t.Base.Proxy(req)
	return proxy != nil || err != nil
}

// send tries a kept connection, and then a new one if there was none or its loss may be made good.
func (t *Transport) send(ctx context.Context, req *http.Request, all []byte, whole *Answer) (*http.Response, error) {
	now := time.Now()
	if c := t.idle.get(endpointOf(req), t.Base.IdleConnTimeout, now); c != nil {
		resp, err := c.roundTrip(ctx, req, all, now, whole)
		if err == nil || !c.lost(ctx, req, err) {
			return resp, err
		}
	}
	c, err := t.dial(ctx, req)
	if err != nil {
		return nil, err
	}
	return c.roundTrip(ctx, req, all, time.Now(), whole)
}

// CloseIdleConnections is what [http.Client.CloseIdleConnections] calls.
func (t *Transport) CloseIdleConnections() {
	t.idle.closeAll()
	t.Base.CloseIdleConnections()
}

// told is the context's error if the context has ended, which is then why err came about; else err.
func told(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	return ctx.Err()
}
