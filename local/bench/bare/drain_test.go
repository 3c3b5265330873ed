package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// queue answers Get Messages with what is left and everything else with 204.
type queue struct {
	mu      sync.Mutex
	left    int
	deleted map[string]int
}

func (q *queue) RoundTrip(r *http.Request) (*http.Response, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	status, body := http.StatusNoContent, ""
	switch {
	case r.Method == http.MethodDelete:
		q.deleted[r.URL.Path]++
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/messages"):
		status = http.StatusOK
		for range min(q.left, 32) {
			q.left--
			body += fmt.Sprintf("<QueueMessage><MessageId>m%d</MessageId><PopReceipt>p+/%d</PopReceipt></QueueMessage>", q.left, q.left)
		}
	case r.Method == http.MethodGet:
		status = http.StatusNotFound
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{}, Request: r}, nil
}

func TestDrainDeletesEveryMessageOnce(t *testing.T) {
	f, err := newFar("AccountName=a;AccountKey=a2V5;TableEndpoint=http://table/a", "http://lender/l", "http://crm/leads")
	if err != nil {
		t.Fatal(err)
	}
	q := &queue{left: 75, deleted: map[string]int{}}
	f.transport = q
	d, err := newDrainer(f, 8)
	if err != nil {
		t.Fatal(err)
	}
	n, err := d.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n != 75 || len(q.deleted) != 75 {
		t.Errorf("%d messages came and %d were deleted, want 75", n, len(q.deleted))
	}
	for path, times := range q.deleted {
		if times != 1 {
			t.Errorf("%s was deleted %d times", path, times)
		}
	}
}
