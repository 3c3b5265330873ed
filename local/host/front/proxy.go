package front

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"leadrelay/local/host/invoke"
)

const (
	activityTimeout = 240 * time.Second // §4.2: nothing moved for so long
	proxyAttempts   = 10                // §4.2: while the handler starts
	firstPause      = 50 * time.Millisecond
	longestPause    = 250 * time.Millisecond
)

// proxied passes the live request on, unchanged but for three headers, and streams the answer back (functions-host.md §4.2).
func (f *Front) proxied(running context.Context, w *recorder, r *http.Request, inv invoke.Invocation) {
	_ = http.NewResponseController(w).EnableFullDuplex() // an answer may start before the body is read; HTTP/2 has it anyway
	inv.NoRetry = true                                   // the body can be sent only once
	ctx, cancel := context.WithCancel(r.Context())       // ends with the client or the host
	defer cancel()
	defer context.AfterFunc(running, cancel)()
	var aborted any
	err := f.Runner.Run(ctx, inv, func(ctx context.Context, a invoke.Attempt) (failure error) {
		defer func() { // ReverseProxy panics to cut off a client whose answer broke halfway
			if aborted = recover(); aborted != nil && failure == nil {
				failure = errors.New("the answer broke off")
			}
			if failure != nil && r.Context().Err() != nil && running.Err() == nil {
				f.Log.Info("request.aborted", "the client went away", "function", inv.Function.Name, "id", inv.ID)
				failure = nil // seen, and not an error
			}
		}()
		p := &httputil.ReverseProxy{
			Transport:     f.proxy,
			FlushInterval: -1,
			Rewrite:       func(pr *httputil.ProxyRequest) { rewrite(pr, a.URL, inv.ID) },
			ErrorHandler:  func(_ http.ResponseWriter, _ *http.Request, err error) { failure = fmt.Errorf("proxy: %w", err) },
		}
		p.ServeHTTP(w, r.WithContext(ctx))
		return failure
	})
	if aborted != nil && w.wrote {
		panic(http.ErrAbortHandler)
	}
	w.refuse(err)
	finish(w, r)
}

// finish sends the answer off and then looks for the end of the body. In full duplex net/http would do that itself when it has stopped
// watching the connection, and panic ("invalid concurrent Body.Read call").
func finish(w *recorder, r *http.Request) {
	if !w.wrote { // a failed invocation: 500 with an empty body
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusInternalServerError)
	}
	_ = http.NewResponseController(w).Flush() // a client that has gone away is no concern of the invocation
	_ = r.Body.Close()
}

// rewrite keeps path and raw query as they came and overwrites the host's three headers.
func rewrite(pr *httputil.ProxyRequest, base, id string) {
	target, _ := url.Parse(base) // the supervisor's own URL
	in := pr.In.URL
	pr.Out.URL = &url.URL{Scheme: target.Scheme, Host: target.Host, Path: in.Path, RawPath: in.RawPath, RawQuery: in.RawQuery, ForceQuery: in.ForceQuery}
	if raw, _, _ := strings.Cut(pr.In.RequestURI, "?"); strings.HasPrefix(raw, "/") && !strings.HasPrefix(raw, "//") {
		pr.Out.URL.Opaque = raw
	}
	pr.Out.Host = pr.In.Host // N18: the public Host header is kept (functions-host.md §4.2)
	for name, values := range pr.In.Header {
		if strings.HasPrefix(name, "X-Forwarded-") || name == "Forwarded" {
			pr.Out.Header[name] = values // ReverseProxy drops them, YARP's default does not
		}
	}
	pr.Out.Header.Set(invoke.HeaderHostVersion, invoke.HostVersion)
	pr.Out.Header.Set(invoke.HeaderInvocationID, id)
	pr.Out.Header.Set("X-Ms-Invocation-Id", id)
}

// proxyTransport tries again while the handler does not accept connections, and gives up when nothing moves.
type proxyTransport struct {
	base http.RoundTripper
	idle time.Duration
}

func newProxyTransport() proxyTransport {
	return proxyTransport{base: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}, idle: activityTimeout}
}

func (t proxyTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	watchdog := time.AfterFunc(t.idle, func() { cancel(fmt.Errorf("nothing moved for %v", t.idle)) })
	touch := func() { watchdog.Reset(t.idle) }
	end := func() { watchdog.Stop(); cancel(nil) }
	out := r.Clone(ctx)
	empty := r.Body == nil || r.Body == http.NoBody
	if !empty {
		out.Body = &moving{ReadCloser: io.NopCloser(r.Body), touch: touch} // ReverseProxy closes the original
	}
	pause := firstPause
	for attempt := 1; ; attempt++ {
		resp, err := t.base.RoundTrip(out)
		if err == nil {
			resp.Body = watched(resp.Body, touch, end)
			return resp, nil
		}
		if attempt == proxyAttempts || ctx.Err() != nil || !(empty || refused(err)) {
			end()
			if cause := context.Cause(ctx); cause != nil && r.Context().Err() == nil && !errors.Is(cause, context.Canceled) {
				err = cause
			}
			return nil, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
	}
}

func refused(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// moving is a body whose reads count as activity.
type moving struct {
	io.ReadCloser
	touch func()
}

func (m *moving) Read(p []byte) (int, error) {
	n, err := m.ReadCloser.Read(p)
	m.touch()
	return n, err
}

// watched wraps an answer's body; one that can be written too, after a protocol switch, stays so.
func watched(body io.ReadCloser, touch, end func()) io.ReadCloser {
	m := &closing{moving: moving{ReadCloser: body, touch: touch}, end: end}
	if rw, ok := body.(io.ReadWriteCloser); ok {
		return struct {
			*closing
			io.Writer
		}{m, rw}
	}
	return m
}

type closing struct {
	moving
	end func()
}

func (c *closing) Close() error {
	defer c.end()
	return c.ReadCloser.Close()
}
