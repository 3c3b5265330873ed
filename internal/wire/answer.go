package wire

import (
	"bufio"
	"bytes"
	"net/http"
	"strconv"
)

const (
	protocol = "HTTP/1.1"
	lineEnd  = "\r\n"
)

// head is the head of a plain answer: all of it is there, it says how long the body is, and nothing in it asks for more than to
// read that.
type head struct {
	code   int
	fields []byte // line by line, with their ends; in the reader's buffer
	size   int    // of all of it
	length int    // of the body
}

// plainHead looks for a plain answer in what the reader has, and reads nothing.
func plainHead(r *bufio.Reader, method string) (h head, ok bool) {
	here, _ := r.Peek(r.Buffered()) // as much as there is
	end := bytes.Index(here, []byte(lineEnd+lineEnd))
	if end < 0 || method == http.MethodHead {
		return h, false
	}
	status, fields, _ := bytes.Cut(here[:end+len(lineEnd)], []byte(lineEnd))
	h.fields, h.size = fields, end+2*len(lineEnd)
	if h.code, ok = statusOf(status); !ok {
		return h, false
	}
	if h.length, ok = lengthOf(fields); !ok {
		return h, false
	}
	if h.code == http.StatusNoContent || h.code == http.StatusNotModified {
		h.length = 0
	}
	return h, h.length >= 0
}

// statusOf is the code of a status line.
func statusOf(line []byte) (code int, ok bool) {
	rest, ok := bytes.CutPrefix(line, []byte(protocol+" "))
	if !ok || len(rest) < 3 || len(rest) > 3 && rest[3] != ' ' || !printable(rest) {
		return 0, false
	}
	for _, c := range rest[:3] {
		if c < '0' || c > '9' {
			return 0, false
		}
		code = 10*code + int(c-'0')
	}
	return code, code >= 200
}

// lengthOf is that of the body, by the fields; -1 where they do not say it. Not ok is for what is not plain.
func lengthOf(fields []byte) (length int, ok bool) {
	length = -1
	for len(fields) > 0 {
		line, rest, _ := bytes.Cut(fields, []byte(lineEnd))
		colon := bytes.IndexByte(line, ':')
		if colon <= 0 || !plainName(line[:colon]) || !printable(line[colon:]) {
			return 0, false
		}
		is := func(name string) bool { return colon == len(name) && bytes.EqualFold(line[:colon], []byte(name)) }
		switch value := bytes.Trim(line[colon+1:], " "); {
		case is("Content-Length"):
			n, err := strconv.Atoi(string(value))
			if err != nil || value[0] < '0' || length >= 0 {
				return 0, false
			}
			length = n
		case is("Connection") && !bytes.EqualFold(value, []byte("keep-alive")), is("Transfer-Encoding"), is("Trailer"), is("Pragma"):
			return 0, false
		}
		fields = rest
	}
	return length, true
}

// plainName tells a name of letters, digits and dashes.
func plainName(name []byte) bool {
	for _, c := range name {
		if lower := c | 0x20; (lower < 'a' || lower > 'z') && c != '-' && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// printable tells that nothing in a text ends a line or is another control.
func printable(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}
