// Package inboxtest is the promise of every inbox, executable: a driver is done when [Run] passes.
package inboxtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/inbox"
	"leadrelay/internal/lead"
)

// Buried is what was kept of a buried message.
type Buried struct {
	Body   []byte
	Reason string
}

// Harness is a driver with an inbox of its own, empty at first.
type Harness struct {
	Open    inbox.Open
	Options inbox.Options                            // with an address that works; Now may be nil
	Put     func(t testing.TB, texts ...string)      // what a sender does
	Buried  func(t testing.TB) []Buried              // what is kept for good
	Texts   map[string]string                        // texts whose bodies are not the text itself; may be empty
	Lacks   map[string]map[string]config.Secret      // addresses by the permission that they lack and by why; "u" fails Extend, others anything
	Wrong   map[string]config.Secret                 // addresses that cannot work, by what is wrong with them
	Fail    func(status int, after time.Duration)    // nil for a driver that speaks HTTP through Options.Client
	NoRenew bool                                     // the driver can neither renew a lease nor end it early
	NoCount bool                                     // the driver counts, but not with this address
	Around  func(t *testing.T, f func(t *testing.T)) // runs each promise; nil runs it as it is, synctest.Test by a fake clock
}

// Run holds a driver to its family's promises. Each gets a harness of its own.
func Run(t *testing.T, newHarness func(t *testing.T) Harness) {
	around := newHarness(t).Around
	if around == nil {
		around = func(t *testing.T, f func(t *testing.T)) { f(t) }
	}
	for name, promise := range map[string]func(*testing.T, *suite){
		"EmptyIsNoError":                         empty,
		"MessageIsTheBodyThatWasPut":             bodies,
		"LeasedIsUnseenByOthers":                 leased,
		"NoMoreThanMaxAreLeased":                 maximum,
		"AckedNeverReturns":                      acked,
		"ReleasedMessageReturnsWithTriesCounted": released,
		"ReleasedForLaterIsUnseenUntilThen":      releasedLater,
		"LapsedLeaseReturnsTheMessage":           lapsed,
		"ExtendedLeaseKeepsItHidden":             extended,
		"BuriedIsKeptByteForByteAndGone":         buried,
		"LostLeaseIsTold":                        lost,
		"ManyDrainersTakeEachMessageOnce":        many,
		"CountIsWhatIsThere":                     counted,
		"CanceledContextIsUnavailable":           canceled,
		"EveryStatusHasItsKind":                  statuses,
		"MissingPermissionIsNamed":               lacking,
		"WrongAddressIsAFaultOfTheAddress":       wrong,
	} {
		t.Run(name, func(t *testing.T) {
			around(t, func(t *testing.T) {
				h := newHarness(t)
				if h.Options.Now == nil {
					h.Options.Now = time.Now
				}
				promise(t, &suite{h})
			})
		})
	}
}

type suite struct{ Harness }

// marker is in the bodies that the suite sends, so that it can be looked for in errors.
const marker = "Lastnameson-of-Minneapolis"

// text is the n-th message.
func text(n int) string {
	return fmt.Sprintf(`{"n":%d,"lastName":%q,"requestedAmount":25000.00}`, n, marker)
}

// long outlives every test; short is the shortest that a queue knows.
const (
	long  = 10 * time.Minute
	short = time.Second
)

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func (s *suite) open(t *testing.T) inbox.Inbox {
	t.Helper()
	in, err := s.Open(s.Options)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return in
}

// receive leases what is there now.
func receive(t *testing.T, in inbox.Inbox, limit int, lease time.Duration) []inbox.Message {
	t.Helper()
	got, err := in.Receive(within(t), limit, lease)
	if err != nil {
		t.Fatalf("receive: %v", err)
	}
	return got
}

// one waits for a message and leases it.
func one(t *testing.T, in inbox.Inbox, lease time.Duration) inbox.Message {
	t.Helper()
	for ctx := within(t); ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		if got := receive(t, in, 1, lease); len(got) == 1 {
			return got[0]
		}
	}
	t.Fatal("no message came")
	return inbox.Message{}
}

// none fails if anything can be leased now.
func none(t *testing.T, in inbox.Inbox, when string) {
	t.Helper()
	if got := receive(t, in, 32, long); len(got) != 0 {
		t.Errorf("%s: %d messages are seen, want none", when, len(got))
	}
}

// through replaces the client's way to the far side.
func (s *suite) through(way http.RoundTripper) {
	client := http.Client{}
	if s.Options.Client != nil {
		client = *s.Options.Client
	}
	client.Transport = way
	s.Options.Client = &client
}

// want fails unless err is of the kind and holds neither the address's query nor a body.
func (s *suite) want(t *testing.T, what string, err error, kind lead.Kind) {
	t.Helper()
	if _, told := errors.AsType[*lead.Error](err); !told || lead.KindOf(err) != kind {
		t.Errorf("%s: %v, want kind %s", what, err, kind)
	}
	secrets := []string{marker, "sig="}
	if u, parseErr := url.Parse(s.Options.Address.Reveal()); parseErr == nil {
		if sig := u.Query().Get("sig"); sig != "" {
			secrets = append(secrets, sig, url.QueryEscape(sig))
		}
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		text := fmt.Sprintf("%v %+v %#v %q", e, e, e, e)
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s: %T holds %q: %s", what, e, secret, text)
			}
		}
	}
}
