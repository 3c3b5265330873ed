package wire

import (
	"bufio"
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"testing"
)

// Whatever a caller puts into a request, it is one request with these parts, or it is not plain.
func FuzzHeadIsOneRequest(f *testing.F) {
	f.Add("POST", "a.queue.core.windows.net", "/leads/messages", "sv=1&sig=a%2Bb", "x-ms-date", "Fri, 09 Sep 2011 18:52:02 GMT")
	f.Add("GET", "[::1]:10001", "/a b\r\n", "", "X-A", " a\t")
	f.Add("PUT", "h", "", "a=b c", "Expect", "\r\nX-Evil: 1")
	f.Add("A\nB", "h\r\n", "//x", "\x7f", "X\r\nY", "")
	f.Fuzz(func(t *testing.T, method, host, path, query, name, value string) {
		req := &http.Request{Method: method, Host: host, URL: &url.URL{Scheme: "http", Host: "h", Path: path, RawQuery: query},
			Header: http.Header{name: {value}, "User-Agent": {"a"}}}
		head, plain := appendHead(nil, req)
		if !plain {
			return
		}
		if n := bytes.Count(head, []byte("\n")); n > 6 || n != bytes.Count(head, []byte("\r\n")) || bytes.Index(head, []byte("\r\n\r\n")) != len(head)-4 {
			t.Fatalf("%q has a line or an end too many", head)
		}
		r := bufio.NewReader(bytes.NewReader(head))
		got, err := http.ReadRequest(r)
		if err != nil {
			t.Skip() // what net/http's server is stricter about than its client is no second request
		}
		if r.Buffered() != 0 || len(got.Header) > 3 {
			t.Errorf("%q is more than one request or field", head)
		}
		if method != "" && got.Method != method || host != "" && got.Host != host || got.URL.RawQuery != query {
			t.Errorf("%q is another request", head)
		}
		if key := http.CanonicalHeaderKey(name); key != "Host" && key != "Content-Length" && key != "User-Agent" &&
			!slices.Contains(got.Header[key], string(bytes.TrimSpace([]byte(value)))) {
			t.Errorf("%q has lost %q", head, value)
		}
	})
}
