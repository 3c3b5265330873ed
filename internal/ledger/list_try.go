package ledger

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Try is an entry in the log of a delivery: a try, or what was decided without one.
type Try struct {
	N       int       `json:"n,omitempty"` // which try it was, from 1; 0: none was made
	At      time.Time `json:"at"`
	MS      int64     `json:"ms,omitempty"` // how long it took
	State   State     `json:"state"`        // in which the delivery was after it
	Code    string    `json:"code,omitempty"`
	ID      string    `json:"id,omitempty"` // Azure message id or ETag
	Assumed bool      `json:"assumed,omitempty"`
	Reason  string    `json:"reason,omitempty"` // at most 200 bytes
	Replay  string    `json:"replay,omitempty"` // the id of the replay that asked for the next one
}

const (
	loggedTries = 20
	maxReason   = 200
)

// packLog adds an outcome to the log of a delivery, of which the last twenty entries are kept.
func packLog(before []Try, o Outcome, tries int, now time.Time) string {
	t := Try{At: now.UTC(), State: o.State, Code: o.Code, ID: o.ID, Assumed: o.Assumed, Reason: shorten(o.Reason), Replay: o.Replay}
	if !o.Started.IsZero() {
		t.N, t.At, t.MS = tries+1, o.Started.UTC(), o.Took.Milliseconds()
	}
	w := writer{b: make([]byte, 0, 160*(len(before)+1))}
	w.b = append(w.b, '[')
	for _, b := range before[max(0, len(before)+1-loggedTries):] {
		b.append(&w)
		w.b = append(w.b, ',')
	}
	t.append(&w)
	return string(append(w.b, ']'))
}

// append writes the entry as encoding/json would.
func (t Try) append(w *writer) {
	w.b = append(w.b, '{')
	if t.N != 0 {
		w.b = append(strconv.AppendInt(append(w.b, `"n":`...), int64(t.N), 10), ',')
	}
	w.b = append(t.At.AppendFormat(append(w.b, `"at":"`...), time.RFC3339Nano), '"')
	if t.MS != 0 {
		w.b = strconv.AppendInt(append(w.b, `,"ms":`...), t.MS, 10)
	}
	w.text(`,"state":`, string(t.State))
	w.text(`,"code":`, t.Code)
	w.text(`,"id":`, t.ID)
	if t.Assumed {
		w.b = append(w.b, `,"assumed":true`...)
	}
	w.text(`,"reason":`, t.Reason)
	w.text(`,"replay":`, t.Replay)
	w.b = append(w.b, '}')
}

func unpackLog(text string) []Try {
	var log []Try
	if text == "" || json.Unmarshal([]byte(text), &log) != nil {
		return nil
	}
	return log
}

// shorten cuts a text to maxReason bytes, between characters.
func shorten(s string) string {
	s = strings.ToValidUTF8(s, "?")
	if len(s) <= maxReason {
		return s
	}
	cut := maxReason - len("…")
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// Waits says that the delivery waits for a person.
func (d Delivery) Waits() bool { return d.State == Held && strings.HasPrefix(d.open, waitingPrefix) }
