// Package azure is the craft that everything on Azure Storage shares: our own account, pasted SAS URLs, one transport,
// and the SDK's errors told in our kinds without a secret in them.
package azure

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"leadrelay/internal/wire"
)

// Limits of the shared transport.
const (
	connsPerHost = 64               // writers to one storage host side by side; the SDK's default of 10 reconnects above that
	tryTimeout   = 20 * time.Second // one request, when the caller's context allows longer
)

// NewClient is the one HTTP client of a program: it follows no redirects, so no far side can steer a lead elsewhere,
// and keeps enough connections to each host. Its errors hold whole URLs; [Redact] them before they go anywhere. Its
// Transport is a [*wire.Transport].
func NewClient() *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &wire.Transport{Base: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           dialer.DialContext,
			MaxIdleConns:          4 * connsPerHost,
			MaxIdleConnsPerHost:   connsPerHost,
			IdleConnTimeout:       90 * time.Second,
			TLSHandshakeTimeout:   5 * time.Second,
			ResponseHeaderTimeout: tryTimeout,
			TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(4 * connsPerHost)},
		}},
	}
}

// ClientOptions are the SDK options that every client of ours uses: one try, the shared transport, redacted errors.
func ClientOptions(client *http.Client) azcore.ClientOptions {
	return azcore.ClientOptions{
		Retry:     policy.RetryOptions{MaxRetries: -1, TryTimeout: tryTimeout},
		Telemetry: policy.TelemetryOptions{Disabled: true},
		Transport: redacting{client},
	}
}

// redacting is an azcore transporter whose errors name host and path only.
type redacting struct{ client *http.Client }

func (r redacting) Do(req *http.Request) (*http.Response, error) {
	resp, err := r.client.Do(req)
	return resp, Redact(err)
}

// Redact takes path and query, and with it a SAS signature, out of an error of net/http: what is left is a *url.Error that
// names the host. Other errors pass.
func Redact(err error) error {
	var u *url.Error
	if !errors.As(err, &u) {
		return err
	}
	target := "a URL that cannot be parsed"
	if p, parseErr := url.Parse(u.URL); parseErr == nil {
		target = p.Host
	}
	return &url.Error{Op: u.Op, URL: target, Err: u.Err}
}
