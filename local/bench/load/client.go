package load

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// Client is one connection. It is used by one at a time.
type Client struct {
	net net.Conn
	buf []byte
	n   int // read and not yet used; nothing is left between answers
}

func newClient(c net.Conn) *Client { return &Client{net: c, buf: make([]byte, 16<<10)} }

// Dial opens a connection.
func Dial(address string) (*Client, error) {
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, err
	}
	return newClient(c), nil
}

// Close ends the connection.
func (c *Client) Close() error { return c.net.Close() }

// patience is how long an answer may take: then something hangs.
const patience = 30 * time.Second

// Post makes a POST request as it goes over the wire.
func Post(host, path string, header map[string]string, body []byte) []byte {
	b := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n", path, host, len(body))
	for name, value := range header {
		b = fmt.Appendf(b, "%s: %s\r\n", name, value)
	}
	return append(append(b, "\r\n"...), body...)
}

// Same gives every time the same request.
func Same(request []byte) func(int64) []byte { return func(int64) []byte { return request } }

// Once sends one request over a new connection and gives the status and the body of the answer.
func Once(address string, request []byte) (status int, body string, err error) {
	c, err := Dial(address)
	if err != nil {
		return 0, "", err
	}
	defer c.Close()
	status, text, err := c.exchange(request)
	return status, string(text), err
}

// Do sends a request, reads the whole answer and gives its status. It allocates nothing.
func (c *Client) Do(request []byte) (status int, err error) {
	status, _, err = c.exchange(request)
	return status, err
}

var errAnswer = errors.New("an answer that is no HTTP/1.1 of known length")

// exchange sends a request and reads the whole answer, whose body is good until the next one.
func (c *Client) exchange(request []byte) (status int, body []byte, err error) {
	if err := c.net.SetDeadline(time.Now().Add(patience)); err != nil {
		return 0, nil, err
	}
	if _, err := c.net.Write(request); err != nil {
		return 0, nil, err
	}
	for c.n = 0; ; {
		if c.n == len(c.buf) {
			c.buf = append(c.buf, make([]byte, len(c.buf))...)
		}
		n, err := c.net.Read(c.buf[c.n:])
		if c.n += n; n == 0 && err != nil {
			return 0, nil, err
		}
		head, rest, whole := bytes.Cut(c.buf[:c.n], []byte("\r\n\r\n"))
		if !whole {
			continue
		}
		status, length, err := parse(head)
		if err != nil || len(rest) > length {
			return status, nil, errAnswer
		}
		if len(rest) == length {
			return status, rest, nil
		}
	}
}

// parse reads the status and the length of a body out of an answer's head.
func parse(head []byte) (status, length int, err error) {
	line, rest, _ := bytes.Cut(head, []byte("\r\n"))
	if len(line) < len("HTTP/1.1 200") || string(line[:9]) != "HTTP/1.1 " {
		return 0, 0, errAnswer
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, errAnswer
	}
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case len(name) == 14 && bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return status, 0, errAnswer
			}
			return status, length, nil
		case len(name) == 17 && bytes.EqualFold(name, []byte("Transfer-Encoding")):
			return status, 0, errAnswer
		}
	}
	return status, 0, nil
}
