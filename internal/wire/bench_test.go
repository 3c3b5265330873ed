package wire_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// putAnswer is what Put Message answers, but for the text's own fields.
const putAnswer = "HTTP/1.1 201 Created\r\nContent-Type: application/xml\r\nServer: Windows-Azure-Queue/1.0 Microsoft-HTTPAPI/2.0\r\n" +
	"x-ms-request-id: 8f5b6c3e-7003-0066-0f3c-1d2b3c000000\r\nx-ms-version: 2026-06-06\r\nDate: Fri, 09 Sep 2011 18:52:02 GMT\r\n" +
	"Content-Length: 20\r\n\r\n<QueueMessagesList/>"

// mostAllocations are those of one request from RoundTrip to Close; all but four are http.ReadResponse's.
const mostAllocations = 22

// canned is a connection that gives the same answer to every write.
type canned struct {
	net.Conn
	answer []byte
	left   bytes.Reader
}

func (c *canned) Write(p []byte) (int, error)      { c.left.Reset(c.answer); return len(p), nil }
func (c *canned) Read(p []byte) (int, error)       { return c.left.Read(p) }
func (c *canned) Close() error                     { return nil }
func (c *canned) SetDeadline(time.Time) error      { return nil }
func (c *canned) SetReadDeadline(time.Time) error  { return nil }
func (c *canned) SetWriteDeadline(time.Time) error { return nil }

func TestRequestAllocatesLittle(t *testing.T) {
	tr := ours(t)
	tr.Base.DialContext = func(context.Context, string, string) (net.Conn, error) {
		return &canned{answer: []byte(putAnswer)}, nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	lead := bytes.Repeat([]byte("a"), 3097)
	text := bytes.NewReader(lead)
	req := request(t, http.MethodPost, "http://far/leads/messages", nil).WithContext(ctx)
	req.Header = http.Header{"Content-Type": {"application/xml"}, "X-Ms-Version": {"2026-06-06"}}
	req.Body, req.ContentLength = io.NopCloser(text), text.Size()
	n := testing.AllocsPerRun(100, func() {
		text.Reset(lead)
		put(t, tr, req)
	})
	if n > mostAllocations {
		t.Errorf("%v allocations", n)
	}
}

// put sends a request and reads its answer.
func put(t testing.TB, rt http.RoundTripper, req *http.Request) {
	resp, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusCreated {
		t.Error(resp.Status, err)
	}
	_ = resp.Body.Close()
}

// BenchmarkPut is one Put Message of a lead, with the server's part on the same machine.
func BenchmarkPut(b *testing.B) {
	text := bytes.Repeat([]byte("a"), 3097)
	for name, rt := range map[string]http.RoundTripper{"wire": ours(b), "net/http": base()} {
		b.Run(name, func(b *testing.B) {
			s := serve(b, script{answer: putAnswer})
			b.ReportAllocs()
			for b.Loop() {
				put(b, rt, request(b, http.MethodPost, s.url(), text))
			}
		})
	}
}
