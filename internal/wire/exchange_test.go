package wire_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"leadrelay/internal/wire"
)

// exchanging is a transport's other way, as a RoundTripper: the body that it gives has come already.
type exchanging struct{ *wire.Transport }

func (e exchanging) RoundTrip(r *http.Request) (*http.Response, error) {
	var a wire.Answer
	if err := e.Exchange(r.Context(), r, 1<<20, &a); err != nil {
		return nil, err
	}
	resp := &http.Response{StatusCode: a.Status, Body: io.NopCloser(bytes.NewReader(a.Body)), ContentLength: int64(len(a.Body)), Header: http.Header{}}
	resp.Header.Set("X-Test", a.Head.Get("x-test"))
	return resp, nil
}

// TestExchangeTakesAnswersAsRoundTripDoes holds the two ways together, answer by answer.
func TestExchangeTakesAnswersAsRoundTripDoes(t *testing.T) {
	for name, a := range answers {
		t.Run(name, func(t *testing.T) {
			want := call(ours(t), http.MethodPost, serve(t, a.script).url(), "lead")
			want.length = int64(len(want.body))
			if want.bodyFault != "" {
				want = outcome{fault: want.bodyFault}
			}
			s, tr := serve(t, a.script), ours(t)
			for range 2 {
				if got := call(exchanging{tr}, http.MethodPost, s.url(), "lead"); got != want {
					t.Errorf("got  %s\nwant %s", short(got), short(want))
				}
			}
			if n := s.conns.Load(); n != a.conns {
				t.Errorf("%d connections, want %d", n, a.conns)
			}
		})
	}
}

// TestExchangeUsesItsMemoryAgain keeps one answer for many requests: each is its own, and nothing of the last is left.
func TestExchangeUsesItsMemoryAgain(t *testing.T) {
	tr := ours(t)
	var a wire.Answer
	for i, sc := range []script{
		{answer: "HTTP/1.1 200 OK\r\nX-Test: long\r\nContent-Length: 81920\r\n\r\n" + big}, {answer: created}, {answer: "HTTP/1.1 204 No Content\r\n\r\n"},
		{answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Test: chunks\r\n\r\n3\r\nabc\r\n0\r\n\r\n"}, {answer: created, apart: true},
	} {
		s := serve(t, sc)
		want := call(ours(t), http.MethodPost, serve(t, sc).url(), "lead")
		if err := tr.Exchange(t.Context(), request(t, http.MethodPost, s.url(), []byte("lead")), 1<<20, &a); err != nil {
			t.Fatal(i, err)
		}
		if a.Status != want.status || string(a.Body) != want.body || a.Head.Get("X-Test") != want.header || !a.Free {
			t.Errorf("%d: %d %q %.40q free %v, want %s", i, a.Status, a.Head, a.Body, a.Free, short(want))
		}
	}
}

func TestExchangeRefusesALongBody(t *testing.T) {
	for name, answer := range map[string]string{
		"its length is told": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde", "chunks": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
		"a length that is a lie": "HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n" + big,
	} {
		var a wire.Answer
		err := ours(t).Exchange(t.Context(), request(t, http.MethodPost, serve(t, script{answer: answer}).url(), nil), 4, &a)
		if !errors.Is(err, wire.ErrLong) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, limit := range []int64{5, 6} {
		var a wire.Answer
		s := serve(t, script{answer: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde"})
		if err := ours(t).Exchange(t.Context(), request(t, http.MethodPost, s.url(), nil), limit, &a); err != nil || string(a.Body) != "abcde" {
			t.Errorf("at most %d: %q, %v", limit, a.Body, err)
		}
	}
}

// TestExchangesContextEndsIt hangs wherever an exchange may.
func TestExchangesContextEndsIt(t *testing.T) {
	for _, places := range []map[string]func(net.Conn){holdups, bodies} {
		each(t, places, func(t *testing.T, tr *wire.Transport) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			began := time.Now()
			var a wire.Answer
			err := tr.Exchange(ctx, request(t, http.MethodPost, "http://far/", []byte("lead")), 1<<20, &a)
			if err != context.Canceled || time.Since(began) != time.Second {
				t.Errorf("%v after %v", err, time.Since(began))
			}
		})
	}
}

// TestExchangeGoesByWayOfBaseWhereRoundTripDoes asks a proxy: then others may still hold the request.
func TestExchangeGoesByWayOfBaseWhereRoundTripDoes(t *testing.T) {
	proxy, tr := serve(t, script{answer: "HTTP/1.1 200 OK\r\nX-Test: by proxy\r\nContent-Length: 2\r\n\r\nok"}), ours(t)
	tr.Base.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(proxy.url()) }
	for _, body := range [][]byte{nil, []byte("lead")} {
		a := wire.Answer{Head: wire.Head("X-Test: old\r\n"), Body: []byte("old"), Free: true}
		err := tr.Exchange(t.Context(), request(t, http.MethodPost, "http://far/", body), 1<<20, &a)
		if err != nil || a.Status != 200 || string(a.Body) != "ok" || a.Head.Get("x-test") != "by proxy" || a.Free {
			t.Errorf("%d %q %q free %v, %v", a.Status, a.Head, a.Body, a.Free, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := tr.Exchange(ctx, request(t, http.MethodPost, "http://far/", nil), 1<<20, new(wire.Answer)); err != context.Canceled {
		t.Error(err)
	}
}

// TestKeptDeadlineIsLeftForATenth uses a connection again a little before and a little after a tenth of the time that an answer
// may take: it never has less than nine tenths.
func TestKeptDeadlineIsLeftForATenth(t *testing.T) {
	for later, want := range map[time.Duration]time.Duration{1900 * time.Millisecond: 18100 * time.Millisecond, 2100 * time.Millisecond: 20 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			twice := func(c net.Conn) { // then silence
				r := bufio.NewReader(c)
				for n := 0; ; n++ {
					req, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, req.Body)
					if n == 0 {
						_, _ = io.WriteString(c, created)
					}
				}
			}
			p := &pipes{scripts: []func(net.Conn){twice}}
			tr := p.transport()
			defer tr.CloseIdleConnections()
			post(t, tr, "http://far/")
			time.Sleep(later)
			began := time.Now()
			if _, err := tr.RoundTrip(request(t, http.MethodPost, "http://far/", []byte("lead"))); err == nil || time.Since(began) != want || p.dialled != 1 {
				t.Errorf("%v later: %v after %v on %d connections, want %v", later, err, time.Since(began), p.dialled, want)
			}
		})
	}
}
