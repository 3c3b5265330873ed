package azuresim

// When says on which side of a request a crash lies.
type When bool

// The two sides.
const (
	Before When = false // nothing of the request is done
	After  When = true  // it is done, and its answer is lost
)

// crash is a kill switch.
type crash struct {
	n    int
	when When
	do   func()
}

// CrashAt calls crash once, at the n-th request as [Server.Count] counts, before or after it is carried out. n below 1
// disarms it.
//
// The request gets no answer. When it came by a [Server.Process], that process is dead from then on, as if by SIGKILL:
// none of its further requests is carried out or even counted, those under way lose their answers; whoever comes after
// the crash uses another Process. crash runs on the goroutine of the request, so a panic in it unwinds the caller of
// RoundTrip; over a socket it only ends the connection.
func (s *Server) CrashAt(n int, when When, crashed func()) {
	s.plan.mu.Lock()
	defer s.plan.mu.Unlock()
	s.plan.crash = nil
	if n > 0 {
		s.plan.crash = &crash{n, when, crashed}
	}
}

// crashAt takes the crash that lies at request n.
func (p *plan) crashAt(n int) *crash {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.crash
	if c == nil || c.n != n {
		return nil
	}
	p.crash = nil
	return c
}

// now crashes the process, nil when it is behind a socket.
func (c *crash) now(p *process) outcome {
	if p != nil {
		p.kill()
	}
	if c.do != nil {
		c.do()
	}
	return outcome{end: endDropped}
}
