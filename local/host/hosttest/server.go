package hosttest

import (
	"context"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"leadrelay/local/host/worker"
)

// Server is a handler inside the test process, for tests that need no process of its own. It stands where a worker.Supervisor would.
type Server struct {
	*httptest.Server

	mu       sync.Mutex
	requests []Request
	killed   []int
}

// NewServer starts a handler until the test ends.
func NewServer(t testing.TB) *Server {
	s := &Server{}
	s.Server = httptest.NewServer(Handler(func(r Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.requests = append(s.requests, r)
	}))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

// Ready says that the handler is ready, in its first life.
func (s *Server) Ready(context.Context) (worker.Instance, error) {
	return worker.Instance{URL: s.URL, Life: 1}, nil
}

// Kill notes the life that is to end and cuts what is in flight.
func (s *Server) Kill(life int) {
	s.mu.Lock()
	s.killed = append(s.killed, life)
	s.mu.Unlock()
	s.CloseClientConnections()
}

// Killed returns the lives that Kill was called with.
func (s *Server) Killed() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]int(nil), s.killed...)
}

// Requests returns what has been received so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// Last returns the newest request, which there must be.
func (s *Server) Last(t testing.TB) Request {
	t.Helper()
	all := s.Requests()
	if len(all) == 0 {
		t.Fatal("the handler has received nothing")
	}
	return all[len(all)-1]
}

// Context returns a context that ends with the test or after Patience.
func Context(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	t.Cleanup(cancel)
	return ctx
}

// Eventually waits until a condition holds, and fails the test if it never does.
func Eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(Patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
