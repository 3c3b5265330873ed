package wire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"slices"
)

// Answer is a whole answer, in memory that is used again for the next one.
type Answer struct {
	Status int
	Head   Head
	Body   []byte
	// Free says that nobody holds anything of the request any more, not even a body that was not closed.
	Free bool

	limit int64 // bytes of Body
}

// believed is the length, in bytes, up to which room for a body is made before it comes.
const believed = 1 << 20

// Head is the header of an answer, line by line.
type Head []byte

// Get is the first value of a field, whose name may be in any case; "" when there is none.
func (h Head) Get(name string) string {
	for rest := []byte(h); len(rest) > 0; {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte(lineEnd))
		if len(line) > len(name) && line[len(name)] == ':' && bytes.EqualFold(line[:len(name)], []byte(name)) {
			return string(bytes.Trim(line[len(name)+1:], " \t"))
		}
	}
	return ""
}

// ErrLong is an answer with a body longer than was allowed.
var ErrLong = errors.New("the answer is too long")

// Exchange is RoundTrip for who wants the whole answer, with a body of at most so many bytes, and keeps the memory that it is
// in. It costs less, for a plain answer is read here and no [http.Response] made of it. The end of ctx counts; the request's own
// context is not looked at. After an error nothing in the answer means anything but Free.
func (t *Transport) Exchange(ctx context.Context, req *http.Request, limit int64, into *Answer) error {
	*into = Answer{Head: into.Head[:0], Body: into.Body[:0], limit: limit}
	resp, err := t.do(ctx, req, into)
	if err == nil && resp != nil {
		err = into.Read(resp, limit)
	}
	return told(ctx, err)
}

// Read takes an answer of another transport, and closes its body.
func (a *Answer) Read(resp *http.Response, limit int64) error {
	a.Status = resp.StatusCode
	for name, values := range resp.Header {
		for _, v := range values {
			a.Head = append(append(append(append(a.Head, name...), ": "...), v...), lineEnd...)
		}
	}
	body := bytes.NewBuffer(a.Body)
	if n := resp.ContentLength; n > 0 {
		body.Grow(int(min(n, limit, believed)) + bytes.MinRead)
	}
	_, err := body.ReadFrom(io.LimitReader(resp.Body, limit+1))
	a.Body = body.Bytes()
	if closeErr := resp.Body.Close(); err == nil {
		err = closeErr
	}
	if err == nil && int64(len(a.Body)) > limit {
		err = ErrLong
	}
	return err
}

// take reads an answer if it is plain and not too long.
func (a *Answer) take(c *conn, method string) (taken bool, err error) {
	h, ok := plainHead(c.r, method)
	if !ok || int64(h.length) > min(a.limit, believed) {
		return false, nil
	}
	c.mayCome = math.MaxInt64
	a.Status, a.Head = h.code, append(a.Head, h.fields...)
	_, _ = c.r.Discard(h.size) // it is there
	if h.length > c.r.Buffered() {
		c.unbound()
	}
	a.Body = slices.Grow(a.Body, h.length)[:h.length]
	if _, err = io.ReadFull(c.r, a.Body); err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return true, err
}
