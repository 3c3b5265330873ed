package wire_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
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
			var a wire.Answer
			if err := tr.Exchange(ctx, request(t, http.MethodPost, "http://far/", []byte("lead")), 1<<20, &a); err != context.Canceled {
				t.Error(err)
			}
		})
	}
}
