package destinationtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"leadrelay/internal/lead"
)

// never is a way to the far side that nothing may go.
type never struct{ t *testing.T }

func (n never) RoundTrip(r *http.Request) (*http.Response, error) {
	n.t.Errorf("%s %s was called", r.Method, r.URL.Host)
	return nil, errors.New("nothing is called")
}

// way is a far side as a function.
type way func(*http.Request) (*http.Response, error)

func (w way) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

// answering gives every request the same answer, with the request's own secrets in its body.
func answering(status int, header http.Header) way {
	return func(r *http.Request) (*http.Response, error) {
		sent := ""
		if r.Body != nil {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			_ = r.Body.Close()
			sent = string(b)
		}
		body := fmt.Sprintf("<Error><Message>%s %s %s</Message></Error>", r.URL, r.Header, sent)
		return &http.Response{StatusCode: status, Status: fmt.Sprint(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: header.Clone(), Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r}, nil
	}
}

// KindOf is what a status says about a delivery (the contract of Deliver).
func KindOf(status int) lead.Kind {
	switch {
	case status == 408, status == 429, status >= 500:
		return lead.Unavailable
	case status < 400, status == 401, status == 403, status == 404, status == 410:
		return lead.Address
	case status == 413:
		return lead.TooLarge
	}
	return lead.Refused
}

// failing makes the far side answer with a status.
func (s *suite) failing(status int, retryAfter time.Duration) {
	if s.Fail != nil {
		s.Fail(status, retryAfter)
		return
	}
	h := http.Header{"Content-Type": {"application/xml"}}
	if retryAfter > 0 {
		h.Set("Retry-After", fmt.Sprint(int(retryAfter.Seconds())))
	}
	s.through(answering(status, h))
}

func statuses(t *testing.T, s *suite) {
	for status := 300; status < 600; status++ {
		s.failing(status, 7*time.Second)
		_, err := s.open(t).Deliver(within(t), delivery(status))
		s.want(t, fmt.Sprint(status), err, KindOf(status))
		if got := lead.RetryAfter(err); KindOf(status) == lead.Unavailable && got != 7*time.Second {
			t.Errorf("%d: RetryAfter %s, want 7s", status, got)
		}
		if code := lead.CodeOf(err); !strings.HasPrefix(code, fmt.Sprint(status)) {
			t.Errorf("%d: code %q", status, code)
		}
	}
	s.empty(t, "refused with every status")
}

func silent(t *testing.T, s *suite) {
	if s.Fail != nil {
		return // no wire
	}
	reached := make(chan struct{})
	s.through(way(func(r *http.Request) (*http.Response, error) {
		close(reached)
		<-r.Context().Done() // accepts the request and says nothing
		return nil, r.Context().Err()
	}))
	ctx, cancel := context.WithCancel(within(t))
	go func() { <-reached; cancel() }() // the deadline, without a clock
	_, err := s.open(t).Deliver(ctx, delivery(1))
	s.want(t, "silent", err, lead.Unavailable)
}

func unreachable(t *testing.T, s *suite) {
	if s.Fail != nil {
		return // no wire
	}
	for what, cause := range map[string]error{
		"refused": &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED},
		"reset":   &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET},
		"closed":  io.EOF,
		"timeout": &net.DNSError{Err: "i/o timeout", Name: "far.example.org", IsTimeout: true},
	} {
		s.through(way(func(*http.Request) (*http.Response, error) { return nil, cause }))
		_, err := s.open(t).Deliver(within(t), delivery(1))
		s.want(t, what, err, lead.Unavailable)
	}
	s.through(way(func(*http.Request) (*http.Response, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "far.example.org", IsNotFound: true}
	}))
	_, err := s.open(t).Deliver(within(t), delivery(1))
	s.want(t, "unknown host", err, lead.Address)
}

func redirect(t *testing.T, s *suite) {
	if s.Fail != nil {
		return // no wire
	}
	var stolen atomic.Int32
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stolen.Add(1) }))
	defer thief.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		answer := answering(status, http.Header{"Location": {thief.URL + "/elsewhere"}})
		s.through(way(func(r *http.Request) (*http.Response, error) {
			if strings.HasPrefix(thief.URL, "http://"+r.URL.Host) {
				return http.DefaultTransport.RoundTrip(r)
			}
			return answer(r)
		}))
		_, err := s.open(t).Deliver(within(t), delivery(1))
		s.want(t, fmt.Sprint(status), err, lead.Address)
	}
	if n := stolen.Load(); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

// lostAnswer lets the far side have the delivery and keeps its answer from us.
func lostAnswer(t *testing.T, s *suite) {
	if s.Fail != nil {
		return // no wire
	}
	direct, one := s.Options, delivery(1)
	s.through(way(func(r *http.Request) (*http.Response, error) {
		resp, err := direct.Client.Transport.RoundTrip(r)
		if err == nil {
			_ = resp.Body.Close()
		}
		return nil, io.ErrUnexpectedEOF
	}))
	_, err := s.open(t).Deliver(within(t), one)
	s.want(t, "lost answer", err, lead.Unavailable)
	s.Options = direct
	one.Repeat = true
	if _, err := s.open(t).Deliver(within(t), one); err != nil {
		t.Errorf("repeating it: %v", err)
	}
	s.atLeastOnce(t, one.Body, 2)
}
