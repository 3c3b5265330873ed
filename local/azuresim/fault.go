package azuresim

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"leadrelay/local/azuresim/auth"
	"leadrelay/local/azuresim/wire"
)

// Fault is something that goes wrong with requests that match: all of Match, Service, Op and Resource that are set.
type Fault struct {
	Match    func(Request) bool
	Service  Service
	Op       string // "PutMessage"
	Resource string // a queue, "container/blob" or table

	Skip  int           // how many matching requests pass first
	Times int           // how many it then hits; 0: all
	Delay time.Duration // of real time, before everything else
	Apply bool          // the request is carried out, and only its answer is the effect's
	Effect
}

// Injected is a fault of a server's plan.
type Injected struct {
	plan  *plan
	fault Fault
	seen  int
	hit   int
}

// Hits is how many requests it has hit.
func (i *Injected) Hits() int {
	i.plan.mu.Lock()
	defer i.plan.mu.Unlock()
	return i.hit
}

// Remove ends it.
func (i *Injected) Remove() {
	i.plan.mu.Lock()
	defer i.plan.mu.Unlock()
	for n, f := range i.plan.faults {
		if f == i {
			i.plan.faults = append(i.plan.faults[:n:n], i.plan.faults[n+1:]...)
		}
	}
}

// Inject adds a fault to the plan. A request is hit by the first fault that matches and has not had its Times.
func (s *Server) Inject(f Fault) *Injected {
	s.plan.mu.Lock()
	defer s.plan.mu.Unlock()
	i := &Injected{plan: &s.plan, fault: f}
	s.plan.faults = append(s.plan.faults, i)
	return i
}

// Heal removes every fault.
func (s *Server) Heal() {
	s.plan.mu.Lock()
	defer s.plan.mu.Unlock()
	s.plan.faults = nil
}

// plan is what is to go wrong.
type plan struct {
	mu     sync.Mutex
	faults []*Injected
	crash  *crash
}

// chosen is the fault that a request meets; active is false for none.
type chosen struct {
	Fault
	active bool
}

// beforehand says that the request is hit before it is carried out.
func (c chosen) beforehand() bool { return c.active && !c.Apply && !c.Effect.spoilsAnswer() }

func (p *plan) next(r Request) chosen {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, i := range p.faults {
		f := &i.fault
		if f.Service != "" && f.Service != r.Service || f.Op != "" && f.Op != r.Op || f.Resource != "" && f.Resource != r.Resource ||
			f.Match != nil && !f.Match(r) {
			continue
		}
		i.seen++
		if i.seen <= f.Skip || f.Times > 0 && i.hit >= f.Times {
			continue
		}
		i.hit++
		return chosen{*f, true}
	}
	return chosen{}
}

// Effect is what goes wrong. The zero Effect does nothing, so that Delay alone is a slow service.
type Effect struct {
	kind   effect
	status int
	code   string
	detail string
	fields []wire.Field
	body   []byte
	typ    string
	bytes  int
	pause  time.Duration
	refuse func(*exchange) *wire.Error
}

type effect uint8

const (
	effectNone effect = iota
	effectRefuse
	effectDrop
	effectReset
	effectHang
	effectAnswer
	effectCut
	effectSlow
	effectEndless
	effectGarble
)

// Refuse is a connection that is refused: over a socket, one that is closed before anything is read. See also [Server.Down].
func Refuse() Effect { return Effect{kind: effectRefuse} }

// Drop closes the connection without an answer, when the request has been read.
func Drop() Effect { return Effect{kind: effectDrop} }

// Reset resets the connection when half of the request's body has been read; with Apply, after it was carried out.
func Reset() Effect { return Effect{kind: effectReset} }

// Hang says nothing until the client gives up.
func Hang() Effect { return Effect{kind: effectHang} }

// Answer is an answer of the given status with Azure's code for it.
func Answer(status int, code string) Effect {
	return Effect{kind: effectAnswer, status: status, code: code}
}

// Busy is 503 ServerBusy, as Azure throttles.
func Busy(retryAfter time.Duration) Effect {
	return Answer(http.StatusServiceUnavailable, "ServerBusy").RetryAfter(retryAfter)
}

// Redirect leads elsewhere with a 3xx.
func Redirect(status int, location string) Effect {
	return Effect{kind: effectAnswer, status: status, fields: []wire.Field{{Name: "Location", Value: location}}}
}

// Denied is one of Azure's refusals of a SAS: "AuthenticationFailed" (with a detail of its own), or
// "AuthorizationPermissionMismatch", "…ProtocolMismatch", "…SourceIPMismatch", "…ServiceMismatch", "…ResourceTypeMismatch".
func Denied(code string) Effect {
	return Effect{kind: effectAnswer, status: http.StatusForbidden, code: code}
}

// Expired is the refusal of a SAS whose time is over, by the server's clock.
func Expired() Effect {
	return Effect{kind: effectAnswer, refuse: func(x *exchange) *wire.Error {
		now := x.wire.Now
		return auth.Failed("Signature not valid in the specified time frame: Start [" + wire.Time(now.AddDate(-1, 0, 0)) + "] - Expiry [" +
			wire.Time(now.Add(-time.Minute)) + "] - Current [" + wire.Time(now) + "]")
	}}
}

// CutAnswer carries the request out and resets the connection when so many bytes of the answer's body are out.
func CutAnswer(bytes int) Effect { return Effect{kind: effectCut, bytes: bytes} }

// Slow carries the request out and gives the answer's body so many bytes at a time.
func Slow(bytes int, pause time.Duration) Effect {
	return Effect{kind: effectSlow, bytes: max(1, bytes), pause: pause}
}

// Endless carries the request out; the answer's body then goes on for ever, with spaces.
func Endless() Effect { return Effect{kind: effectEndless} }

// Garble carries the request out and answers with its status and another body.
func Garble(contentType, body string) Effect {
	return Effect{kind: effectGarble, typ: contentType, body: []byte(body)}
}

// RetryAfter adds Retry-After, in whole seconds.
func (e Effect) RetryAfter(d time.Duration) Effect {
	if d <= 0 {
		return e
	}
	return e.Header("Retry-After", strconv.Itoa(int((d+time.Second-1)/time.Second)))
}

// Header adds a header field to an answer.
func (e Effect) Header(name, value string) Effect {
	e.fields = append(e.fields[:len(e.fields):len(e.fields)], wire.Field{Name: http.CanonicalHeaderKey(name), Value: value})
	return e
}

// Detail is the text of AuthenticationErrorDetail.
func (e Effect) Detail(text string) Effect {
	e.detail = text
	return e
}

// Body replaces the XML or JSON of an answer.
func (e Effect) Body(contentType, body string) Effect {
	e.typ, e.body = contentType, []byte(body)
	return e
}
