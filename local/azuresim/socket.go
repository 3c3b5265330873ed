package azuresim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"leadrelay/local/azuresim/wire"
)

// sockets are the three listeners of a started server, in the order of wire's services: blob, queue, table.
type sockets struct {
	mu      sync.Mutex
	port    [3]int // 0: never started
	servers [3]*http.Server
	down    bool
	cert    *certificate
	once    sync.Once
	closed  chan struct{}
}

var services = [3]wire.Service{wire.Blob, wire.Queue, wire.Table}

// ports are the endpoints' ports.
func (k *sockets) ports() [3]int {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.port[0] == 0 {
		return [3]int{10000, 10001, 10002}
	}
	return k.port
}

// service is the one whose port a path-style host has, "" for none.
func (k *sockets) service(host string) wire.Service {
	_, text, err := net.SplitHostPort(host)
	if err != nil {
		return ""
	}
	n, _ := strconv.Atoi(text) // 0 is no port of ours
	for i, port := range k.ports() {
		if port == n {
			return services[i]
		}
	}
	return ""
}

func (k *sockets) isDown() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.down
}

// Start listens on three free ports of loopback: blobs, queues, tables. [Server.ConnectionString] then names them.
func (s *Server) Start() error {
	k := &s.sockets
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.port[0] != 0 {
		return errors.New("azuresim: started before")
	}
	if s.opts.TLS {
		cert, err := newCertificate()
		if err != nil {
			return fmt.Errorf("azuresim: %w", err)
		}
		k.cert = cert
	}
	return s.listen()
}

// listen opens the listeners, at their old ports if they had any.
func (s *Server) listen() error {
	k := &s.sockets
	for i, service := range services {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(k.port[i])))
		if err != nil {
			return fmt.Errorf("azuresim: %w", err)
		}
		k.port[i] = l.Addr().(*net.TCPAddr).Port
		if k.cert != nil {
			l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{k.cert.pair}, MinVersion: tls.VersionTLS12})
		}
		server := &http.Server{Handler: handler{s, service}, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute}
		k.servers[i] = server
		go func() { _ = server.Serve(l) }() // ends by Close
	}
	return nil
}

// Down closes the listeners and every connection: all is refused until [Server.Up], to a Process too.
func (s *Server) Down() {
	k := &s.sockets
	k.mu.Lock()
	defer k.mu.Unlock()
	k.down = true
	k.stop()
}

func (k *sockets) stop() {
	for i, server := range k.servers {
		if server != nil {
			_ = server.Close()
		}
		k.servers[i] = nil
	}
}

// Up listens again at the same ports. It fails if somebody has taken one meanwhile.
func (s *Server) Up() error {
	k := &s.sockets
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.down {
		return nil
	}
	k.down = false
	if k.port[0] == 0 {
		return nil
	}
	return s.listen()
}

// Close ends the server and everything that hangs.
func (s *Server) Close() {
	s.sockets.once.Do(func() { close(s.sockets.closed) })
	s.Down()
}

// Client is a client that trusts the server's certificate and resolves host-style names of Azure, such as
// "account.queue.core.windows.net", to it. It follows no redirects. Only after [Server.Start].
func (s *Server) Client() *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute, DialContext: s.dial}
	if c := s.sockets.cert; c != nil {
		transport.TLSClientConfig = &tls.Config{RootCAs: c.pool, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// dial leads every host-style name to the port of its service, and every other address to itself.
func (s *Server) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if _, service, ok := hostStyle(address); ok {
		for i, port := range s.sockets.ports() {
			if services[i] == service {
				address = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
			}
		}
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

// ServeHTTP serves all three services, told apart by a host-style Host or by its port.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { handler{s, ""}.ServeHTTP(w, r) }

// handler is one service on a socket.
type handler struct {
	server  *Server
	service wire.Service
}

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Scheme == "" {
		r.URL = &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	}
	if r.ContentLength > 0 {
		r.Header["Content-Length"] = []string{strconv.FormatInt(r.ContentLength, 10)}
	}
	o := h.server.serve(h.service, nil, r)
	switch o.end {
	case endRefused, endReset:
		hangUp(w, true)
	case endDropped, endSilent:
		hangUp(w, false)
	default:
		o.write(w, r)
	}
}

// hangUp ends the connection, by a reset or by a close.
func hangUp(w http.ResponseWriter, hard bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // net/http closes it
	}
	defer conn.Close()
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	if t, ok := conn.(*net.TCPConn); ok && hard {
		_ = t.SetLinger(0)
	}
}

// writeHeader sets an answer's header but for Content-Length.
func (o *outcome) writeHeader(h http.Header) {
	for _, f := range o.answer.Fields {
		h[f.Name] = append(h[f.Name], f.Value)
	}
	if o.answer.Type != "" {
		h["Content-Type"] = []string{o.answer.Type}
	}
	h["Server"] = []string{"Windows-Azure-Queue/1.0 Microsoft-HTTPAPI/2.0"}
	h["X-Ms-Request-Id"] = []string{o.id}
	h["X-Ms-Version"] = []string{"2026-06-06"}
	if len(h["Date"]) == 0 {
		h["Date"] = []string{wire.Time(o.date)}
	}
}

// write sends an answer.
func (o *outcome) write(w http.ResponseWriter, r *http.Request) {
	a, h := o.answer, w.Header()
	o.writeHeader(h)
	if a.Type == "" {
		h["Content-Type"] = nil // none, rather than a guess of net/http
	}
	size := int64(len(a.Body))
	if r.Method == http.MethodHead {
		size = a.Length
	}
	if a.Status != http.StatusNoContent && a.Status != http.StatusNotModified && o.end != endNever {
		h["Content-Length"] = []string{strconv.FormatInt(size, 10)}
	}
	w.WriteHeader(a.Status)
	if r.Method == http.MethodHead || o.end == endWhole {
		_, _ = w.Write(a.Body) // a client that is gone needs no answer
		return
	}
	o.stream(w, r)
}

// stream sends a body that is slow, cut or endless.
func (o *outcome) stream(w http.ResponseWriter, r *http.Request) {
	body, buf := &stream{ctx: r.Context(), o: *o, left: o.answer.Body}, make([]byte, 32<<10)
	for {
		n, err := body.Read(buf)
		if _, werr := w.Write(buf[:n]); werr != nil {
			return // the client is gone
		}
		_ = http.NewResponseController(w).Flush() // as above
		switch {
		case err != nil && o.end == endCut:
			hangUp(w, true)
			return
		case err != nil:
			return
		}
	}
}
