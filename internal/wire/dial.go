package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// endpoint is what connections are kept by.
type endpoint struct{ scheme, host string }

func endpointOf(req *http.Request) endpoint { return endpoint{req.URL.Scheme, req.URL.Host} }

// dial opens a connection for the request.
func (t *Transport) dial(ctx context.Context, req *http.Request) (*conn, error) {
	host, port := req.URL.Hostname(), req.URL.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[req.URL.Scheme]
	}
	dial := t.Base.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	socket, err := dial(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: socket, socket: socket, at: endpointOf(req), owner: t}
	c.abort = func() { _ = socket.Close() } // whoever reads or writes gets the error
	c.r = bufio.NewReader(c)
	if req.URL.Scheme == "https" {
		if c.Conn, err = t.secure(ctx, socket, host); err != nil {
			c.abort()
			return nil, err
		}
	}
	return c, nil
}

// secure makes the TLS handshake.
func (t *Transport) secure(ctx context.Context, socket net.Conn, host string) (net.Conn, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.Base.TLSClientConfig != nil {
		config = t.Base.TLSClientConfig.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	if err := socket.SetDeadline(until(t.Base.TLSHandshakeTimeout, time.Now())); err != nil {
		return nil, err
	}
	c := tls.Client(socket, config)
	return c, c.HandshakeContext(ctx)
}

// until is the deadline of something that begins now and may last so long; 0 has none.
func until(d time.Duration, now time.Time) time.Time {
	if d <= 0 {
		return time.Time{}
	}
	return now.Add(d)
}
