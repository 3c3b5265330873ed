// Package azuresim is a storage server with Azure's real codes and scripted faults.
//
// It serves queues, blobs and tables to the pinned SDKs and to raw HTTP, over sockets ([Server.Start]) or without any
// ([Server.Process]). What Azure does and Azurite does not is listed with its source in facts/azure-storage.md §1c and §6;
// the conformance test holds everything else against Azurite.
package azuresim

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"leadrelay/local/azuresim/auth"
	"leadrelay/local/azuresim/blob"
	"leadrelay/local/azuresim/queue"
	"leadrelay/local/azuresim/table"
	"leadrelay/local/azuresim/wire"
)

// Server is a storage server. It is safe for concurrent use.
type Server struct {
	opts     Options
	accounts []*account
	plan     plan
	record   record
	main     *process
	sockets  sockets
}

// account is one account's proof and its three services.
type account struct {
	auth.Account
	queues *queue.Store
	blobs  *blob.Store
	tables *table.Store
}

// service is a room that serves one service of one account.
type service interface {
	Do(*wire.Request) wire.Answer
	Policy(resource, id string) (wire.Policy, bool)
}

func (a *account) service(s wire.Service) service {
	switch s {
	case wire.Queue:
		return a.queues
	case wire.Blob:
		return a.blobs
	}
	return a.tables
}

// New makes a server that nobody listens for yet: use it by [Server.Process], or [Server.Start] it.
func New(o Options) *Server {
	o, accounts := o.complete()
	s := &Server{opts: o, record: record{size: o.LogSize, counts: map[string]int{}}}
	for _, a := range accounts {
		s.accounts = append(s.accounts, &account{Account: a, queues: queue.NewStore(o.Deletion), blobs: blob.NewStore(o.Deletion, o.PageSize),
			tables: table.NewStore(o.Deletion, o.PageSize)})
	}
	s.main = &process{server: s}
	s.sockets.closed = make(chan struct{})
	return s
}

// ConnectionString is what AzureWebJobsStorage takes. Before [Server.Start] its endpoints are on the ports 10000 to 10002
// of loopback, where only [Server.Process] finds them; then they are the real ones.
func (s *Server) ConnectionString() string { return s.ConnectionStringOf(s.accounts[0].Name) }

// ConnectionStringOf is that of one of several accounts.
func (s *Server) ConnectionStringOf(name string) string {
	a := s.find(name)
	if a == nil {
		return ""
	}
	scheme := "http"
	if s.opts.TLS {
		scheme = "https"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "DefaultEndpointsProtocol=%s;AccountName=%s;AccountKey=%s;", scheme, a.Name, s.key(name))
	ports := s.sockets.ports()
	for i, service := range []string{"Blob", "Queue", "Table"} {
		fmt.Fprintf(&b, "%sEndpoint=%s://127.0.0.1:%d/%s;", service, scheme, ports[i], a.Name)
	}
	return b.String()
}

func (s *Server) key(name string) string {
	for _, a := range s.opts.Accounts {
		if a.Name == name {
			return a.Key
		}
	}
	return ""
}

func (s *Server) find(name string) *account {
	for _, a := range s.accounts {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// now is the server's time.
func (s *Server) now() time.Time { return s.opts.Now().UTC() }

// latency is how long a service takes.
func (s *Server) latency(service wire.Service) time.Duration {
	switch service {
	case wire.Blob:
		return s.opts.Latency.Blob
	case wire.Queue:
		return s.opts.Latency.Queue
	}
	return s.opts.Latency.Table
}

// Request is one request as it is logged and matched: never a query, a header or a body.
type Request struct {
	Method   string
	Service  wire.Service
	Op       string // "PutMessage", "PutBlob", "InsertEntity", "Transaction", …
	Account  string
	Resource string // the queue, "container/blob" or table; empty for the service itself
}

func (r Request) String() string {
	return r.Method + " " + string(r.Service) + " " + r.Op + " " + r.Account + "/" + r.Resource
}

// record counts and keeps the requests.
type record struct {
	mu     sync.Mutex
	size   int
	count  int
	ring   []Request // the last size requests; the oldest is at next once it is full
	next   int
	counts map[string]int
}

// add counts a request and gives its number, from 1.
func (c *record) add(r Request) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	c.counts[r.Op]++
	switch {
	case c.size < 0:
	case len(c.ring) < c.size:
		c.ring = append(c.ring, r)
	default:
		c.ring[c.next] = r
		c.next = (c.next + 1) % c.size
	}
	return c.count
}

// Count is how many requests have come, refused ones too, since New or the last Forget.
func (s *Server) Count() int {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	return s.record.count
}

// Counts is Count by operation.
func (s *Server) Counts() map[string]int {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	out := make(map[string]int, len(s.record.counts))
	for op, n := range s.record.counts {
		out[op] = n
	}
	return out
}

// Log is the requests in the order in which they came, at most the last Options.LogSize.
func (s *Server) Log() []Request {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	out := make([]Request, 0, len(s.record.ring))
	out = append(out, s.record.ring[s.record.next:]...)
	return append(out, s.record.ring[:s.record.next]...)
}

// Forget starts Count, Counts and Log afresh.
func (s *Server) Forget() {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	s.record.count, s.record.ring, s.record.next, s.record.counts = 0, nil, 0, map[string]int{}
}

var _ http.Handler = (*Server)(nil)
