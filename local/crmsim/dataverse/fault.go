package dataverse

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Fault is what goes wrong with a call, and then with the next ones until Times are used up.
type Fault struct {
	Method string // empty: any
	Path   string // a part of the path; empty: any
	Skip   int    // so many calls pass first
	Times  int    // 0 is once

	Status     int           // the call is answered so and does nothing …
	Code       string        // … with this code in the body
	RetryAfter string        // … and this header
	Text       string        // … or with this body, which is no JSON
	Slow       time.Duration // the call waits first
	Drop       bool          // the call does nothing and the connection breaks
	DropAfter  bool          // the call is done and the connection breaks before the answer
	Cut        bool          // the call is done and the answer breaks off in the middle
}

// Script adds faults; each call meets the first that fits.
func (s *Server) Script(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.faults = append(s.faults, &f)
	}
}

func (s *Server) takeFault(q *request) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.Method != "" && f.Method != q.method || !strings.Contains(q.path, f.Path) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times--; f.Times <= 0 {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		}
		copied := *f
		return &copied
	}
	return &Fault{}
}

// before does what goes wrong before a call is done; true: that was all.
func (f *Fault) before(w http.ResponseWriter, r *http.Request) bool {
	if f.Slow > 0 {
		select {
		case <-time.After(f.Slow):
		case <-r.Context().Done():
		}
	}
	switch {
	case f.Drop:
		panic(http.ErrAbortHandler)
	case f.Status == 0:
		return false
	case f.Text != "":
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(f.Status)
		_, _ = w.Write([]byte(f.Text))
		return true
	}
	a := (&failure{f.Status, f.Code, "scripted"}).answer()
	if f.RetryAfter != "" {
		a.header["Retry-After"] = f.RetryAfter
	}
	a.write(w, 0)
	return true
}

// after writes the answer of a call that was done, or breaks it.
func (f *Fault) after(w http.ResponseWriter, a answer, hint int) {
	switch {
	case f.DropAfter:
		panic(http.ErrAbortHandler)
	case f.Cut:
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)+100))
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body[:len(a.body)/2])
		panic(http.ErrAbortHandler)
	}
	a.write(w, hint)
}

func (a answer) write(w http.ResponseWriter, hint int) {
	for name, v := range a.header {
		w.Header().Set(name, v)
	}
	w.Header().Set("OData-Version", "4.0")
	w.Header().Set("x-ms-service-request-id", newID())
	if hint > 0 {
		w.Header().Set("x-ms-dop-hint", strconv.Itoa(hint))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// Calm takes away the faults that no call has met.
func (s *Server) Calm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}
