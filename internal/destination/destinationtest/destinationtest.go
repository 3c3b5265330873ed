// Package destinationtest is the promise of every destination, executable: a driver is done when [Run] passes.
package destinationtest

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
	"leadrelay/internal/destination"
	"leadrelay/internal/lead"
)

// Stored is one thing that lies at the far side.
type Stored struct {
	Body    []byte    // decoded, byte for byte what was delivered
	Expires time.Time // when the far side will throw it away; zero: never
}

// Harness is a driver with a far side of its own, empty at first.
type Harness struct {
	Open    destination.Open
	Options destination.Options // with an address that works; Now may be nil
	Stored  func(t testing.TB) []Stored

	// Hopeless are addresses whose text alone tells that they cannot work, by what is wrong with them; nothing is called.
	// Refused are those that only the far side knows to be wrong. Both are faults of the address.
	Hopeless, Refused map[string]config.Secret

	TooLarge int      // the smallest body that is too large, in bytes; 0 when there is no bound worth testing
	Once     bool     // the same delivery sent twice is stored once
	Secrets  []string // what no error may hold, beside the address's query and the body

	// Fail makes the far side answer with a status. It is nil for a driver that speaks HTTP through Options.Client: the
	// suite then plays the far side itself.
	Fail func(status int, retryAfter time.Duration)
}

// Run holds a driver to its family's promises. Each gets a harness of its own.
func Run(t *testing.T, newHarness func(t *testing.T) Harness) {
	for name, promise := range map[string]func(*testing.T, *suite){
		"DeliveredIsFoundByteForByte":           delivered,
		"FiftyAtOnceAreAllFound":                fiftyAtOnce,
		"SameDeliveryTwiceDoesNoHarm":           twice,
		"LostAnswerIsRepairedByRepeating":       lostAnswer,
		"NothingExpires":                        neverExpires,
		"CanceledContextStoresNothing":          canceled,
		"TooLargeIsToldAndNothingStored":        tooLarge,
		"EveryStatusHasItsKind":                 statuses,
		"SilentFarSideIsUnavailableByDeadline":  silent,
		"UnreachableFarSideIsUnavailable":       unreachable,
		"RedirectIsNotFollowed":                 redirect,
		"AddressThatCannotWorkIsToldWithNoCall": hopeless,
		"AddressThatIsRefusedIsAFaultOfAddress": refused,
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			if h.Options.Now == nil {
				h.Options.Now = time.Now
			}
			promise(t, &suite{Harness: h})
		})
	}
}

// marker is in every body that the suite sends, so that it can be looked for in errors.
const marker = "Lastnameson-of-Minneapolis"

// suite is one test's harness.
type suite struct{ Harness }

// delivery is the n-th event: every other field follows from n.
func delivery(n int) destination.Delivery {
	return destination.Delivery{
		ID:          fmt.Sprintf("%032x", n+1),
		LeadID:      fmt.Sprintf("4626a582-afb9-48bf-8d86-%012d", n),
		Received:    time.Date(2026, 11, 21, 12, 0, 0, n*1e6, time.UTC),
		Body:        fmt.Appendf(nil, `{"n":%d,"lastName":%q,"requestedAmount":25000.00}`, n, marker),
		ContentType: "application/json",
	}
}

// within is a deadline that a busy machine keeps.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// open makes the destination with options that the test may have changed.
func (s *suite) open(t *testing.T) destination.Destination {
	t.Helper()
	d, err := s.Open(s.Options)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return d
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

// want fails unless err is of the kind and holds no secret.
func (s *suite) want(t *testing.T, what string, err error, kind lead.Kind) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error, want %s", what, kind)
		return
	}
	if _, told := errors.AsType[*lead.Error](err); !told || lead.KindOf(err) != kind {
		t.Errorf("%s: %v, want kind %s", what, err, kind)
	}
	s.secretive(t, what, err)
}

// secretive looks at err and everything it wraps under every verb.
func (s *suite) secretive(t *testing.T, what string, err error) {
	t.Helper()
	secrets := append([]string{marker, "sig="}, s.Secrets...)
	if u, parseErr := url.Parse(s.Options.Address.Reveal()); parseErr == nil && len(u.RawQuery) > 8 {
		secrets = append(secrets, u.RawQuery)
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

// bodies are what is stored, as a multiset.
func (s *suite) bodies(t *testing.T) map[string]int {
	t.Helper()
	found := map[string]int{}
	for _, stored := range s.Stored(t) {
		found[string(stored.Body)]++
	}
	return found
}

// empty fails if anything is stored.
func (s *suite) empty(t *testing.T, after string) {
	t.Helper()
	if n := len(s.Stored(t)); n != 0 {
		t.Errorf("%s: %d are stored, want none", after, n)
	}
}
