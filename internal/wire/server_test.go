package wire_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"leadrelay/internal/wire"
)

// base is what both transports of a test are made from.
func base() *http.Transport {
	return &http.Transport{
		MaxIdleConns: 256, MaxIdleConnsPerHost: 64, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 5 * time.Second,
		ResponseHeaderTimeout: 20 * time.Second, MaxResponseHeaderBytes: 64 << 10, DisableCompression: true,
	}
}

// ours is a transport whose connections end with the test.
func ours(t testing.TB) *wire.Transport {
	tr := &wire.Transport{Base: base()}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// seen is a request as a server reads it.
type seen struct {
	method, uri, host, body string
	header                  http.Header
	length                  int64
}

// script is what a server does with each request: bytes it writes, and what then becomes of the connection.
type script struct {
	answer string
	apart  bool // each byte in a write of its own
	end    func(net.Conn)
}

func hangUp(c net.Conn) { _ = c.Close() }
func reset(c net.Conn)  { _ = c.(*net.TCPConn).SetLinger(0); _ = c.Close() }

// server plays a script to every request, and counts.
type server struct {
	addr     string
	script   script
	conns    atomic.Int32
	mu       sync.Mutex
	requests []seen
	ended    chan struct{} // a word for each connection that the script has ended
}

func serve(t testing.TB, sc script) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s := &server{addr: l.Addr().String(), script: sc, ended: make(chan struct{}, 100)}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.conns.Add(1)
			go s.talk(c)
		}
	}()
	return s
}

func (s *server) talk(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.requests = append(s.requests, seen{req.Method, req.RequestURI, req.Host, string(body), req.Header, req.ContentLength})
		s.mu.Unlock()
		step := len(s.script.answer)
		if s.script.apart {
			step = 1
		}
		for rest := s.script.answer; len(rest) > 0; rest = rest[step:] {
			if _, err := io.WriteString(c, rest[:step]); err != nil {
				return
			}
		}
		if s.script.end != nil {
			s.script.end(c)
			s.ended <- struct{}{}
			return
		}
	}
}

func (s *server) url() string { return "http://" + s.addr + "/leads/messages?visibilitytimeout=0" }

func (s *server) got() []seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// outcome is what a caller learns.
type outcome struct {
	fault     string // kind of RoundTrip's error
	status    int
	header    string // X-Test
	length    int64
	body      string
	bodyFault string
}

// call makes one request and reads the answer to its end.
func call(rt http.RoundTripper, method, url, body string) outcome {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return outcome{fault: err.Error()}
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return outcome{fault: kind(err)}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return outcome{status: resp.StatusCode, header: resp.Header.Get("X-Test"), length: resp.ContentLength, body: string(text), bodyFault: kind(err)}
}

// kind is what internal/azure makes of an error.
func kind(err error) string {
	var network net.Error
	switch {
	case err == nil:
		return ""
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "closed"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.As(err, &network) && network.Timeout():
		return "timed out"
	}
	return "not HTTP"
}

func short(v any) string { return fmt.Sprintf("%.400s", fmt.Sprintf("%+v", v)) }

func post(t *testing.T, rt http.RoundTripper, url string) {
	t.Helper()
	if o := call(rt, http.MethodPost, url, "lead"); o.fault+o.bodyFault != "" || o.status != 201 {
		t.Fatalf("%+v", o)
	}
}

const created = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"

// echo is a server that answers with what it gets.
func echo(t testing.TB) string {
	t.Helper()
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client is told by the length
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body)
	}))
	t.Cleanup(far.Close)
	return far.URL
}

func drain(t *testing.T, resp *http.Response) {
	t.Helper()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Error(err)
	}
	_ = resp.Body.Close()
}
