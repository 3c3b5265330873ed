package main

import (
	"crypto/subtle"
	"encoding/json"

	"github.com/mailru/easyjson"

	"leadrelay/local/bench/floor/schema"
)

// judge says what is answered to a lead before it is put into the queue.
type judge struct {
	key    []byte
	decode func(body []byte, l *schema.Lead) error
}

// status is 200, 400 or 401.
func (j judge) status(key, body []byte) int {
	if subtle.ConstantTimeCompare(key, j.key) != 1 {
		return 401
	}
	var l schema.Lead
	if err := j.decode(body, &l); err != nil || l.Check() != "" {
		return 400
	}
	return 200
}

func generated(body []byte, l *schema.Lead) error { return easyjson.Unmarshal(body, l) }
func reflected(body []byte, l *schema.Lead) error { return json.Unmarshal(body, l) }

const (
	accepted = `{"status":"accepted"}`
	maxBody  = 256 << 10
)

// appendMessage appends the body of Put Message: the text with the three characters escaped that XML needs, and CR.
func appendMessage(b, text []byte) []byte {
	b = append(b, "<QueueMessage><MessageText>"...)
	for len(text) > 0 {
		n := 0
		for n < len(text) && text[n] != '&' && text[n] != '<' && text[n] != '>' && text[n] != '\r' {
			n++
		}
		b, text = append(b, text[:n]...), text[n:]
		if len(text) == 0 {
			break
		}
		b = append(b, map[byte]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '\r': "&#xD;"}[text[0]]...)
		text = text[1:]
	}
	return append(b, "</MessageText></QueueMessage>"...)
}
