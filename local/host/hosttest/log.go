package hosttest

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leadrelay/local/host/event"
)

// Patience is how long tests wait for what must come; only a failing test waits so long.
const Patience = 60 * time.Second

// Event is one line of the host's log, read back.
type Event map[string]any

// Text returns a field as a string, "" if it is none.
func (e Event) Text(name string) string {
	s, _ := e[name].(string)
	return s
}

// Number returns a field as a whole number, 0 if it is none.
func (e Event) Number(name string) int {
	n, _ := e[name].(float64)
	return int(n)
}

// Log gathers events. It is the io.Writer of an event.Log.
type Log struct {
	*event.Log

	mu      sync.Mutex
	events  []Event
	partial string
	changed chan struct{}
}

// NewLog returns an empty log.
func NewLog() *Log {
	l := &Log{changed: make(chan struct{})}
	l.Log = event.New(sink{l}, true)
	return l
}

// sink keeps the method Write of the io.Writer apart from that of event.Log.
type sink struct{ log *Log }

// Write takes JSON lines, whole or in parts.
func (s sink) Write(p []byte) (int, error) {
	l := s.log
	l.mu.Lock()
	defer l.mu.Unlock()
	l.partial += string(p)
	for {
		line, rest, found := strings.Cut(l.partial, "\n")
		if !found {
			break
		}
		l.partial = rest
		var e Event
		if json.Unmarshal([]byte(line), &e) != nil {
			e = Event{"event": "unreadable", "message": line}
		}
		l.events = append(l.events, e)
	}
	close(l.changed)
	l.changed = make(chan struct{})
	return len(p), nil
}

// Writer returns the log as a writer, for a process's stdout.
func (l *Log) Writer() interface{ Write([]byte) (int, error) } { return sink{l} }

// All returns the events of a name so far; "" is every name.
func (l *Log) All(name string) []Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []Event
	for _, e := range l.events {
		if name == "" || e.Text("event") == name {
			list = append(list, e)
		}
	}
	return list
}

// Wait returns the first event of a name that matches; nil matches all. It fails the test if none comes.
func (l *Log) Wait(t testing.TB, name string, match func(Event) bool) Event {
	t.Helper()
	return l.WaitN(t, name, 1, match)[0]
}

// WaitN waits for n events of a name that match, and returns them.
func (l *Log) WaitN(t testing.TB, name string, n int, match func(Event) bool) []Event {
	t.Helper()
	deadline := time.After(Patience)
	for {
		l.mu.Lock()
		changed := l.changed
		l.mu.Unlock()
		found := slices.DeleteFunc(l.All(name), func(e Event) bool { return match != nil && !match(e) })
		if len(found) >= n {
			return found[:n]
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("no %d events %q within %v; there were:\n%s", n, name, Patience, l.Dump())
		}
	}
}

// Dump returns every event as text, for a failing test.
func (l *Log) Dump() string {
	var b strings.Builder
	for _, e := range l.All("") {
		text, _ := json.Marshal(e) // came from JSON
		b.Write(text)
		b.WriteByte('\n')
	}
	return b.String()
}

// Requests returns what the handler process has received so far, from the lines that it wrote.
func (l *Log) Requests() []Request {
	var list []Request
	for _, e := range l.All(event.Console) {
		if text, ok := strings.CutPrefix(e.Text("line"), "REQ "); ok {
			var r Request
			if json.Unmarshal([]byte(text), &r) == nil {
				list = append(list, r)
			}
		}
	}
	return list
}

// WaitRequest waits for a request to the handler that matches.
func (l *Log) WaitRequest(t testing.TB, match func(Request) bool) Request {
	t.Helper()
	var found Request
	l.Wait(t, event.Console, func(e Event) bool {
		text, ok := strings.CutPrefix(e.Text("line"), "REQ ")
		var r Request
		if !ok || json.Unmarshal([]byte(text), &r) != nil || (match != nil && !match(r)) {
			return false
		}
		found = r
		return true
	})
	return found
}
