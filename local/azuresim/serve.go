package azuresim

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"time"

	"leadrelay/local/azuresim/auth"
	"leadrelay/local/azuresim/blob"
	"leadrelay/local/azuresim/queue"
	"leadrelay/local/azuresim/table"
	"leadrelay/local/azuresim/wire"
)

// Service is one of the three services of an account.
type Service = wire.Service

// The services.
const (
	Blob  = wire.Blob
	Queue = wire.Queue
	Table = wire.Table
)

// exchange is one request on its way through the server.
type exchange struct {
	server  *Server
	http    *http.Request
	wire    wire.Request
	account *account    // nil: unknown
	refusal *wire.Error // of an address or a method that is nothing
}

// outcome is how an exchange ends.
type outcome struct {
	end    ending
	answer wire.Answer
	cut    int           // bytes of the body that go out before the end; for endCut
	chunk  int           // bytes that go out at once, for endSlow
	pause  time.Duration // before each chunk
	id     string
	date   time.Time
}

// ending says how the connection ends.
type ending uint8

const (
	endWhole   ending = iota
	endRefused        // nothing was read: as if nobody listened
	endDropped        // closed without an answer
	endReset          // reset without an answer
	endCut            // reset in the middle of the answer
	endSlow           // whole, little by little
	endNever          // the body never ends
	endSilent         // the client has given up on an answer that never came
)

// serve carries out what has come for a service, "" when the host alone tells which; p is nil behind a socket.
func (s *Server) serve(service wire.Service, p *process, r *http.Request) outcome {
	x := s.read(service, r)
	seen := Request{Method: r.Method, Service: x.wire.Service, Op: x.wire.Op.Name, Account: x.wire.Account, Resource: x.wire.Op.Resource}
	n := s.record.add(seen)
	crash := s.plan.crashAt(n)
	fault := s.plan.next(seen)
	ctx := r.Context()
	if !wait(ctx, s.latency(x.wire.Service)+fault.Delay) {
		return outcome{end: endSilent}
	}
	if crash != nil && crash.when == Before {
		return crash.now(p)
	}
	var o outcome
	if fault.beforehand() {
		o = fault.Effect.before(x)
	} else if o = x.apply(); fault.active && o.end == endWhole {
		o = fault.Effect.after(x, o)
	}
	if crash != nil {
		return crash.now(p)
	}
	if o.end == endSilent {
		s.hang(ctx)
	}
	o.id, o.date = x.wire.ID, x.wire.Now
	return o
}

// wait sleeps; false says that the client gave up meanwhile.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// hang waits until the client gives up, or the server closes.
func (s *Server) hang(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-s.sockets.closed:
	}
}

// read understands a request's head.
func (s *Server) read(service wire.Service, r *http.Request) *exchange {
	x := &exchange{server: s, http: r}
	w := &x.wire
	w.Method, w.Header, w.Query, w.RawPath = r.Method, r.Header, wire.ParseQuery(r.URL.RawQuery), r.URL.EscapedPath()
	w.Now, w.ID, w.TLS = s.now(), requestID(), r.TLS != nil || r.URL.Scheme == "https"
	w.Peer, _, _ = net.SplitHostPort(r.RemoteAddr)
	if w.Peer == "" {
		w.Peer = "127.0.0.1"
	}
	scheme := "http"
	if w.TLS {
		scheme = "https"
	}
	path := strings.TrimPrefix(r.URL.Path, "/")
	if name, of, ok := hostStyle(r.Host); ok {
		w.Account, w.Service, w.Base = name, of, scheme+"://"+r.Host
	} else {
		w.Account, path, _ = strings.Cut(path, "/")
		w.Service, w.Base = service, scheme+"://"+r.Host+"/"+w.Account
		if service == "" {
			w.Service = s.sockets.service(r.Host)
		}
	}
	w.Path = path
	x.account = s.find(w.Account)
	switch w.Service {
	case wire.Queue:
		w.Op, x.refusal = queue.Route(w)
	case wire.Blob:
		w.Op, x.refusal = blob.Route(w)
	case wire.Table:
		w.Op, x.refusal = table.Route(w)
	default:
		x.refusal = wire.InvalidURI()
	}
	return x
}

// hostStyle reads "account.queue.core.windows.net".
func hostStyle(host string) (account string, service wire.Service, ok bool) {
	labels := strings.SplitN(host, ".", 3)
	if len(labels) < 3 {
		return "", "", false
	}
	switch of := wire.Service(labels[1]); of {
	case wire.Blob, wire.Queue, wire.Table:
		return labels[0], of, true
	}
	return "", "", false
}

func requestID() string {
	a, b := rand.Uint64(), rand.Uint64()
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&0xffffffffffff)
}

// apply reads the body, checks the proof and does what is asked.
func (x *exchange) apply() outcome {
	if err := x.readBody(); err != nil {
		if e, ok := err.(*wire.Error); ok {
			return outcome{answer: e.Answer(&x.wire)}
		}
		return outcome{end: endDropped}
	}
	return outcome{answer: x.answer()}
}

func (x *exchange) answer() wire.Answer {
	w := &x.wire
	if x.account == nil {
		return wire.Errorf(400, "InvalidUri", "The requested URI does not represent any resource on the server.").Answer(w)
	}
	service := x.account.service(w.Service)
	if x.refusal != nil {
		return x.refusal.Answer(w)
	}
	grant, err := auth.Check(w, x.account.Account, auth.Options{VerifySharedKey: x.server.opts.VerifySharedKey, Policy: x.account.policy})
	if err != nil {
		return err.Answer(w)
	}
	w.Grant = grant
	return service.Do(w)
}

func (a *account) policy(s wire.Service, resource, id string) (wire.Policy, bool) {
	return a.service(s).Policy(resource, id)
}

// limit is how large a body may be for the service, in bytes.
func limit(s wire.Service) int64 {
	switch s {
	case wire.Queue:
		return queue.MaxBody
	case wire.Table:
		return table.MaxBody
	}
	return blob.MaxBody
}

// readBody reads the whole body: an error is a *wire.Error, or that of a client that stopped in the middle.
func (x *exchange) readBody() error {
	r, most := x.http, limit(x.wire.Service)
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	if r.ContentLength > most {
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 4*most)) // so that a client that only writes gets to read
		return wire.TooLarge(int(most))
	}
	if r.ContentLength >= 0 {
		x.wire.Body = make([]byte, r.ContentLength)
		_, err := io.ReadFull(r.Body, x.wire.Body)
		return err
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	if err == nil && int64(len(b)) > most {
		return wire.TooLarge(int(most))
	}
	x.wire.Body = b
	return err
}
