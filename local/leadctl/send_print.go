package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"leadrelay/local/play"
)

// sendPrinter tells of a run: JSON lines, or a line for each try; a terminal gets one line that moves when there are many.
type sendPrinter struct {
	out      io.Writer
	flags    *sendFlags
	host     string
	bare     bool // no secret proves who sends
	moving   bool
	accepted int
	failed   int // tries
	done     int // notifications that are decided
	shown    time.Time
}

// manyLines is how many notifications a terminal shows line by line.
const manyLines = 20

func newSendPrinter(out io.Writer, f *sendFlags, e play.Endpoint) *sendPrinter {
	return &sendPrinter{out: out, flags: f, host: e.Host(), bare: e.Proofless() && f.target.token == "" && f.target.url != "",
		moving: !f.json && f.count > manyLines && isTerminal(out)}
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (p *sendPrinter) begin() {
	f := p.flags
	if f.json {
		return
	}
	fmt.Fprintf(p.out, "%s sends %s to %s", f.partner.Title, play.Count(f.count, f.partner.Unit), p.host)
	if f.file == "" {
		fmt.Fprintf(p.out, " (seed %d)", f.options.Seed)
	}
	fmt.Fprintln(p.out)
	if f.fast {
		fmt.Fprintf(p.out, "its waits between tries are divided by %d\n", fast)
	}
	if p.bare {
		fmt.Fprintln(p.out, "without a secret: nothing but the URL itself proves who sends")
	}
}

// sentTry is a try as --json tells it.
type sentTry struct {
	Lead    string       `json:"lead"`
	Event   string       `json:"event,omitempty"`
	Try     int          `json:"try"`
	Status  int          `json:"status"` // 0 without an answer
	MS      play.Millis  `json:"ms"`
	Verdict play.Verdict `json:"verdict"`
	Wait    int64        `json:"wait_ms,omitempty"` // until the next try, by the partner's clock
	Receipt string       `json:"receipt,omitempty"`
	Error   string       `json:"error,omitempty"`
}

// step is told of every try, one at a time.
func (p *sendPrinter) step(s play.Step) {
	if p.flags.json {
		_ = json.NewEncoder(p.out).Encode(sentTry{s.Lead, s.Event, s.Try, s.Attempt.Status, play.Millis(s.Attempt.Took), s.Verdict,
			s.Wait.Milliseconds(), s.Attempt.Receipt, errorText(s.Attempt.Err)}) // the end of the run tells of a closed pipe
		return
	}
	switch s.Verdict {
	case play.Accepted:
		p.accepted++
		p.done++
	case play.Retry:
		p.failed++
	case play.GaveUp, play.Stopped:
		p.failed++
		p.done++
	}
	if !p.moving || s.Verdict == play.GaveUp {
		p.clear()
		fmt.Fprintln(p.out, line(p.flags.partner, s))
	}
	if p.moving && time.Since(p.shown) > 100*time.Millisecond {
		p.clear()
		fmt.Fprintf(p.out, "%d of %d decided, %d accepted, %d failed tries", p.done, p.flags.count, p.accepted, p.failed)
		p.shown = time.Now()
	}
}

// line is one try: "event 44921 contract_signed  try 2 of 4  503 in 3 ms, again in 20s".
func line(p play.Partner, s play.Step) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", p.Unit, s.Lead)
	if s.Event != "" {
		fmt.Fprintf(&b, " %s", s.Event)
	}
	if s.Try > 1 || s.Verdict == play.Retry {
		fmt.Fprintf(&b, "  try %d of %d", s.Try, s.Of)
	}
	switch s.Verdict {
	case play.Stopped:
		return b.String() + "  stopped before the answer came"
	case play.Accepted:
		fmt.Fprintf(&b, "  %v  %s", s.Attempt, s.Attempt.Receipt)
	case play.Retry:
		fmt.Fprintf(&b, "  %v; again in %s", s.Attempt, short(s.Wait))
	case play.GaveUp:
		fmt.Fprintf(&b, "  %v; gave up", s.Attempt)
	}
	return strings.TrimRight(b.String(), " ")
}

// short is a duration without its zeros: 5m, not 5m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// clear empties the moving line.
func (p *sendPrinter) clear() {
	if p.moving {
		fmt.Fprint(p.out, "\r\033[K")
	}
}

func (p *sendPrinter) end(sum play.Summary) error {
	if p.flags.json {
		type summary struct {
			play.Summary
			Seed *uint64 `json:"seed,omitempty"`
		}
		s := summary{Summary: sum}
		if p.flags.file == "" {
			s.Seed = &p.flags.options.Seed
		}
		return json.NewEncoder(p.out).Encode(map[string]summary{"summary": s})
	}
	p.clear()
	if p.flags.count > 1 || sum.Accepted == 0 || sum.Retried > 0 {
		return sum.Write(p.out, p.flags.partner)
	}
	return nil
}
