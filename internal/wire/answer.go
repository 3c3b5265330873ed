package wire

import (
	"bufio"
	"bytes"
	"net/http"
	"strconv"
	"strings"
)

// answer is one with the room that most need.
type answer struct {
	http.Response
	values [12]string
}

const (
	protocol = "HTTP/1.1"
	lineEnd  = "\r\n"
)

// readAnswer reads an answer up to its body. net/http reads those that are not plain.
func readAnswer(r *bufio.Reader, req *http.Request) (*http.Response, error) {
	if _, err := r.Peek(1); err != nil {
		return nil, err
	}
	if resp := plainAnswer(r, req); resp != nil {
		return resp, nil
	}
	return http.ReadResponse(r, req)
}

// plainAnswer reads the head of a plain answer, whose body is there, as net/http would. Else it gives nil, and has read
// nothing; but it may have tidied up the names of fields.
func plainAnswer(r *bufio.Reader, req *http.Request) *http.Response {
	h, ok := plainHead(r, req.Method)
	if !ok || h.length > r.Buffered()-h.size {
		return nil
	}
	a := &answer{Response: http.Response{Request: req, StatusCode: h.code, Proto: protocol, ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(h.length)}}
	text := string(h.lines) // that of all values
	a.Status, text, _ = strings.Cut(text[len(protocol)+1:], lineEnd)
	a.setHeader(text)
	if h.length == 0 {
		a.Body = http.NoBody
	}
	_, _ = r.Discard(h.size) // it is there
	return &a.Response
}

// head is the head of a plain answer: all of it is there, it says how long the body is, and nothing in it asks for more than to
// read that.
type head struct {
	code   int
	lines  []byte // the status line and the fields', with their ends; in the reader's buffer
	size   int    // of the head
	length int    // of the body
}

// plainHead looks for a plain answer in what the reader has; it may tidy up the names of its fields.
func plainHead(r *bufio.Reader, method string) (h head, ok bool) {
	here, _ := r.Peek(r.Buffered()) // as much as there is
	end := bytes.Index(here, []byte(lineEnd+lineEnd))
	if end < 0 || method == http.MethodHead {
		return h, false
	}
	h.lines, h.size = here[:end+len(lineEnd)], end+2*len(lineEnd)
	status, fields, _ := bytes.Cut(h.lines, []byte(lineEnd))
	if h.code, ok = statusOf(status); !ok {
		return h, false
	}
	if h.length, ok = scan(fields); !ok {
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

// scan looks at fields, and writes their names as net/http has them. Length is that of the body, -1 where nothing says it; not
// ok is for what is not plain.
func scan(fields []byte) (length int, ok bool) {
	length = -1
	for len(fields) > 0 {
		line, rest, _ := bytes.Cut(fields, []byte(lineEnd))
		colon := bytes.IndexByte(line, ':')
		if colon <= 0 || !canonicalName(line[:colon]) || !printable(line[colon:]) {
			return 0, false
		}
		value := bytes.Trim(line[colon+1:], " ")
		switch string(line[:colon]) {
		case "Content-Length":
			n, err := strconv.Atoi(string(value))
			if err != nil || value[0] < '0' || length >= 0 {
				return 0, false
			}
			length = n
		case "Connection":
			if !bytes.EqualFold(value, []byte("keep-alive")) {
				return 0, false
			}
		case "Transfer-Encoding", "Trailer", "Pragma":
			return 0, false
		}
		fields = rest
	}
	return length, true
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

// canonicalName writes a name in place; one with other than letters, digits and dashes it leaves as it is.
func canonicalName(name []byte) bool {
	for _, c := range name {
		if lower := c | 0x20; (lower < 'a' || lower > 'z') && c != '-' && (c < '0' || c > '9') {
			return false
		}
	}
	begins := true
	for i, c := range name {
		switch {
		case begins && c >= 'a':
			name[i] = c - 'a' + 'A'
		case !begins && 'A' <= c && c <= 'Z':
			name[i] = c - 'A' + 'a'
		}
		begins = c == '-'
	}
	return true
}

// setHeader makes the header out of its lines.
func (a *answer) setHeader(lines string) {
	n := strings.Count(lines, lineEnd)
	values := a.values[:]
	if n > len(values) {
		values = make([]string, n)
	}
	a.Header = make(http.Header, n)
	for i := range n {
		var line string
		line, lines, _ = strings.Cut(lines, lineEnd)
		name, value, _ := strings.Cut(line, ":")
		value = strings.Trim(value, " ")
		if has := a.Header[name]; has != nil {
			a.Header[name] = append(has, value)
			continue
		}
		values[i] = value
		a.Header[name] = values[i : i+1 : i+1]
	}
}
