package wire_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"leadrelay/internal/wire"
)

// pipes is a network without sockets, for a bubble of synctest: it plays its scripts to one connection each, the last to
// all that follow.
type pipes struct {
	scripts []func(net.Conn)
	dialled int
}

func (p *pipes) transport() *wire.Transport {
	tr := &wire.Transport{Base: base()}
	tr.Base.DialContext = func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		script := p.scripts[min(p.dialled, len(p.scripts)-1)]
		p.dialled++
		go func() {
			defer far.Close()
			script(far)
		}()
		return near, nil
	}
	return tr
}

// answering answers every request, with the beginning of an answer maybe.
func answering(answer string) func(net.Conn) {
	return func(c net.Conn) {
		for r := bufio.NewReader(c); ; {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			if _, err := io.Copy(io.Discard, req.Body); err != nil {
				return
			}
			if _, err := io.WriteString(c, answer); err != nil {
				return
			}
		}
	}
}

// deaf reads nothing until the other side is gone.
func deaf(c net.Conn) {
	for {
		if _, err := c.Write(nil); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

// holdups are the places where a request may hang.
var holdups = map[string]func(net.Conn){
	"while it is sent":       deaf,
	"before the answer":      answering(""),
	"in the answer's header": answering("HTTP/1.1 200 OK\r\nContent-Le"),
	"after 1xx":              answering("HTTP/1.1 100 Continue\r\n\r\n"),
}

// bodies are the same for its body.
var bodies = map[string]func(net.Conn){
	"in a small body": answering("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
	"in a long body":  answering("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\nabc"),
	"in a chunk":      answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc"),
}

// each runs f in a bubble, which fails if a goroutine is left, and then makes a request over the same transport.
func each(t *testing.T, holdups map[string]func(net.Conn), f func(t *testing.T, tr *wire.Transport)) {
	for name, script := range holdups {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &pipes{scripts: []func(net.Conn){script, answering(created)}}
				tr := p.transport()
				f(t, tr)
				if tr.Idle() != 0 {
					t.Error("a connection that hangs was kept")
				}
				post(t, tr, "http://far/")
				post(t, tr, "http://far/")
				if p.dialled != 2 {
					t.Errorf("%d connections", p.dialled)
				}
				tr.CloseIdleConnections()
			})
		})
	}
}

func TestCancelEndsTheRequestAtOnce(t *testing.T) {
	each(t, holdups, func(t *testing.T, tr *wire.Transport) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		_, err := tr.RoundTrip(request(t, http.MethodPost, "http://far/", []byte("lead")).WithContext(ctx))
		if err != context.Canceled || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestContextsDeadlineEndsTheRequestAtOnce(t *testing.T) {
	each(t, holdups, func(t *testing.T, tr *wire.Transport) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		_, err := tr.RoundTrip(request(t, http.MethodPost, "http://far/", []byte("lead")).WithContext(ctx))
		if err != context.DeadlineExceeded || time.Since(began) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestAnswersHeaderIsAwaitedForTheTimeThatBaseSays(t *testing.T) {
	each(t, holdups, func(t *testing.T, tr *wire.Transport) {
		began := time.Now()
		_, err := tr.RoundTrip(request(t, http.MethodGet, "http://far/", nil))
		if kind(err) != "timed out" || time.Since(began) != 20*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestCancelEndsTheBodyAtOnce(t *testing.T) {
	each(t, bodies, func(t *testing.T, tr *wire.Transport) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		resp, err := tr.RoundTrip(request(t, http.MethodPost, "http://far/", []byte("lead")).WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		if err != context.Canceled || string(text) != "abc" || time.Since(began) != time.Second {
			t.Errorf("%q, %v after %v", text, err, time.Since(began))
		}
		_ = resp.Body.Close()
	})
}

func TestCloseEndsAReadOfTheBody(t *testing.T) {
	long := map[string]func(net.Conn){"long": bodies["in a long body"], "chunks": bodies["in a chunk"]}
	each(t, long, func(t *testing.T, tr *wire.Transport) {
		resp, err := tr.RoundTrip(request(t, http.MethodPost, "http://far/", []byte("lead")))
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Hour, func() { _ = resp.Body.Close() }) // no time of ours bounds a long body
		if _, err := io.ReadAll(resp.Body); err == nil {
			t.Error("no error")
		}
	})
}

func TestEndedContextSendsNothing(t *testing.T) {
	s, tr := serve(t, script{answer: created}), ours(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tr.RoundTrip(request(t, http.MethodPost, s.url(), nil).WithContext(ctx)); err != context.Canceled || s.conns.Load() != 0 {
		t.Errorf("%v, %d connections", err, s.conns.Load())
	}
}

func TestContextThatEndsAfterTheAnswerLeavesTheConnection(t *testing.T) {
	s, tr := serve(t, script{answer: created}), ours(t)
	for range 5 {
		ctx, cancel := context.WithCancel(t.Context())
		resp, err := tr.RoundTrip(request(t, http.MethodPost, s.url(), nil).WithContext(ctx))
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		drain(t, resp)
	}
	if s.conns.Load() != 1 {
		t.Errorf("%d connections", s.conns.Load())
	}
}

func TestCancelEndsDialling(t *testing.T) {
	tr := ours(t)
	tr.Base.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Err: errors.New("operation was canceled")}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := tr.RoundTrip(request(t, http.MethodPost, "http://far/", nil).WithContext(ctx)); err != context.DeadlineExceeded {
		t.Error(err)
	}
}

func TestHandshakeTakesNoLongerThanBaseSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{scripts: []func(net.Conn){func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }}}
		began := time.Now()
		_, err := p.transport().RoundTrip(request(t, http.MethodPost, "https://far/", nil))
		if kind(err) != "timed out" || time.Since(began) != 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// TestHandshakesDeadlineEndsWithIt uses a connection when the time for its handshake is long over, without a bound of its own.
func TestHandshakesDeadlineEndsWithIt(t *testing.T) {
	known := httptest.NewTLSServer(http.NotFoundHandler())
	defer known.Close()
	near, far := known.Client().Transport.(*http.Transport).TLSClientConfig, &tls.Config{Certificates: known.TLS.Certificates}
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{scripts: []func(net.Conn){func(c net.Conn) { answering(created)(tls.Server(c, far)) }}}
		tr := p.transport()
		defer tr.CloseIdleConnections()
		tr.Base.TLSClientConfig, tr.Base.ResponseHeaderTimeout = &tls.Config{RootCAs: near.RootCAs, ServerName: "example.com"}, 0
		for range 2 {
			post(t, tr, "https://far/")
			time.Sleep(tr.Base.TLSHandshakeTimeout + time.Second)
		}
		if p.dialled != 1 {
			t.Errorf("%d connections", p.dialled)
		}
	})
}

func TestTLS(t *testing.T) {
	resumed := make(chan bool, 10)
	far := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		resumed <- r.TLS.DidResume
		_, _ = io.Copy(w, r.Body)
	}))
	var conns atomic.Int32
	far.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	far.Config.ErrorLog = log.New(io.Discard, "", 0)
	far.StartTLS()
	defer far.Close()
	tr := ours(t)
	tr.Base.TLSClientConfig = &tls.Config{RootCAs: far.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ClientSessionCache: tls.NewLRUClientSessionCache(0)}
	for n, want := range []bool{false, false, true} {
		if n == 2 {
			far.CloseClientConnections()
			tr.Age(time.Second)
		}
		if o := call(tr, http.MethodPost, far.URL, "lead"); o.body != "lead" {
			t.Fatalf("%+v", o)
		}
		if got := <-resumed; got != want {
			t.Errorf("request %d: resumed %t", n, got)
		}
	}
	if conns.Load() != 2 {
		t.Errorf("%d connections", conns.Load())
	}
	_, err := ours(t).RoundTrip(request(t, http.MethodPost, far.URL, nil))
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
		t.Errorf("a certificate of nobody: %v", err)
	}
	plain := strings.Replace(echo(t), "http", "https", 1)
	if _, err := tr.RoundTrip(request(t, http.MethodPost, plain, nil)); !strings.Contains(err.Error(), "TLS") {
		t.Errorf("plain HTTP: %v", err)
	}
}
