package azuresim

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// process is a way to the server without a socket.
type process struct {
	server *Server
	dead   atomic.Bool
}

func (p *process) kill() { p.dead.Store(true) }

// Process is a way to the server for one program, without any socket: put it into an http.Client. The endpoints of
// [Server.ConnectionString] and host-style addresses of its accounts lead to the server, any other host to nowhere. It is
// killed by [Server.CrashAt]; nothing else tells several of them apart.
func (s *Server) Process() http.RoundTripper { return &process{server: s} }

// RoundTrip is that of one Process that nothing kills but a crash at its own request.
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) { return s.main.RoundTrip(r) }

// RoundTrip carries a request out.
func (p *process) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if _, _, hosted := hostStyle(r.URL.Host); p.dead.Load() || p.server.sockets.isDown() || !hosted && p.server.sockets.service(r.URL.Host) == "" {
		return nil, refused()
	}
	in := *r
	in.Header = canonical(r.Header)
	in.Host, in.RemoteAddr = r.URL.Host, "127.0.0.1:0"
	if r.Host != "" {
		in.Host = r.Host
	}
	if r.ContentLength > 0 {
		in.Header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	o := p.server.serve("", p, &in)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if p.dead.Load() {
		return nil, net.ErrClosed
	}
	return p.response(r, o)
}

func refused() error { return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED} }
func reset() error   { return &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET} }

// canonical copies a header whose names may be in any case, as the SDKs write them.
func canonical(h http.Header) http.Header {
	out := make(http.Header, len(h)+1)
	for name, values := range h {
		out[http.CanonicalHeaderKey(name)] = values
	}
	return out
}

// response is the outcome as a client of a socket would see it.
func (p *process) response(r *http.Request, o outcome) (*http.Response, error) {
	switch o.end {
	case endRefused:
		return nil, refused()
	case endDropped, endSilent: // silent, and nobody gave up: the server has closed
		return nil, io.EOF
	case endReset:
		return nil, reset()
	}
	a := o.answer
	header := make(http.Header, len(a.Fields)+6)
	o.writeHeader(header)
	length := int64(len(a.Body))
	resp := &http.Response{Status: strconv.Itoa(a.Status) + " " + http.StatusText(a.Status), StatusCode: a.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, ContentLength: length, Request: r, Body: io.NopCloser(bytes.NewReader(a.Body))}
	switch {
	case r.Method == http.MethodHead:
		resp.ContentLength, resp.Body = max(a.Length, 0), http.NoBody
		header.Set("Content-Length", strconv.FormatInt(resp.ContentLength, 10))
	case o.end == endWhole:
		header.Set("Content-Length", strconv.FormatInt(length, 10))
	default:
		if o.end == endNever {
			resp.ContentLength = -1
		}
		resp.Body = &stream{ctx: r.Context(), o: o, left: a.Body}
	}
	return resp, nil
}

// stream is a body that is slow, cut or endless.
type stream struct {
	ctx  context.Context
	o    outcome
	left []byte
	sent int
}

func (b *stream) Close() error { return nil }

func (b *stream) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	most := len(p)
	switch b.o.end {
	case endCut:
		if most = min(most, b.o.cut-b.sent); most == 0 {
			return 0, reset()
		}
	case endSlow:
		if len(b.left) == 0 {
			return 0, io.EOF
		}
		if !wait(b.ctx, b.o.pause) {
			return 0, b.ctx.Err()
		}
		most = min(most, b.o.chunk)
	case endNever:
		if len(b.left) == 0 {
			if !wait(b.ctx, time.Millisecond) {
				return 0, b.ctx.Err()
			}
			b.left = []byte(strings.Repeat(" ", 1024))
		}
	}
	n := copy(p[:most], b.left)
	b.left, b.sent = b.left[n:], b.sent+n
	return n, nil
}
