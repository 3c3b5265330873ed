package worker

import (
	"bytes"
	"strings"
	"sync"

	"leadrelay/local/host/event"
)

// The categories of a handler's lines (functions-host.md §1.6).
const (
	categoryConsole = "Host.Function.Console"
	categorySystem  = "system"
	categoryTooling = "tooling"
)

// Classify sorts one line of a handler's output (functions-host.md §1.6): the line without its prefix, its category and its level.
// errorsOnly is useStdErrorStreamForErrorsOnly.
func Classify(line string, stderr, errorsOnly bool) (text, category string, level event.Level) {
	level = event.Info
	if stderr {
		level = stderrLevel(line, errorsOnly)
	}
	for prefix, category := range map[string]string{"LanguageWorkerConsoleLog": categorySystem, "azfuncjsonlog:": categoryTooling} {
		if len(line) >= len(prefix) && strings.EqualFold(line[:len(prefix)], prefix) {
			return line[len(prefix):], category, level
		}
	}
	return line, categoryConsole, level
}

func stderrLevel(line string, errorsOnly bool) event.Level {
	lower := strings.ToLower(line)
	contains := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(lower, w) {
				return true
			}
		}
		return false
	}
	switch {
	case contains("warn"):
		return event.Warning
	case errorsOnly, contains("error", "fail", "severe", "unhandled exception"):
		return event.Error
	}
	return event.Info
}

// lines cuts a stream into lines and hands them on; it is the writer behind stdout or stderr.
type lines struct {
	mu   sync.Mutex
	rest []byte
	emit func(line string)
}

const maxLine = 1 << 20 // a longer line is cut, so that a handler cannot fill the host's memory

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		line, rest, found := bytes.Cut(l.rest, []byte("\n"))
		if !found {
			if len(l.rest) < maxLine {
				return len(p), nil
			}
			line, rest = l.rest, nil
		}
		l.emit(strings.TrimSuffix(string(line), "\r"))
		l.rest = append([]byte(nil), rest...)
	}
}

// flush hands on a last line without an end.
func (l *lines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rest) > 0 {
		l.emit(string(l.rest))
		l.rest = nil
	}
}
