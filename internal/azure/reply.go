package azure

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
	"leadrelay/internal/wire"
)

const (
	longestAnswer = 16 << 20 // bytes; 32 messages of 64 KiB are at most 12 MiB of XML
	keep          = 1 << 20  // bytes of a buffer that is worth keeping
)

// reply is what came back.
type reply struct{ wire.Answer }

// reply is an empty one.
func (e *endpoint) reply() *reply {
	a, _ := e.replies.Get().(*reply)
	if a == nil {
		a = new(reply)
	}
	return a
}

// exchange makes the request and takes the whole answer, so that the connection is free again.
func (c *call) exchange(ctx context.Context) error {
	c.answer = c.at.reply()
	if lean, ok := c.at.transport.(*wire.Transport); ok {
		return lean.Exchange(ctx, &c.request, longestAnswer, &c.answer.Answer)
	}
	c.answer.Answer = wire.Answer{Head: c.answer.Head[:0], Body: c.answer.Body[:0]}
	c.request = *c.request.WithContext(ctx)
	resp, err := c.at.transport.RoundTrip(&c.request)
	if err != nil {
		return err
	}
	return c.answer.Read(resp, longestAnswer)
}

// bytes are the answer's body without the byte order mark that queues put in front.
func (a *reply) bytes() []byte { return bytes.TrimPrefix(a.Body, []byte("\ufeff")) }

// lost tells a call that got no answer: whether it was carried out nobody knows.
func (c *call) lost(ctx context.Context, err error) error {
	where := ""
	if given := ctx.Err(); given != nil {
		err = given
	} else {
		where = c.request.Method[:1] + strings.ToLower(c.request.Method[1:]) + " " + c.at.host + ": "
	}
	kind, text, cause := transportFault(err)
	return &lead.Error{Kind: kind, Err: &fault{text: where + text, cause: cause}}
}

// refused tells the answer of a call that hoped for another.
func (c *call) refused() error {
	return told(c.answer.Status, errorWord(word(c.answer.Head, c.answer.bytes())), c.answer.Head, c.request.Method, c.at.host)
}

// unreadable is an answer of success that nobody can read: what was asked for may be done.
func (c *call) unreadable(what string) error {
	return lead.Errorf(lead.Unavailable, "%s %s: the answer is not %s", c.request.Method, c.at.host, what)
}

// header is that of an answer, however it is kept.
type header interface{ Get(name string) string }

// told is an answer that is not what a call hoped for.
func told(status int, word string, h header, method, host string) *lead.Error {
	e := &lead.Error{Kind: responseKind(status, word), Code: strings.TrimSpace(strconv.Itoa(status) + " " + word), RetryAfter: retryAfter(h, time.Now())}
	if host != "" {
		e.Err = errors.New(method + " " + host)
	}
	return e
}

// word is the far side's own code: of the header, else of the body's JSON or XML.
func word(h header, body []byte) string {
	if code := h.Get("x-ms-error-code"); code != "" {
		return code
	}
	if code := wordOfJSON(body); code != "" {
		return code
	}
	if m := codeElement().FindSubmatch(body); m != nil {
		return string(m[1])
	}
	return ""
}

var codeElement = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`<(?:\w+:)?[cC]ode>\s*(\w+)\s*</(?:\w+:)?[cC]ode>`) })

// wordOfJSON finds {"code":…}, which may be in {"odata.error":…} or {"error":…}.
func wordOfJSON(body []byte) string {
	for _, name := range []string{"odata.error", "error", "code"} {
		d := jsontext.NewDecoder(bytes.NewBuffer(body))
		if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
			return ""
		}
		for d.PeekKind() == '"' {
			n, _ := d.ReadToken() // a name, as was peeked
			found := n.String() == name
			v, err := d.ReadValue()
			if err != nil {
				return ""
			}
			switch {
			case found && name == "code" && v.Kind() == '"':
				text, _ := jsontext.AppendUnquote(nil, v) // valid, as was read
				return string(text)
			case found && name != "code":
				return wordOfJSON(v)
			}
		}
	}
	return ""
}
