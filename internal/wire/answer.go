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

// plainAnswer reads the head of an answer as net/http would, if all of it is there, it says how long its body is, and nothing
// in it asks for more than that. Else it gives nil, and has read nothing.
func plainAnswer(r *bufio.Reader, req *http.Request) *http.Response {
	here, _ := r.Peek(r.Buffered()) // as much as there is
	end := bytes.Index(here, []byte(lineEnd+lineEnd))
	if end < 0 || req.Method == http.MethodHead {
		return nil
	}
	head := here[:end+len(lineEnd)]
	status, fields, _ := bytes.Cut(head, []byte(lineEnd))
	code, ok := statusOf(status)
	if !ok || !canonical(fields) {
		return nil
	}
	a := &answer{Response: http.Response{Request: req, StatusCode: code, Proto: protocol, ProtoMajor: 1, ProtoMinor: 1}}
	text := string(head) // that of all values
	a.Status, text, _ = strings.Cut(text[len(protocol)+1:], lineEnd)
	length, ok := a.header(text)
	if code == http.StatusNoContent || code == http.StatusNotModified {
		length = 0
	}
	if !ok || length < 0 || length > len(here)-end-2*len(lineEnd) {
		return nil
	}
	if a.ContentLength = int64(length); length == 0 {
		a.Body = http.NoBody
	}
	_, _ = r.Discard(end + 2*len(lineEnd)) // it is there
	return &a.Response
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

// canonical writes the names of fields as net/http has them, and tells whether all names and values are plain.
func canonical(fields []byte) bool {
	for len(fields) > 0 {
		line, rest, _ := bytes.Cut(fields, []byte(lineEnd))
		colon := bytes.IndexByte(line, ':')
		if colon <= 0 || !canonicalName(line[:colon]) || !printable(line[colon:]) {
			return false
		}
		fields = rest
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

// header makes the header out of its lines. Length is that of the body, -1 where nothing says it; not ok is for what asks for
// more than to read a body of a length.
func (a *answer) header(lines string) (length int, ok bool) {
	n := strings.Count(lines, lineEnd)
	values := a.values[:]
	if n > len(values) {
		values = make([]string, n)
	}
	a.Header, length = make(http.Header, n), -1
	for i := range n {
		var line string
		line, lines, _ = strings.Cut(lines, lineEnd)
		name, value, _ := strings.Cut(line, ":")
		value = strings.Trim(value, " ")
		switch name {
		case "Content-Length":
			var err error
			if length, err = strconv.Atoi(value); err != nil || value[0] < '0' || len(a.Header[name]) > 0 {
				return 0, false
			}
		case "Connection":
			if !strings.EqualFold(value, "keep-alive") {
				return 0, false
			}
		case "Transfer-Encoding", "Trailer", "Pragma":
			return 0, false
		}
		if has := a.Header[name]; has != nil {
			a.Header[name] = append(has, value)
			continue
		}
		values[i] = value
		a.Header[name] = values[i : i+1 : i+1]
	}
	return length, true
}
