package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// atOnce is how many connections to storage are kept: more than there are requests in flight, or net/http reconnects.
const atOnce = 256

// serveHTTP is cej and c2.
func serveHTTP(l net.Listener, j judge, queue string) error {
	to, err := url.Parse(queue)
	if err != nil {
		return err
	}
	transport := &http.Transport{MaxIdleConns: atOnce, MaxIdleConnsPerHost: atOnce, IdleConnTimeout: time.Minute}
	buffers := sync.Pool{New: func() any { return new(bytes.Buffer) }}
	put := func(text []byte) error {
		b := buffers.Get().(*bytes.Buffer)
		defer buffers.Put(b)
		b.Reset()
		b.Write(appendMessage(b.AvailableBuffer(), text))
		return putHTTP(transport, to, b.Bytes())
	}
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.ContentLength < 0 || r.ContentLength > maxBody {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		body := make([]byte, r.ContentLength)
		if _, err := io.ReadFull(r.Body, body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if status := j.status([]byte(r.Header.Get("X-Api-Key")), body); status != http.StatusOK {
			w.WriteHeader(status)
			return
		}
		if err := put(body); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header()["Content-Type"] = []string{"application/json"}
		_, _ = io.WriteString(w, accepted)
	}))
}

func putHTTP(transport *http.Transport, to *url.URL, message []byte) error {
	resp, err := transport.RoundTrip(&http.Request{Method: http.MethodPost, URL: to, Host: to.Host, ContentLength: int64(len(message)),
		Header: http.Header{"Content-Type": {"application/xml"}}, Body: io.NopCloser(bytes.NewReader(message))})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusCreated {
		return fmt.Errorf("storage answers %d", resp.StatusCode)
	}
	return nil
}
