package webhook_test

import (
	"context"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"leadrelay/internal/config"
	"leadrelay/internal/destination"
	"leadrelay/internal/destination/destinationtest"
	"leadrelay/internal/destination/webhook"
	"leadrelay/internal/httpclient"
	"leadrelay/internal/lead"
)

const (
	secret    = config.Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=")
	oldSecret = config.Secret("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDzAy9CZ6GNeE=")
	apiKey    = config.Secret("key-SECRET-of-the-lender")
)

// lender is a receiver that checks signatures with the official library and keeps what it takes.
type lender struct {
	*httptest.Server
	client   *http.Client
	remember bool                                              // answer 409 to a webhook-id that it has
	odd      func(w http.ResponseWriter, r *http.Request) bool // answers instead, if it says so

	mu   sync.Mutex
	kept []destinationtest.Stored
	seen []*http.Request
}

func newLender(t *testing.T) *lender {
	t.Helper()
	l := &lender{}
	l.Server = httptest.NewUnstartedServer(http.HandlerFunc(l.serve))
	l.Config.ErrorLog = log.New(io.Discard, "", 0)
	l.StartTLS()
	t.Cleanup(l.Close)
	pool := x509.NewCertPool()
	pool.AddCert(l.Certificate())
	l.client = httpclient.NewClient(httpclient.Options{RootCAs: pool})
	t.Cleanup(l.client.CloseIdleConnections)
	return l
}

func (l *lender) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	verifier, verifierErr := standardwebhooks.NewWebhook(secret.Reveal())
	if err != nil || verifierErr != nil || verifier.Verify(body, r.Header) != nil || r.Header.Get("X-Api-Key") != apiKey.Reveal() {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.URL.Path != "/leads" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if l.odd != nil && l.odd(w, r) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, earlier := range l.seen {
		if l.remember && earlier.Header.Get("Webhook-Id") == r.Header.Get("Webhook-Id") {
			w.WriteHeader(http.StatusConflict)
			return
		}
	}
	l.kept, l.seen = append(l.kept, destinationtest.Stored{Body: body}), append(l.seen, r)
	w.WriteHeader(http.StatusAccepted)
}

// options are those of a destination at the lender's; path tells its address.
func (l *lender) options(path string) destination.Options {
	return destination.Options{Address: config.Secret(l.URL + path), Client: l.client, Now: time.Now, AllowPrivate: true,
		Secrets: []config.Secret{secret}, Headers: map[string]config.Secret{"x-api-key": apiKey}}
}

func (l *lender) stored(testing.TB) []destinationtest.Stored {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]destinationtest.Stored(nil), l.kept...)
}

// familiar tells three statuses as the family's suite wants them, which knows storage; TestEveryStatus has the webhook's own words.
// It does so only when the suite plays the far side.
type familiar struct{ destination.Destination }

func (f familiar) Deliver(ctx context.Context, d destination.Delivery) (destination.Receipt, error) {
	receipt, err := f.Destination.Deliver(ctx, d)
	switch code := lead.CodeOf(err); {
	case receipt.Assumed:
		return destination.Receipt{}, &lead.Error{Kind: lead.Refused, Code: "409"}
	case code == "405", code == "425":
		return receipt, &lead.Error{Kind: lead.Refused, Code: code}
	}
	return receipt, err
}

func TestWebhookKeepsThePromises(t *testing.T) {
	for name, remember := range map[string]bool{"receiver that remembers": true, "receiver that takes everything": false} {
		t.Run(name, func(t *testing.T) {
			destinationtest.Run(t, func(t *testing.T) destinationtest.Harness {
				l := newLender(t)
				l.remember = remember
				return destinationtest.Harness{
					Open: func(o destination.Options) (destination.Destination, error) {
						d, err := webhook.Open(o)
						if err == nil && o.Client.Transport != l.client.Transport {
							return familiar{d}, nil
						}
						return d, err
					},
					Options: l.options("/leads?sig=SECRETSIGNATURE"),
					Stored:  l.stored,
					Hopeless: map[string]config.Secret{
						"user": "https://u:p@far.example.org/", "ftp": "ftp://far.example.org/", "no host": "https:///leads", "no URL": "%zz",
						"metadata": "https://169.254.169.254/latest", "wire server": "http://168.63.129.16/", "decimal": "https://2852039166/",
					},
					Refused: map[string]config.Secret{
						"another path": config.Secret(l.URL + "/other"), "plain HTTP": config.Secret("https" + strings.TrimPrefix(plain(t), "http")),
					},
					Once:    remember,
					Secrets: []string{"SECRET", apiKey.Reveal(), secret.Reveal(), "/leads"},
				}
			})
		})
	}
}

// plain is a server that speaks no TLS.
func plain(t *testing.T) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// one is a delivery.
func one() destination.Delivery {
	return destination.Delivery{ID: "0a1b2c3d4e5f60718293a4b5c6d7e8f9", LeadID: "4626a582", Received: time.Now(),
		Body: []byte(`{ "lastName": "Lastnameson", "requestedAmount": 25000.00 }`), ContentType: "application/cloudevents+json"}
}

// deliver opens and delivers once.
func deliver(t *testing.T, o destination.Options) (destination.Receipt, error) {
	t.Helper()
	d, err := webhook.Open(o)
	if err != nil {
		return destination.Receipt{}, err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return d.Deliver(ctx, one())
}

func TestRequestIsTheBodyWithItsHeadersAndNoMore(t *testing.T) {
	l := newLender(t)
	var query url.Values
	var host string
	l.odd = func(_ http.ResponseWriter, r *http.Request) bool { query, host = r.URL.Query(), r.Host; return false }
	receipt, err := deliver(t, l.options("/leads?a=1&b=%2F"))
	if err != nil || receipt != (destination.Receipt{Code: 202}) {
		t.Fatalf("%+v, %v", receipt, err)
	}
	if query.Encode() != "a=1&b=%2F" || "https://"+host != l.URL || string(l.kept[0].Body) != string(one().Body) {
		t.Errorf("query %v, host %s", query, host)
	}
	want := map[string]string{"Content-Type": one().ContentType, "User-Agent": "leadrelay", "Webhook-Id": one().ID, "X-Api-Key": apiKey.Reveal(),
		"Content-Length": "58", "Webhook-Timestamp": "", "Webhook-Signature": ""}
	for name, values := range l.seen[0].Header {
		if value, known := want[name]; !known || len(values) != 1 || value != "" && values[0] != value {
			t.Errorf("header %s: %q", name, values)
		}
		delete(want, name)
	}
	if len(want) != 0 {
		t.Errorf("missing: %v", want)
	}
}

func TestIDIsTheSameOnEveryTryAndTheTimeIsNow(t *testing.T) {
	l := newLender(t)
	o := l.options("/leads")
	for n := range 2 {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(n) * time.Minute) }
		if _, err := deliver(t, o); err != nil {
			t.Fatal(err)
		}
	}
	first, second := l.seen[0].Header, l.seen[1].Header
	if first.Get("Webhook-Id") != second.Get("Webhook-Id") || first.Get("Webhook-Timestamp") == second.Get("Webhook-Timestamp") ||
		first.Get("Webhook-Signature") == second.Get("Webhook-Signature") {
		t.Errorf("%v\n%v", first, second)
	}
}

func TestEverySecretSignsDuringARotation(t *testing.T) {
	l := newLender(t)
	o := l.options("/leads")
	o.Secrets = []config.Secret{oldSecret, secret} // the lender still verifies with secret
	if _, err := deliver(t, o); err != nil {
		t.Fatal(err)
	}
	for _, s := range o.Secrets {
		verifier, err := standardwebhooks.NewWebhook(s.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		if err := verifier.Verify(one().Body, l.seen[0].Header); err != nil {
			t.Error(err)
		}
		if verifier.Verify(append(one().Body, ' '), l.seen[0].Header) == nil {
			t.Error("another body has the same signature")
		}
	}
	o.Secrets = []config.Secret{oldSecret}
	if _, err := deliver(t, o); lead.KindOf(err) != lead.Address || lead.CodeOf(err) != "401" {
		t.Errorf("signed with the old secret alone: %v", err)
	}
}

func TestNewSecretsAreTakenAndDiffer(t *testing.T) {
	a, b := webhook.NewSecret(), webhook.NewSecret()
	o := destination.Options{Address: "https://far.example.org/", Secrets: []config.Secret{a, b}, Client: httpclient.NewClient(httpclient.Options{})}
	if _, err := webhook.Open(o); err != nil || a == b {
		t.Error(err)
	}
	if _, err := standardwebhooks.NewWebhook(a.Reveal()); err != nil {
		t.Error(err)
	}
}
