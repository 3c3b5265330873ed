package wire_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"testing"

	"leadrelay/internal/wire"
)

// asked is the request that the answers below are to.
func asked() *http.Request { return &http.Request{Method: http.MethodPost} }

// FuzzPlainAnswerIsReadAsByNetHTTP reads any bytes in both ways: what an exchange does not leave to net/http has to come out the
// same, and leave the same behind; of the rest it must have read nothing.
func FuzzPlainAnswerIsReadAsByNetHTTP(f *testing.F) {
	f.Add([]byte(putAnswer))
	for _, a := range answers {
		if len(a.answer) < 1<<10 { // longer ones would only slow the fuzzer down
			f.Add([]byte(a.answer))
		}
	}
	for _, head := range []string{
		"x-ms-request-id: a\r\nX-MS-version:  b \r\nConnection: Keep-Alive", "ETag: W/\"a:b\"\r\nX_Y: \xff\r\nEmpty:", "A: 1\r\na: 2\r\nA: 3",
		"Pragma: no-cache", " A: 1", "A: 1\r\n b", "A\t: 1", "A:\t1", ": 1", "A: 1\nB: 2", "A: 1\rB: 2", "Connection: close, x", "content-length: 2", "aaa : b",
	} {
		f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + head + "\r\n\r\nok"))
	}
	for _, status := range []string{"200", "200 ", "200  OK", " 200 OK", "20 OK", "2000 OK", "+20 OK", "204 \x80", "200 O\nK", "199 A", "304 Not Modified", "999 No"} {
		f.Add([]byte("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n"))
	}
	for _, length := range []string{"+0", "-0", "00", "0x0", "", "0 ", "1e0", "99999999999999999999", "0, 0"} {
		f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: " + length + "\r\n\r\n"))
		f.Add([]byte("HTTP/1.1 204 No Content\r\nContent-Length: " + length + "\r\n\r\n"))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		own := bufio.NewReader(bytes.NewReader(text))
		_, _ = own.Peek(1)
		a, taken, err := wire.Take(own, http.MethodPost)
		rest, _ := io.ReadAll(own)
		if !taken {
			if !bytes.Equal(rest, text) {
				t.Errorf("%q: not taken, but only %q is left", text, rest)
			}
			return
		}
		theirs := bufio.NewReader(bytes.NewReader(text))
		want, wrong := http.ReadResponse(theirs, asked())
		if wrong != nil {
			t.Fatalf("%q: net/http fails with %v", text, wrong)
		}
		body, broken := io.ReadAll(want.Body)
		if (err == nil) != (broken == nil) || err == nil && !bytes.Equal(a.Body, body) {
			t.Errorf("%q: the body is %q, %v, want %q, %v", text, a.Body, err, body, broken)
		}
		if left, _ := io.ReadAll(theirs); !bytes.Equal(rest, left) {
			t.Errorf("%q: %q is left, want %q", text, rest, left)
		}
		if a.Status != want.StatusCode || want.Close || err == nil && int64(len(a.Body)) != want.ContentLength {
			t.Errorf("%q: %d with %d bytes, want %+v", text, a.Status, len(a.Body), want)
		}
		for name := range want.Header {
			if got := a.Head.Get(name); got != want.Header.Get(name) {
				t.Errorf("%q: %s is %q, want %q", text, name, got, want.Header.Get(name))
			}
		}
	})
}

// TestMostAnswersArePlain keeps the answers of storage from being left to net/http.
func TestMostAnswersArePlain(t *testing.T) {
	for _, text := range []string{putAnswer, created, "HTTP/1.1 204 No Content\r\nServer: x\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nETag: W/\"a\"\r\n\r\n"} {
		r := bufio.NewReader(bytes.NewReader([]byte(text)))
		_, _ = r.Peek(1)
		if _, taken, err := wire.Take(r, http.MethodPost); !taken || err != nil {
			t.Errorf("%q is left to net/http, %v", text, err)
		}
	}
}
