package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"leadrelay/local/play/receiver"
)

// receivePrinter tells of requests as they are answered.
type receivePrinter struct {
	out        io.Writer
	json, show bool
}

// receivedLine is a request as --json tells it.
type receivedLine struct {
	N      int       `json:"n"`
	Time   time.Time `json:"time"`
	Method string    `json:"method"`
	Bytes  int       `json:"bytes"`
	Proof  string    `json:"proof"`
	Reason string    `json:"reason,omitempty"`
	Event  string    `json:"event,omitempty"`
	Lead   string    `json:"lead,omitempty"`
	Faults string    `json:"faults,omitempty"`
	Copy   int       `json:"copy"`
	After  int64     `json:"after_ms,omitempty"`
	Answer int       `json:"answer"` // 0: the connection was closed
	Left   bool      `json:"hung_up,omitempty"`
	Body   *string   `json:"body,omitempty"`
}

func (p receivePrinter) begin(url string) {
	if p.json {
		_ = json.NewEncoder(p.out).Encode(map[string]string{"url": url}) // the end tells of a closed pipe
		return
	}
	fmt.Fprintf(p.out, "receiving at %s, any path; Ctrl-C ends\n", url)
}

// record is told of every request, one at a time.
func (p receivePrinter) record(r receiver.Record) {
	body := strings.ToValidUTF8(string(r.Body), string(utf8.RuneError))
	if p.json {
		l := receivedLine{N: r.N, Time: r.At, Method: r.Method, Bytes: r.Size, Proof: r.Proof, Reason: r.Reason, Event: r.Event, Lead: r.Lead,
			Faults: r.Faults, Copy: r.Copy, After: r.After.Milliseconds(), Answer: r.Answer, Left: r.Left}
		if p.show {
			l.Body = &body
		}
		_ = json.NewEncoder(p.out).Encode(l) // the end tells of a closed pipe
		return
	}
	fmt.Fprintln(p.out, receivedText(r))
	if p.show {
		fmt.Fprintf(p.out, "    %q\n", body)
	}
}

// receivedText is one request: "12:00:01.250  POST 1432 B  proof ok  crf.lead 4626…  copy 2, 5s later  -> 503".
func receivedText(r receiver.Record) string {
	parts := []string{r.At.Format("15:04:05.000"), fmt.Sprintf("%s %d B", r.Method, r.Size)}
	switch {
	case r.Reason != "":
		parts = append(parts, "proof wrong: "+r.Reason)
	case r.Proof == "ok":
		parts = append(parts, "proof ok")
	}
	if about := strings.TrimSpace(r.Event + " " + r.Lead); about != "" {
		parts = append(parts, about)
	}
	if r.Faults != "" {
		parts = append(parts, "breaks the document: "+r.Faults)
	}
	if r.Copy > 1 {
		parts = append(parts, fmt.Sprintf("copy %d, %v later", r.Copy, r.After.Round(time.Millisecond)))
	}
	switch {
	case r.Left:
		parts = append(parts, "-> nobody: the sender hung up")
	case r.Answer == 0:
		parts = append(parts, "-> dropped")
	default:
		parts = append(parts, fmt.Sprintf("-> %d", r.Answer))
	}
	return strings.Join(parts, "  ")
}

func (p receivePrinter) end(s receiver.Summary) error {
	if p.json {
		return json.NewEncoder(p.out).Encode(map[string]receiver.Summary{"summary": s})
	}
	return s.Write(p.out)
}
