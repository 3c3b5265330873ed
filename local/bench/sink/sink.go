// Package sink is a storage account and a CRM that answer at once and forget: what the benchmark's candidates write to.
//
// It speaks HTTP/1.1 over bare TCP, one goroutine and one buffer a connection, and gives the status, the header fields and
// the body that local/azuresim gives to the same request (a test holds it to that). It keeps no state: a row is never there
// unless it was put there by [Sink.PutRow], an insert never meets another, a queue holds what its [Feed] makes up. So it
// costs little of its own core (facts/performance.md §1: the core of the candidate has to be the limit), and says nothing
// about the semantics of storage, for which local/azuresim is there.
package sink

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Service is what a port of the sink stands in for.
type Service int

// The services. CRM takes every request to any path, webhooks too.
const (
	Blob Service = iota
	Queue
	Table
	CRM
	services // their number
)

// The account; the key is published and protects nothing. No proof is looked at.
const (
	AccountName = "devstoreaccount1"
	AccountKey  = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// Options say how a sink is.
type Options struct {
	Delay time.Duration // of every answer of every service; [Sink.SetDelay] changes it
	TLS   bool          // https with a self-signed RSA-2048 certificate, [Sink.CertificatePEM]
	Keep  int           // how many message texts are kept, the last ones, for [Sink.Texts]
}

// Sink is a running server. Its methods may be used side by side.
type Sink struct {
	opts      Options
	listeners [services]net.Listener
	cert      *certificate
	clock     clock
	alarm     *alarm
	serial    atomic.Uint64 // of the ids, receipts and ETags that are given out
	delay     [services]atomic.Int64
	crm       atomic.Int64 // the status that the CRM answers
	counters  counters
	texts     texts
	rows      rows
	feeds     feeds
	buffers   sync.Pool

	mu    sync.Mutex
	conns map[net.Conn]bool
	done  bool
	wait  sync.WaitGroup
}

// Start listens on four free ports of loopback.
func Start(o Options) (*Sink, error) {
	s := &Sink{opts: o, conns: map[net.Conn]bool{}}
	s.texts.keep, s.buffers.New = o.Keep, newBuffers
	s.crm.Store(200)
	for i := range services {
		s.delay[i].Store(int64(o.Delay))
	}
	if o.TLS {
		cert, err := newCertificate()
		if err != nil {
			return nil, fmt.Errorf("sink: certificate: %w", err)
		}
		s.cert = cert
	}
	var err error
	if s.alarm, err = newAlarm(); err != nil {
		return nil, fmt.Errorf("sink: %w", err)
	}
	s.wait.Go(s.alarm.run)
	for i := range services {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("sink: %w", err)
		}
		s.listeners[i] = l
		s.wait.Add(1)
		go s.accept(l, i)
	}
	return s, nil
}

func (s *Sink) accept(l net.Listener, service Service) {
	defer s.wait.Done()
	for {
		c, err := l.Accept()
		if err != nil {
			return // closed
		}
		if s.cert != nil {
			c = s.cert.server(c)
		}
		s.mu.Lock()
		if s.done {
			s.mu.Unlock()
			_ = c.Close()
			return
		}
		s.conns[c] = true
		s.wait.Add(1)
		s.mu.Unlock()
		s.counters.opened[service].Add(1)
		go s.serve(c, service)
	}
}

func (s *Sink) serve(c net.Conn, service Service) {
	defer s.wait.Done()
	newConn(s, c, service).serve()
	_ = c.Close()
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
}

// Close ends every connection and waits for their goroutines.
func (s *Sink) Close() {
	s.mu.Lock()
	s.done = true
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	for _, l := range s.listeners {
		if l != nil {
			_ = l.Close()
		}
	}
	s.alarm.close()
	s.wait.Wait()
}

// SetDelay changes how long the answers of one service take from now on. Requests of different connections wait side by
// side. How long they really waited stands in [Counts].
func (s *Sink) SetDelay(service Service, d time.Duration) { s.delay[service].Store(int64(d)) }

// SetCRM makes the CRM answer a status to everything from now on: 200, 201 or, say, 500.
func (s *Sink) SetCRM(status int) { s.crm.Store(int64(status)) }

// Address is host:port of a service.
func (s *Sink) Address(service Service) string { return s.listeners[service].Addr().String() }

// URL is the endpoint of a service, without a slash at the end.
func (s *Sink) URL(service Service) string {
	scheme, path := "http", "/"+AccountName
	if s.cert != nil {
		scheme = "https"
	}
	if service == CRM {
		path = ""
	}
	return scheme + "://" + s.Address(service) + path
}

// ConnectionString is what AzureWebJobsStorage takes.
func (s *Sink) ConnectionString() string {
	scheme, _, _ := strings.Cut(s.URL(Blob), ":")
	return fmt.Sprintf("DefaultEndpointsProtocol=%s;AccountName=%s;AccountKey=%s;BlobEndpoint=%s;QueueEndpoint=%s;TableEndpoint=%s;",
		scheme, AccountName, AccountKey, s.URL(Blob), s.URL(Queue), s.URL(Table))
}

// clock gives the time as answers write it, made once a second.
type clock struct{ now atomic.Pointer[stamp] }

type stamp struct {
	second int64
	http   string // as Date has it
	later  string // the same in a week: when messages expire
	tag    string // as an ETag has it, up to the fraction
}

func (c *clock) at(now time.Time) *stamp {
	if t := c.now.Load(); t != nil && t.second == now.Unix() {
		return t
	}
	const form = "Mon, 02 Jan 2006 15:04:05 GMT"
	now = now.UTC()
	t := &stamp{second: now.Unix(), http: now.Format(form), later: now.AddDate(0, 0, 7).Format(form),
		tag: strings.ReplaceAll(now.Format("2006-01-02T15:04:05."), ":", "%3A")}
	c.now.Store(t)
	return t
}

// appendID appends a UUID of which the last twelve digits are n.
func appendID(b []byte, n uint64) []byte {
	const digits = "0123456789abcdef"
	b = append(b, "5eed0000-0000-4000-8000-"...)
	for shift := 44; shift >= 0; shift -= 4 {
		b = append(b, digits[n>>shift&15])
	}
	return b
}

// appendReceipt appends a pop receipt: opaque base64 of 24 bytes, with characters that a URL has to escape.
func appendReceipt(b []byte, n uint64) []byte {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	b = append(b, "AgAAAAMAAAAAAAAA+//+"...)
	for shift := 66; shift >= 0; shift -= 6 {
		b = append(b, digits[n>>shift&63])
	}
	return b
}
