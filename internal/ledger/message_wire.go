package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
)

// wire is a message as JSON: an event, a claim with its head, or a delivery.
type wire struct {
	V        int                `json:"v"`
	Event    *lead.EnvelopeText `json:"event"`
	Claim    string             `json:"claim"`
	Head     *head              `json:"head"`
	Delivery *Retry             `json:"delivery"`
	Key      string             `json:"key"`
	LeadKey  string             `json:"lead"`
	Content  string             `json:"content"`
	Form     string             `json:"form"`
	Via      string             `json:"via"`
	Replays  string             `json:"replays"`
	Notes    []lead.Note        `json:"notes"`
	Reject   *Rejection         `json:"reject"`
	Returned int                `json:"returned"`
}

// head is what is said of an envelope beside its claim.
type head struct {
	ID      string    `json:"id"`
	Partner string    `json:"partner"`
	Type    string    `json:"type"`
	Subject string    `json:"subject,omitempty"`
	Time    time.Time `json:"time"`
	Binary  bool      `json:"binary,omitempty"`
}

// Encode is the message as it goes on the queue, before base64.
func (m Message) Encode() ([]byte, error) {
	return m.appendTo(make([]byte, 0, 1024+len(m.Envelope.Data)))
}

// appendTo appends what Encode gives.
func (m Message) appendTo(b []byte) ([]byte, error) {
	w := writer{b: append(b, `{"v":1`...)}
	for _, p := range [...]struct{ name, value string }{
		{`,"claim":`, m.Claim}, {`,"key":`, m.Key}, {`,"lead":`, m.LeadKey}, {`,"content":`, m.Content},
		{`,"form":`, m.Form}, {`,"via":`, m.Via}, {`,"replays":`, m.Replays},
	} {
		w.text(p.name, p.value)
	}
	if len(m.Notes) > 0 {
		w.value(`,"notes":`, m.Notes)
	}
	if m.Reject != nil {
		w.value(`,"reject":`, m.Reject)
	}
	if m.Returned != 0 {
		w.b = strconv.AppendInt(append(w.b, `,"returned":`...), int64(m.Returned), 10)
	}
	switch e := m.Envelope; {
	case m.Claim != "":
		w.value(`,"head":`, head{ID: e.ID, Partner: e.Partner, Type: e.Type, Subject: e.Subject, Time: e.Time, Binary: e.Binary})
	case m.Retry != nil:
		w.value(`,"delivery":`, m.Retry)
	default: // spliced in: the payload's bytes stay as they came
		w.b = e.AppendJSON(append(w.b, `,"event":`...))
	}
	if w.err != nil {
		return nil, fmt.Errorf("encode message: %w", w.err)
	}
	return append(w.b, '}'), nil
}

// writer appends members of a JSON object, each behind `,"name":`.
type writer struct {
	b   []byte
	err error // the first
}

// text appends a string; an empty one is left out.
func (w *writer) text(name, v string) {
	if v == "" {
		return
	}
	b := append(w.b, name...)
	out, err := jsontext.AppendQuote(b, v)
	if err != nil { // invalid UTF-8: what comes in is checked, so this only keeps the text valid
		out, _ = jsontext.AppendQuote(b, strings.ToValidUTF8(v, "\uFFFD"))
	}
	w.b = out
}

// value appends what comes rarely.
func (w *writer) value(name string, v any) {
	text, err := json.Marshal(v)
	if err != nil && w.err == nil {
		w.err = err
	}
	w.b = append(append(w.b, name...), text...)
}

// ErrUnreadable says that some bytes are no message of ours.
var ErrUnreadable = errors.New("not a message of the intake")

// ParseMessage reads what [Message.Encode] wrote. The message keeps parts of b, which must not change from then on.
func ParseMessage(b []byte) (Message, error) {
	var w wire
	if err := jsonv2.Unmarshal(b, &w); err != nil {
		return Message{}, fmt.Errorf("%w: not JSON of its form", ErrUnreadable)
	}
	if !w.whole() {
		return Message{}, fmt.Errorf("%w: version, key, and event, claim with head, or delivery are needed", ErrUnreadable)
	}
	m := Message{Claim: w.Claim, Key: w.Key, LeadKey: w.LeadKey, Content: w.Content, Form: w.Form, Via: w.Via, Replays: w.Replays,
		Notes: w.Notes, Reject: w.Reject, Returned: w.Returned, Retry: w.Delivery}
	if w.Delivery != nil {
		return m, nil
	}
	if h := w.Head; h != nil {
		m.Envelope = lead.Envelope{ID: h.ID, Partner: h.Partner, Type: h.Type, Subject: h.Subject, Time: h.Time, Binary: h.Binary}
		return m, nil
	}
	var err error
	if m.Envelope, err = w.Event.Envelope(b); err != nil {
		return Message{}, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	m.text = w.Event.Text(b)
	return m, nil
}

// whole says that the message is of one form, and just one.
func (w *wire) whole() bool {
	forms := 0
	for _, has := range []bool{w.Event != nil, w.Claim != "", w.Delivery != nil} {
		if has {
			forms++
		}
	}
	return w.V == 1 && w.Key != "" && forms == 1 && (w.Claim == "") == (w.Head == nil) && (w.Delivery == nil || w.Delivery.Destination != "")
}
