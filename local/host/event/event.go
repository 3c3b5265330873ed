// Package event writes down what the host does: lines that a person can read or, on request, JSON objects that a script can.
// It takes no request bodies, paths or query strings: callers name functions and statuses only.
package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// The events that scripts may rely on; every other name may change.
const (
	Listening     = "listening"      // url: the HTTP front is bound
	WorkerStarted = "worker.started" // pid, port
	WorkerReady   = "worker.ready"   // pid
	WorkerExited  = "worker.exited"  // pid, code, and signal when one killed it
	Ready         = "ready"          // the worker is ready and every trigger listens
	Console       = "console"        // line: one line of the handler's own output
	Invocation    = "invocation"     // function, id, ok, ms, reason
	Stopping      = "stopping"       // reason
	Restarting    = "restarting"     // reason: a file of the app has changed; ready comes again
	Trigger       = "trigger"        // function: what a timer or queue listener does
	Config        = "config"         // one complaint about the configuration a line
	Failed        = "failed"         // why the host stops itself
	UserLog       = "log"            // function, id, line: one entry of a response's Logs (§3)
)

// A Level is how loud a line is: info, warning or error.
type Level string

// The three levels.
const (
	Info    Level = "info"
	Warning Level = "warning"
	Error   Level = "error"
)

// Log writes events to one writer, one line each, from any goroutine.
type Log struct {
	mu   sync.Mutex
	w    io.Writer
	json bool
	now  func() time.Time
}

// New returns a Log that writes lines for people to w, or JSON objects if asJSON.
func New(w io.Writer, asJSON bool) *Log {
	return &Log{w: w, json: asJSON, now: time.Now}
}

// Info writes an event at level info; args are names and values in turn.
func (l *Log) Info(event, message string, args ...any) { l.Write(Info, event, message, args...) }

// Warn writes an event at level warning.
func (l *Log) Warn(event, message string, args ...any) { l.Write(Warning, event, message, args...) }

// Error writes an event at level error.
func (l *Log) Error(event, message string, args ...any) { l.Write(Error, event, message, args...) }

// Write writes an event at the given level; args are names and values in turn.
func (l *Log) Write(level Level, event, message string, args ...any) {
	var line []byte
	if l.json {
		line = jsonLine(l.now(), level, event, message, args)
	} else {
		line = textLine(l.now(), level, event, message, args)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = l.w.Write(line) // a log that cannot be written has nowhere to say so
}

func jsonLine(now time.Time, level Level, event, message string, args []any) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	field := func(name string, value any) {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		text, err := json.Marshal(value)
		if err != nil {
			text, _ = json.Marshal(fmt.Sprint(value))
		}
		key, _ := json.Marshal(name)
		b.Write(key)
		b.WriteByte(':')
		b.Write(text)
	}
	field("time", now.UTC().Format("2006-01-02T15:04:05.000Z07:00"))
	field("level", level)
	field("event", event)
	field("message", message)
	for i := 0; i+1 < len(args); i += 2 {
		field(fmt.Sprint(args[i]), plain(args[i+1]))
	}
	b.WriteString("}\n")
	return b.Bytes()
}

func plain(value any) any {
	switch v := value.(type) {
	case error:
		return v.Error()
	case fmt.Stringer:
		return v.String()
	}
	return value
}

func textLine(now time.Time, level Level, event, message string, args []any) []byte {
	var b strings.Builder
	b.WriteString(now.Format("15:04:05.000 "))
	if event == Console {
		fmt.Fprintf(&b, "%-7s | %s\n", level, message)
		return []byte(b.String())
	}
	fmt.Fprintf(&b, "%-7s %s: %s", level, event, strings.ReplaceAll(message, "\n", "; ")) // one line each
	for i := 0; i+1 < len(args); i += 2 {
		if text, ok := args[i+1].(string); ok && text != "" && strings.Contains(message, text) {
			continue // said already
		}
		fmt.Fprintf(&b, " %v=%s", args[i], quoted(fmt.Sprint(plain(args[i+1]))))
	}
	b.WriteByte('\n')
	return []byte(b.String())
}

func quoted(s string) string {
	if s == "" || strings.ContainsAny(s, " \t\r\n\"=") {
		return fmt.Sprintf("%q", s)
	}
	return s
}
