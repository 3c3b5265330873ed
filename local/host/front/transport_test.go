package front

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// tripper is a http.RoundTripper made of a function.
type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func trip(t *testing.T, base tripper, body string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", "http://127.0.0.1:1/x", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	transport := newProxyTransport()
	transport.base = base
	return transport.RoundTrip(req)
}

func TestProxyTriesTenTimesWhileConnectionsAreRefused_4_2(t *testing.T) {
	refusal := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	for _, good := range []int{1, 10, 11} { // the attempt that would succeed
		synctest.Test(t, func(t *testing.T) {
			began, n := time.Now(), 0
			_, err := trip(t, func(*http.Request) (*http.Response, error) {
				if n++; n == good {
					return &http.Response{Body: http.NoBody}, nil
				}
				return nil, refusal
			}, "body")
			if (err == nil) != (good <= 10) || n != min(good, 10) {
				t.Errorf("%d: %v after %d attempts", good, err, n)
			}
			if want := time.Duration(50+100+200+6*250) * time.Millisecond; n == 10 && time.Since(began) != want { // 50 to 250 ms apart
				t.Errorf("%d: ten attempts took %v", good, time.Since(began))
			}
		})
	}
}

func TestProxyGivesUpWhenNothingMovesFor240Seconds_4_2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := trip(t, func(r *http.Request) (*http.Response, error) {
			time.Sleep(200 * time.Second)
			_, _ = io.ReadAll(r.Body) // moves
			<-r.Context().Done()
			return nil, r.Context().Err()
		}, "body")
		if err == nil || !strings.Contains(err.Error(), "nothing moved for 4m0s") || time.Since(began) != 440*time.Second {
			t.Errorf("error = %v after %v", err, time.Since(began))
		}
	})
}
