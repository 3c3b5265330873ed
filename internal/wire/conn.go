package wire

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"math"
	"net"
	"net/http"
	"net/textproto"
	"time"
)

// longestHead is that of an answer, in bytes, the 1xx before it included.
const longestHead = 64 << 10

// conn is a connection. One request has it at a time, or the pool.
type conn struct {
	net.Conn               // TLS, or the socket itself
	socket   net.Conn      // what was dialled
	abort    func()        // closes the socket, at once and from any goroutine
	r        *bufio.Reader // of the conn
	at       endpoint
	owner    *Transport
	since    time.Time // in the pool
	until    time.Time // the deadline of the last request, when the connection has it still; not that of the handshake

	mayCome     int64 // bytes that may still come before the answer's head is too long
	sent, heard bool  // a byte of this request, of this answer
	fault       error // of reading, which a parser may tell as one of its own
}

// roundTrip makes one request, now. An answer that is plain goes into whole, if there is one, and nil comes back. After an
// error the connection is closed.
func (c *conn) roundTrip(ctx context.Context, req *http.Request, all []byte, now time.Time, whole *Answer) (*http.Response, error) {
	stop := context.AfterFunc(ctx, c.abort)
	resp, err := c.exchange(req, all, now, whole)
	if err != nil {
		stop()
		c.abort()
		return nil, err
	}
	if resp == nil {
		c.release(stop())
		return nil, nil
	}
	switch n := resp.ContentLength; {
	case resp.Body == http.NoBody:
		c.release(stop() && !resp.Close)
	case n > 0 && n <= int64(c.r.Buffered()):
		resp.Body = readMemory(c.r, int(n))
		c.release(stop() && !resp.Close)
	default:
		c.unbound()
		resp.Body = &stream{body: resp.Body, c: c, keep: !resp.Close, ctx: ctx, stop: stop}
	}
	return resp, nil
}

// exchange sends a request and reads its answer up to the body, or into whole.
func (c *conn) exchange(req *http.Request, all []byte, now time.Time, whole *Answer) (*http.Response, error) {
	c.mayCome, c.sent, c.heard, c.fault = longestHead, false, false, nil
	if err := c.bound(c.owner.Base.ResponseHeaderTimeout, now); err != nil {
		return nil, err
	}
	n, err := c.Write(all)
	c.sent = n > 0
	if err != nil {
		return nil, err
	}
	if whole != nil {
		if _, err := c.r.Peek(1); err != nil {
			return nil, err
		}
		if taken, err := whole.take(c, req.Method); taken {
			return nil, err
		}
	}
	for {
		resp, err := http.ReadResponse(c.r, req)
		if err != nil {
			return nil, cmp.Or(c.fault, err)
		}
		if resp.StatusCode == http.StatusSwitchingProtocols {
			return nil, textproto.ProtocolError("the answer switches protocols unasked")
		}
		if resp.StatusCode/100 != 1 {
			c.mayCome = math.MaxInt64
			return resp, nil
		}
	}
}

// bound gives a request so long, or up to a tenth less, where the deadline of the last one does as well; 0 is no bound.
func (c *conn) bound(d time.Duration, now time.Time) error {
	end := until(d, now)
	if less := end.Sub(c.until); d > 0 && less >= 0 && less <= d/10 {
		return nil
	}
	c.until = end
	return c.SetDeadline(end)
}

// unbound leaves what is to come to the context; a closed connection says so to the reader.
func (c *conn) unbound() {
	c.until = time.Time{}
	_ = c.SetDeadline(c.until)
}

// release keeps a connection whose answer was read to its end. One that has more to say has lost step: it is closed.
func (c *conn) release(reusable bool) {
	if reusable && c.r.Buffered() == 0 { // its deadline stays: nobody reads until the next one is set
		c.owner.idle.put(c)
		return
	}
	_ = c.Close() // nobody waits for anything on it
}

// lost tells that a kept connection was dead, and that the request may go out again: the server cannot have got it, or
// may get it twice. As in net/http, that is never so for a POST of which a byte was written.
func (c *conn) lost(ctx context.Context, req *http.Request, err error) bool {
	var slow net.Error
	if c.heard || ctx.Err() != nil || errors.As(err, &slow) && slow.Timeout() {
		return false
	}
	switch req.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return !c.sent
}

// Read fails when an answer's head has become too long.
func (c *conn) Read(p []byte) (int, error) {
	if c.mayCome <= 0 {
		c.fault = textproto.ProtocolError("the answer's header is too long")
		return 0, c.fault
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), c.mayCome)])
	c.mayCome -= int64(n)
	c.heard, c.fault = c.heard || n > 0, err
	return n, err
}
