package deliver_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// BenchmarkDeliver is a first lead for 1 and 8 destinations, log lines and ledger rows included, over a transport that costs
// next to nothing. bare sends the same requests and does nothing else.
func BenchmarkDeliver(b *testing.B) {
	for _, n := range []int{1, 8} {
		b.Run(fmt.Sprintf("%d/ours", n), func(b *testing.B) {
			var c *canned
			m := newMill(b, n, func(next http.RoundTripper) http.RoundTripper { c = &canned{next: next}; return c })
			text := m.lead(b, "Matched")
			c.on = true
			b.ReportAllocs()
			for b.Loop() {
				must(b, m.Deliver(b.Context(), text))
			}
		})
		b.Run(fmt.Sprintf("%d/bare", n), func(b *testing.B) {
			var c *canned
			m := newMill(b, n, func(next http.RoundTripper) http.RoundTripper { c = &canned{next: next}; return c })
			text := m.lead(b, "Matched")
			c.on, c.log = true, &[]sent{}
			must(b, m.Deliver(b.Context(), text))
			list := *c.log
			c.log = nil
			client := &http.Client{Transport: c}
			b.ReportAllocs()
			for b.Loop() {
				for _, s := range list {
					r, err := http.NewRequestWithContext(b.Context(), s.method, s.url, bytes.NewReader(s.body))
					must(b, err)
					r.Header = s.header
					resp, err := client.Do(r)
					must(b, err)
					_, err = io.Copy(io.Discard, resp.Body)
					must(b, err)
					must(b, resp.Body.Close())
				}
			}
		})
	}
}

// canned answers what storage says to what goes well. While it is off it passes everything on.
type canned struct {
	next http.RoundTripper
	on   bool
	mu   sync.Mutex
	body bytes.Buffer
	log  *[]sent
}

// sent is a request as it went out.
type sent struct {
	method, url string
	header      http.Header
	body        []byte
}

const message = `<?xml version="1.0" encoding="utf-8"?><QueueMessagesList><QueueMessage><MessageId>5974b586-0df3-4e2d-ad0c-18e3892bfca2</MessageId>` +
	`<InsertionTime>Sat, 21 Nov 2026 09:00:00 GMT</InsertionTime><ExpirationTime>Fri, 31 Dec 9999 23:59:59 GMT</ExpirationTime>` +
	`<PopReceipt>AgAAAAMAAAAAAAAA</PopReceipt><TimeNextVisible>Sat, 21 Nov 2026 09:00:00 GMT</TimeNextVisible></QueueMessage></QueueMessagesList>`

func (c *canned) RoundTrip(r *http.Request) (*http.Response, error) {
	if !c.on {
		return c.next.RoundTrip(r)
	}
	batch := strings.HasSuffix(r.URL.Path, "$batch")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.body.Reset()
	if _, err := c.body.ReadFrom(r.Body); err != nil {
		return nil, err
	}
	if err := r.Body.Close(); err != nil { // so nobody reads any more: the request may be used again
		return nil, err
	}
	if c.log != nil {
		*c.log = append(*c.log, sent{r.Method, r.URL.String(), r.Header.Clone(), bytes.Clone(c.body.Bytes())})
	}
	resp := &http.Response{StatusCode: http.StatusNoContent, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, Body: http.NoBody,
		Header: http.Header{"Etag": {`W/"datetime'2026-11-21T09%3A00%3A00.0000000Z'"`}, "Content-Length": {"0"}}}
	answer := ""
	switch {
	case batch:
		resp.StatusCode = http.StatusAccepted
		resp.Header.Set("Content-Type", "multipart/mixed; boundary=batchresponse_1")
		answer = parts(bytes.Count(c.body.Bytes(), []byte("Content-Transfer-Encoding")))
	case strings.HasSuffix(r.URL.Path, "/messages"):
		resp.StatusCode = http.StatusCreated
		resp.Header.Set("Content-Type", "application/xml")
		answer = message
	}
	if answer != "" {
		resp.ContentLength, resp.Body = int64(len(answer)), io.NopCloser(strings.NewReader(answer))
	}
	return resp, nil
}

// parts is the answer to a transaction of n writes.
func parts(n int) string {
	const part = "--changesetresponse_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nHTTP/1.1 204 No Content\r\n" +
		"X-Content-Type-Options: nosniff\r\nCache-Control: no-cache\r\nDataServiceVersion: 3.0;\r\nEtag: W/\"datetime'2026-11-21T09%3A00%3A00.0000000Z'\"\r\n\r\n\r\n"
	return "--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_1\r\n\r\n" + strings.Repeat(part, n) + "--changesetresponse_1--\r\n--batchresponse_1--\r\n"
}
