package sink

import (
	"bytes"
	"errors"
	"net"
	"time"
)

// conn is one connection with its buffers. Nothing is allocated for a request.
type conn struct {
	sink    *Sink
	net     net.Conn
	service Service
	in      []byte // what was read; [from:to] is not yet served
	from    int
	to      int
	out     []byte // the answer, head and body
	body    []byte // scratch for a body whose length the head has to name
	small   []byte // scratch for an ETag
	wake    chan struct{}
}

const (
	firstBuffer = 16 << 10
	maxRequest  = 8 << 20
	maxKept     = 1 << 20 // a larger buffer is not used again
)

// buffers are those of a connection; they go on to another when it ends.
type buffers struct{ in, out, body []byte }

func newBuffers() any {
	return &buffers{make([]byte, firstBuffer), make([]byte, 0, firstBuffer), make([]byte, 0, firstBuffer)}
}

func newConn(s *Sink, c net.Conn, service Service) *conn {
	b := s.buffers.Get().(*buffers)
	return &conn{sink: s, net: c, service: service, in: b.in, out: b.out, body: b.body, wake: make(chan struct{}, 1)}
}

func (c *conn) serve() {
	defer c.release()
	for {
		r, err := c.read()
		if err != nil {
			return // the client is gone, or speaks something else
		}
		n := &c.sink.counters
		c.out = c.out[:0]
		op := c.answer(r)
		n.requests[op].Add(1)
		n.bodies[op].Add(int64(len(r.body)))
		n.in.Add(int64(r.size))
		n.out.Add(int64(len(c.out)))
		c.pause()
		if _, err := c.net.Write(c.out); err != nil || r.close {
			return
		}
		c.from += r.size
	}
}

// pause is the delay of the service. Each connection has a goroutine, so they wait side by side.
func (c *conn) pause() {
	d := time.Duration(c.sink.delay[c.service].Load())
	if d <= 0 {
		return
	}
	started := time.Now()
	c.sink.alarm.sleep(d, c.wake)
	c.sink.counters.waits.Add(1)
	c.sink.counters.waited.Add(int64(time.Since(started)))
}

func (c *conn) release() {
	if len(c.in)+cap(c.out)+cap(c.body) > maxKept {
		return
	}
	c.sink.buffers.Put(&buffers{c.in, c.out, c.body})
}

var errLong = errors.New("sink: a request that is too long")

// read gives the next request. Its slices are good until the next read.
func (c *conn) read() (request, error) {
	if c.from == c.to {
		c.from, c.to = 0, 0
	}
	size := 0 // of the whole request, once its head is there
	var r request
	for {
		if size == 0 {
			if end := bytes.Index(c.in[c.from:c.to], []byte("\r\n\r\n")); end >= 0 {
				var err error
				if r, err = parseHead(c.in[c.from : c.from+end+2]); err != nil {
					return r, err
				}
				r.size = end + 4 + r.length
				size = r.size
			}
		}
		if size > 0 && c.to-c.from >= size {
			// parsed anew where the buffer has moved since
			all := c.in[c.from : c.from+size]
			r, err := parseHead(all[:size-r.length-2])
			r.size, r.body = size, all[size-r.length:]
			return r, err
		}
		if err := c.fill(size); err != nil {
			return r, err
		}
	}
}

// fill reads more, and makes room for a request of a size.
func (c *conn) fill(size int) error {
	if need := max(size, c.to-c.from+1); c.from+need > len(c.in) {
		if need > maxRequest {
			return errLong
		}
		to := c.in
		if need > len(c.in) {
			to = make([]byte, 2*need)
		}
		c.to = copy(to, c.in[c.from:c.to])
		c.from, c.in = 0, to
	}
	n, err := c.net.Read(c.in[c.to:])
	c.to += n
	if n > 0 {
		return nil
	}
	return err
}
