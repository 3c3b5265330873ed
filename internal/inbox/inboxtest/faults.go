package inboxtest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/inbox"
	"leadrelay/internal/lead"
)

// way is a far side as a function.
type way func(*http.Request) (*http.Response, error)

func (w way) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

// KindOf is what a status says to an inbox, where no answer can be about an event.
func KindOf(status int) lead.Kind {
	switch {
	case status == 408, status == 429, status >= 500:
		return lead.Unavailable
	case status == 412:
		return lead.Internal // a lost lease
	}
	return lead.Address
}

func (s *suite) failing(status int, after time.Duration) {
	if s.Fail != nil {
		s.Fail(status, after)
		return
	}
	s.through(way(func(r *http.Request) (*http.Response, error) {
		h := http.Header{"Retry-After": {fmt.Sprint(int(after.Seconds()))}, "Location": {"http://127.0.0.1:1/elsewhere"}}
		return &http.Response{StatusCode: status, Header: h, Body: http.NoBody, Request: r}, nil
	}))
}

func statuses(t *testing.T, s *suite) {
	for status := 300; status < 600; status++ {
		s.failing(status, 7*time.Second)
		_, err := s.open(t).Receive(within(t), 1, long)
		s.want(t, fmt.Sprint(status), err, KindOf(status))
		if got := lead.RetryAfter(err); KindOf(status) == lead.Unavailable && got != 7*time.Second {
			t.Errorf("%d: RetryAfter %s, want 7s", status, got)
		}
	}
}

func lacking(t *testing.T, s *suite) {
	for permission, addresses := range s.Lacks {
		for why, address := range addresses {
			s.Options.Address = address
			err := s.useUp(t, permission == "u")
			s.want(t, why, err, lead.Address)
			if err != nil && !strings.Contains(err.Error(), "permission "+permission) {
				t.Errorf("%s: %v does not name %s", why, err, permission)
			}
		}
	}
}

// useUp opens, receives and, to see whether "u" is there, extends.
func (s *suite) useUp(t *testing.T, extend bool) error {
	t.Helper()
	in, err := s.Open(s.Options)
	if err != nil {
		return err
	}
	if !extend {
		_, err = in.Receive(within(t), 1, long)
		return err
	}
	s.Put(t, text(1))
	_, err = in.Extend(within(t), one(t, in, short), long)
	return err
}

func wrong(t *testing.T, s *suite) {
	for what, address := range s.Wrong {
		s.Options.Address = address
		var got []inbox.Message
		in, err := s.Open(s.Options)
		if err == nil {
			got, err = in.Receive(within(t), 1, long)
		}
		s.want(t, what, err, lead.Address)
		if len(got) != 0 {
			t.Errorf("%s: messages came", what)
		}
	}
}
