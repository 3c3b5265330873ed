package wire

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/net/http/httpguts"
)

// longestBody is the longest request body, in bytes, that goes out in one write with its head.
const longestBody = 256 << 10

// buffers hold one request each while it is sent, or one small body of an answer until it is closed.
var buffers = sync.Pool{New: func() any { return new(make([]byte, 0, 8<<10)) }}

// appendHead writes the request line and the header of a plain request; it reports false for one that is not plain.
func appendHead(b []byte, req *http.Request) (_ []byte, plain bool) {
	u := req.URL
	if u == nil || !plainFrame(req) {
		return b, false
	}
	method, host, path := req.Method, req.Host, u.EscapedPath()
	if method == "" {
		method = http.MethodGet
	}
	if host == "" {
		host = u.Host
	}
	if path == "" {
		path = "/"
	}
	if !token(method) || method == http.MethodConnect || !plainHost(host) || !plainHost(u.Host) || !visible(path) || !visible(u.RawQuery) {
		return b, false
	}
	b = append(append(append(b, method...), ' '), path...)
	if u.ForceQuery || u.RawQuery != "" {
		b = append(append(b, '?'), u.RawQuery...)
	}
	b = append(append(append(b, " HTTP/1.1\r\nHost: "...), host...), "\r\n"...)
	if _, given := req.Header["User-Agent"]; !given {
		b = append(b, "User-Agent: Go-http-client/1.1\r\n"...)
	}
	if b, plain = appendHeader(b, req.Header); !plain {
		return b, false
	}
	if hasBody(req) || method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch {
		b = append(strconv.AppendInt(append(b, "Content-Length: "...), req.ContentLength, 10), "\r\n"...)
	}
	return append(b, "\r\n"...), true
}

// plainFrame tells a request for a host by http or https with a body of a length that is known and not too long.
func plainFrame(req *http.Request) bool {
	switch {
	case req.URL.Scheme != "http" && req.URL.Scheme != "https", req.URL.Opaque != "", req.Header == nil:
		return false
	case hasBody(req) && req.ContentLength <= 0, !hasBody(req) && req.ContentLength != 0, req.ContentLength > longestBody:
		return false
	}
	return len(req.TransferEncoding) == 0 && len(req.Trailer) == 0 && !req.Close
}

// appendHeader writes the fields, with their names as they are given.
func appendHeader(b []byte, h http.Header) (_ []byte, plain bool) {
	for name, values := range h {
		switch name {
		case "Host", "Content-Length":
			continue // the request's own fields decide
		case "Connection", "Expect", "Te", "Trailer", "Transfer-Encoding", "Upgrade":
			return b, false
		}
		if !token(name) {
			return b, false
		}
		for _, v := range values {
			if !httpguts.ValidHeaderFieldValue(v) {
				return b, false
			}
			b = append(append(append(append(b, name...), ": "...), v...), "\r\n"...)
		}
	}
	return b, true
}

// appendBody writes the whole body, and closes it.
func appendBody(b []byte, req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return b, nil
	}
	defer func() { _ = req.Body.Close() }() // as net/http does
	if !hasBody(req) {
		return b, nil
	}
	head, want := len(b), int(req.ContentLength)
	b = append(b, make([]byte, want+1)...) // one more than there should be
	got, err := io.ReadFull(req.Body, b[head:])
	switch {
	case got != want && (err == nil || err == io.EOF || err == io.ErrUnexpectedEOF):
		return b, fmt.Errorf("http: ContentLength=%d with a Body of another length", want)
	case err != io.ErrUnexpectedEOF:
		return b, err
	}
	return b[:head+want], nil
}

func hasBody(req *http.Request) bool { return req.Body != nil && req.Body != http.NoBody }

// token tells a method or the name of a field.
func token(s string) bool { return httpguts.ValidHeaderFieldName(s) }

// plainHost tells a host that goes out as it stands: net/http rewrites IPv6 zones and what is not ASCII.
func plainHost(host string) bool {
	beyond := func(r rune) bool { return r >= 0x80 || r == '%' }
	return host != "" && httpguts.ValidHostHeader(host) && strings.IndexFunc(host, beyond) < 0
}

// visible tells a part of a URL that cannot end the request line.
func visible(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) < 0
}
