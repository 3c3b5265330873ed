package sink

import (
	"bytes"
	"errors"
)

// request is one request as it came. Its slices lie in the connection's buffer.
type request struct {
	method []byte
	path   []byte // without the query; still escaped
	query  []byte
	match  []byte // If-Match
	tunnel []byte // X-HTTP-Method
	lease  []byte // x-ms-lease-action
	accept []byte
	quiet  bool // Prefer: return-no-content
	close  bool // Connection: close
	length int  // of the body
	size   int  // of all of it
	body   []byte
}

var errHead = errors.New("sink: not a request that it understands")

// parseHead reads a request's head, with the end of its last line. Bodies are of known length: no candidate sends another.
func parseHead(head []byte) (request, error) {
	line, rest, ok := bytes.Cut(head, []byte("\r\n"))
	method, target, one := bytes.Cut(line, []byte(" "))
	target, version, two := bytes.Cut(target, []byte(" "))
	if !ok || !one || !two || !bytes.HasPrefix(version, []byte("HTTP/1.1")) {
		return request{}, errHead
	}
	r := request{method: method}
	r.path, r.query, _ = bytes.Cut(target, []byte("?"))
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		colon := bytes.IndexByte(line, ':')
		if colon < 0 {
			return request{}, errHead
		}
		if err := r.field(line[:colon], line[colon+1:]); err != nil {
			return request{}, err
		}
	}
	return r, nil
}

// field takes a header field if it is one that answers depend on. Their names are told apart by length first.
func (r *request) field(name, value []byte) error {
	is := func(s string) bool { return len(name) == len(s) && bytes.EqualFold(name, []byte(s)) }
	value = bytes.Trim(value, " \t")
	switch len(name) {
	case 6:
		switch {
		case is("Accept"):
			r.accept = value
		case is("Prefer"):
			r.quiet = bytes.Equal(value, []byte("return-no-content"))
		}
	case 8:
		if is("If-Match") {
			r.match = value
		}
	case 10:
		if is("Connection") {
			r.close = bytes.EqualFold(value, []byte("close"))
		}
	case 13:
		if is("X-HTTP-Method") {
			r.tunnel = value
		}
	case 14:
		if is("Content-Length") {
			n, ok := number(value)
			if !ok || n > maxRequest {
				return errHead
			}
			r.length = n
		}
	case 17:
		switch {
		case is("Transfer-Encoding"):
			return errHead
		case is("x-ms-lease-action"):
			r.lease = value
		}
	}
	return nil
}

func number(b []byte) (int, bool) {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' || n > maxRequest {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, len(b) > 0
}

// param is the value of a query parameter, still escaped, nil for none.
func (r *request) param(name string) []byte {
	for q := r.query; len(q) > 0; {
		var pair []byte
		pair, q, _ = bytes.Cut(q, []byte("&"))
		if k, v, _ := bytes.Cut(pair, []byte("=")); string(k) == name {
			return v
		}
	}
	return nil
}

// resource is the path behind the account, split at the first slash: queue, container or table, and the rest.
func (r *request) resource() (name, rest []byte) {
	_, path, _ := bytes.Cut(r.path[min(1, len(r.path)):], []byte("/"))
	name, rest, _ = bytes.Cut(path, []byte("/"))
	return name, rest
}
