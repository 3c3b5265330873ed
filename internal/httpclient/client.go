// Package httpclient makes one request to someone else's API: only where it may go, and its answer told in our kinds.
package httpclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"leadrelay/internal/lead"
	"leadrelay/internal/wire"
)

// Timeouts and sizes of the transport; a caller's context may end a request sooner.
const (
	dialTimeout     = 5 * time.Second
	tlsTimeout      = 5 * time.Second
	headTimeout     = 20 * time.Second // from the end of our request to the end of the answer's header
	longestHead     = 64 << 10
	idlePerHost     = 64 // as many as a drain has calls in flight (facts/performance.md §0.3: fewer reconnect)
	idleConnections = 256
)

// Options are what a client is made from. The zero value is for production.
type Options struct {
	Resolver *net.Resolver  // nil: the system's
	RootCAs  *x509.CertPool // nil: the system's
}

// Transport is an http.RoundTripper that dials no private, link-local, metadata or reserved address: it looks at the
// address when the socket is about to connect, after names are resolved, so that a name that changes its mind helps
// nobody. It verifies TLS (1.2 or later) and takes no proxy from the environment: through a proxy it would not see
// where a request goes. http, and private addresses, are for requests [WithPrivate]; these have connections of their own.
// Link-local, metadata and multicast addresses are refused to everyone.
// It speaks HTTP/1.1, as [wire.Transport] does, with a connection for each request under way.
type Transport struct{ public, private *wire.Transport }

// NewClient is the one client of a program for addresses that others gave us. Its Transport is a [*Transport]; it follows
// no redirects.
func NewClient(o Options) *http.Client {
	return &http.Client{
		Transport:     &Transport{public: newTransport(o, false), private: newTransport(o, true)},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func newTransport(o Options, private bool) *wire.Transport {
	ranges := newRanges()
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second, Resolver: o.Resolver,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil {
				return refused("an address that cannot be read")
			}
			if why := ranges.refusal(at.Addr(), private); why != "" {
				return refused(why)
			}
			return nil
		}}
	return &wire.Transport{Base: &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
		TLSHandshakeTimeout:    tlsTimeout,
		ResponseHeaderTimeout:  headTimeout,
		MaxResponseHeaderBytes: longestHead,
		MaxIdleConns:           idleConnections,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        90 * time.Second,
		DisableCompression:     true, // an answer that unpacks to more than it weighs is not asked for
	}}
}

type privateKey struct{}

// WithPrivate allows the requests of a context http and private addresses.
func WithPrivate(ctx context.Context) context.Context {
	return context.WithValue(ctx, privateKey{}, true)
}

// RoundTrip sends one request by the way that its context allows. A refused address is a [*lead.Error] of kind Address.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if allowed, _ := r.Context().Value(privateKey{}).(bool); allowed {
		return t.private.RoundTrip(r)
	}
	if r.URL.Scheme != "https" {
		if r.Body != nil {
			_ = r.Body.Close() // a RoundTripper closes it
		}
		return nil, lead.Errorf(lead.Address, "the URL must begin with https://")
	}
	return t.public.RoundTrip(r)
}

// CloseIdleConnections closes what [http.Client.CloseIdleConnections] asks for.
func (t *Transport) CloseIdleConnections() {
	t.public.CloseIdleConnections()
	t.private.CloseIdleConnections()
}
