// Package receiver is the other end of a webhook: it verifies, tells, and misbehaves on order, so that a sender's
// retries can be watched.
package receiver

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Failure is a status for so many requests: "503:3".
type Failure struct{ Status, Count int }

// ParseFailure reads STATUS:N; without N it is one request.
func ParseFailure(s string) (Failure, error) {
	status, count, found := strings.Cut(s, ":")
	f := Failure{Count: 1}
	var err error
	f.Status, err = strconv.Atoi(status)
	if found && err == nil {
		f.Count, err = strconv.Atoi(count)
	}
	if err != nil || f.Status < 200 || f.Status > 599 || f.Count < 1 {
		return Failure{}, fmt.Errorf("%q is not STATUS:N, such as 503:3", s)
	}
	return f, nil
}

// Orders say how to misbehave. Of the requests as they come in, the first Drop are dropped, the next are failed, status
// after status; Slow delays every answer, of those that fail too. All others are answered 200, or 401 without the proof.
type Orders struct {
	Drop int // close the connection without an answer
	Fail []Failure
	Slow time.Duration
}

// Receiver is an http.Handler.
type Receiver struct {
	Orders Orders
	Verify *Verifier    // nil asks for no proof
	On     func(Record) // told of every request when it is answered, one at a time; may be nil

	mu    sync.Mutex
	count int
	seen  map[[sha256.Size]byte]sighting
	sum   Summary
}

// Record is one request and what became of it. Only Body holds what the sender sent.
type Record struct {
	N      int       // from 1
	At     time.Time // when it came
	Method string
	Size   int           // of the body, bytes
	Proof  string        // "ok", "wrong", or "not asked"
	Reason string        // why the proof is wrong; names a header, never a value
	Event  string        // the event's type; empty when it is not known
	Lead   string        // the lead's id; empty when it is not known
	Faults string        // what breaks the partner's document; fields and rules
	Copy   int           // the how many-th request with this very body, from 1
	After  time.Duration // since the last request with this body, when Copy is above 1
	Answer int           // 0 when the connection was closed
	Left   bool          // the sender hung up before the answer
	Body   []byte
}

type sighting struct {
	count int
	last  time.Time
}

// maxBody bounds a body that is read.
const maxBody = 4 << 20

// answer is what request n gets; 0 drops it.
func (o Orders) answer(n int) (status int, ordered bool) {
	if n -= o.Drop; n <= 0 {
		return 0, true
	}
	for _, f := range o.Fail {
		if n -= f.Count; n <= 0 {
			return f.Status, true
		}
	}
	return http.StatusOK, false
}

func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	rec := Record{At: time.Now(), Method: req.Method, Proof: "not asked"}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	rec.Body, rec.Size = body, len(body)
	r.number(&rec)
	status, ordered := r.Orders.answer(rec.N)
	if r.Verify != nil {
		r.Verify.judge(&rec, req)
	}
	var large *http.MaxBytesError
	switch {
	case ordered:
	case errors.As(err, &large):
		status = http.StatusRequestEntityTooLarge
	case err != nil:
		status = http.StatusBadRequest
	case req.Method != http.MethodPost:
		status = http.StatusMethodNotAllowed
	case rec.Proof == wrong:
		status = http.StatusUnauthorized
	}
	rec.Answer = status
	if status != 0 {
		rec.Left = !wait(req, r.Orders.Slow)
	}
	r.tell(rec)
	if status == 0 || rec.Left {
		panic(http.ErrAbortHandler) // net/http closes the connection and says nothing
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "{\"status\":%d}\n", status) // a sender that is gone has its reasons
}

// wait is false when the sender hung up first.
func wait(req *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-req.Context().Done():
		return false
	}
}

// number counts the request, and those with the same body.
func (r *Receiver) number(rec *Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count++
	rec.N = r.count
	if r.seen == nil {
		r.seen = map[[sha256.Size]byte]sighting{}
	}
	key := sha256.Sum256(rec.Body)
	s := r.seen[key]
	if s.count > 0 {
		rec.After = rec.At.Sub(s.last)
	}
	s.count, s.last = s.count+1, rec.At
	r.seen[key], rec.Copy = s, s.count
}

func (r *Receiver) tell(rec Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.add(rec)
	if r.On != nil {
		r.On(rec)
	}
}
