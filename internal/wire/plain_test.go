package wire_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"reflect"
	"testing"

	"leadrelay/internal/wire"
)

// asked is the request that the answers below are to.
func asked() *http.Request { return &http.Request{Method: http.MethodPost} }

// FuzzPlainAnswerIsReadAsByNetHTTP reads any bytes in both ways: what our own does not leave to net/http has to come out the
// same, and leave the same behind.
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
		got := wire.PlainAnswer(own, asked())
		theirs := bufio.NewReader(bytes.NewReader(text))
		if got == nil { // it must have read nothing, and what it tidied up must read the same
			left := bufio.NewReader(own)
			a, err := http.ReadResponse(left, asked())
			b, wrong := http.ReadResponse(theirs, asked())
			if (err == nil) != (wrong == nil) || err == nil && (a.StatusCode != b.StatusCode || !reflect.DeepEqual(a.Header, b.Header)) {
				t.Fatalf("%q: left to net/http as %v %v, want %v %v", text, a, err, b, wrong)
			}
			if err == nil {
				x, _ := io.ReadAll(a.Body)
				if y, _ := io.ReadAll(b.Body); !bytes.Equal(x, y) {
					t.Errorf("%q: left to net/http with the body %q, want %q", text, x, y)
				}
			}
			return
		}
		want, err := http.ReadResponse(theirs, asked())
		if err != nil {
			t.Fatalf("%q: net/http fails with %v", text, err)
		}
		body, _ := io.ReadAll(want.Body)
		ours := make([]byte, got.ContentLength)
		if _, err := io.ReadFull(own, ours); err != nil || !bytes.Equal(body, ours) || (got.Body == http.NoBody) != (len(body) == 0) {
			t.Errorf("%q: the body is %q, want %q; %v", text, ours, body, err)
		}
		rest, _ := io.ReadAll(own)
		if left, _ := io.ReadAll(theirs); !bytes.Equal(rest, left) {
			t.Errorf("%q: %q is left, want %q", text, rest, left)
		}
		taken(t, text, want, body)
		got.Body, want.Body = nil, nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q:\ngot  %+v\nwant %+v", text, got, want)
		}
	})
}

// taken takes the answer whole, and compares it with net/http's.
func taken(t *testing.T, text []byte, want *http.Response, body []byte) {
	t.Helper()
	r := bufio.NewReader(bytes.NewReader(text))
	_, _ = r.Peek(1)
	a, taken, err := wire.Take(r, http.MethodPost)
	if !taken || err != nil || a.Status != want.StatusCode || !bytes.Equal(a.Body, body) {
		t.Errorf("%q: taken %v with %v: %d %q", text, taken, err, a.Status, a.Body)
	}
	for name := range want.Header {
		if got := a.Head.Get(name); got != want.Header.Get(name) {
			t.Errorf("%q: %s is %q, want %q", text, name, got, want.Header.Get(name))
		}
	}
}

// TestMostAnswersArePlain keeps the answers of storage from being left to net/http.
func TestMostAnswersArePlain(t *testing.T) {
	for _, text := range []string{putAnswer, created, "HTTP/1.1 204 No Content\r\nServer: x\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nETag: W/\"a\"\r\n\r\n"} {
		r := bufio.NewReader(bytes.NewReader([]byte(text)))
		_, _ = r.Peek(1)
		if wire.PlainAnswer(r, asked()) == nil {
			t.Errorf("%q is left to net/http", text)
		}
	}
}

// BenchmarkAnswer reads the head of one answer.
func BenchmarkAnswer(b *testing.B) {
	for name, read := range map[string]func(*bufio.Reader) *http.Response{
		"wire":     func(r *bufio.Reader) *http.Response { _, _ = r.Peek(1); return wire.PlainAnswer(r, asked()) },
		"net/http": func(r *bufio.Reader) *http.Response { resp, _ := http.ReadResponse(r, asked()); return resp },
	} {
		b.Run(name, func(b *testing.B) {
			text := bytes.NewReader(nil)
			r := bufio.NewReader(text)
			b.ReportAllocs()
			for b.Loop() {
				text.Reset([]byte(putAnswer))
				r.Reset(text)
				if resp := read(r); resp == nil || resp.StatusCode != http.StatusCreated {
					b.Fatal("no answer")
				}
			}
		})
	}
}
