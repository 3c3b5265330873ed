package wire_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// body tells whether it was closed.
type body struct {
	io.Reader
	closed int
}

func (b *body) Close() error { b.closed++; return nil }

// changes are what a request may be, beside a POST of four bytes.
var changes = map[string]func(*http.Request){
	"as it is":  func(*http.Request) {},
	"no method": func(r *http.Request) { r.Method = "" },
	"fields": func(r *http.Request) {
		r.Header = http.Header{"x-ms-version": {"a"}, "X-B": {"1", "2"}, "X-Empty": {""}}
	},
	"own length field":    func(r *http.Request) { r.Header.Set("Content-Length", "4") },
	"wrong length field":  func(r *http.Request) { r.Header.Set("Content-Length", "9") },
	"own host field":      func(r *http.Request) { r.Header.Set("Host", "other") },
	"own agent":           func(r *http.Request) { r.Header.Set("User-Agent", "leadrelay") },
	"own host":            func(r *http.Request) { r.Host = "a.queue.core.windows.net" },
	"no body":             func(r *http.Request) { r.Body, r.ContentLength = nil, 0 },
	"no body, by name":    func(r *http.Request) { r.Body, r.ContentLength = http.NoBody, 0 },
	"put nothing":         func(r *http.Request) { r.Method, r.Body, r.ContentLength = "PUT", nil, 0 },
	"get":                 func(r *http.Request) { r.Method, r.Body, r.ContentLength = "GET", nil, 0 },
	"delete":              func(r *http.Request) { r.Method, r.Body, r.ContentLength = "DELETE", nil, 0 },
	"merge":               func(r *http.Request) { r.Method = "MERGE" },
	"unknown length":      func(r *http.Request) { r.ContentLength = -1 },
	"length unsaid":       func(r *http.Request) { r.ContentLength = 0 },
	"by bytes":            func(r *http.Request) { r.Body = io.NopCloser(iotest.OneByteReader(r.Body)) },
	"longest body":        func(r *http.Request) { fill(r, 256<<10) },
	"longer body":         func(r *http.Request) { fill(r, 256<<10+1) },
	"expect":              func(r *http.Request) { r.Header.Set("Expect", "100-continue"); r.Body, r.ContentLength = nil, 0 },
	"closing":             func(r *http.Request) { r.Close = true },
	"chunks":              func(r *http.Request) { r.TransferEncoding = []string{"chunked"} },
	"root":                func(r *http.Request) { r.URL.Path = "" },
	"escapes":             func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/a b/ü(x='y')", "" },
	"escapes of its own":  func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/a/b", "/a%2Fb" },
	"empty query":         func(r *http.Request) { r.URL.RawQuery, r.URL.ForceQuery = "", true },
	"query with a blank":  func(r *http.Request) { r.URL.RawQuery = "a= b" },
	"query with a break":  func(r *http.Request) { r.URL.RawQuery = "a=b\r\nX-Evil: 1" },
	"opaque":              func(r *http.Request) { r.URL.Opaque = "//host/opaque" },
	"value with a break":  func(r *http.Request) { r.Header["X-A"] = []string{"a\r\nX-Evil: 1"} },
	"value with a nul":    func(r *http.Request) { r.Header["X-A"] = []string{"a\x00"} },
	"name with a break":   func(r *http.Request) { r.Header["X-A\r\nX-Evil"] = []string{"1"} },
	"name with a blank":   func(r *http.Request) { r.Header["X A"] = []string{"1"} },
	"empty name":          func(r *http.Request) { r.Header[""] = []string{"1"} },
	"method with a break": func(r *http.Request) { r.Method = "GET / HTTP/1.1\r\n" },
	"host with a break":   func(r *http.Request) { r.Host = "a\r\nX-Evil: 1" },
	"host with a blank":   func(r *http.Request) { r.Host = "a b" },
	"no header":           func(r *http.Request) { r.Header = nil },
	"no host":             func(r *http.Request) { r.URL.Host, r.Host = "", "" },
	"no scheme":           func(r *http.Request) { r.URL.Scheme = "" },
	"another scheme":      func(r *http.Request) { r.URL.Scheme = "ftp" },
	"body too short":      func(r *http.Request) { r.ContentLength = 5 },
	"body too long":       func(r *http.Request) { r.ContentLength = 3 },
	"body that fails":     func(r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(errors.New("disk"))) },
}

func fill(r *http.Request, n int) {
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(bytes.Repeat([]byte("x"), n))), int64(n)
}

func TestRequestsGoOutAsByNetHTTP(t *testing.T) {
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			theirs := base()
			t.Cleanup(theirs.CloseIdleConnections)
			want, wantErr := sent(t, theirs, change)
			got, err := sent(t, ours(t), change)
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("got %v, want %v", err, wantErr)
			}
			if err == nil && !reflect.DeepEqual(got, want) {
				t.Errorf("got  %s\nwant %s", short(got), short(want))
			}
		})
	}
}

// sent is what a server reads of a request.
func sent(t *testing.T, rt http.RoundTripper, change func(*http.Request)) ([]seen, error) {
	t.Helper()
	s := serve(t, script{answer: created})
	req := request(t, http.MethodPost, s.url(), nil)
	req.Body, req.ContentLength, req.GetBody = io.NopCloser(strings.NewReader("lead")), 4, nil
	req.Host = "far" // the port differs
	change(req)
	resp, err := rt.RoundTrip(req)
	if (err == nil) == (resp == nil) {
		t.Errorf("%v and %v", resp, err)
	}
	if err == nil {
		_ = resp.Body.Close()
	} else if strings.Contains(err.Error(), "visibilitytimeout") {
		t.Errorf("the error holds the query: %v", err)
	}
	return s.got(), err
}

func TestRequestsBodyIsClosedWhateverHappens(t *testing.T) {
	for name, target := range map[string]string{
		"created": serve(t, script{answer: created}).url(), "no answer": serve(t, script{end: hangUp}).url(),
		"nobody there": "http://127.0.0.1:1/", "not plain": "ftp://host/"} {
		b := &body{Reader: strings.NewReader("lead")}
		req := request(t, http.MethodPost, target, nil)
		req.Body, req.ContentLength = b, 4
		if resp, err := ours(t).RoundTrip(req); (err == nil) != (name == "created") || (err == nil) != (resp != nil) || b.closed == 0 {
			t.Errorf("%s: %v, closed %d times", name, err, b.closed)
		}
	}
}

func TestProxyIsForNetHTTP(t *testing.T) {
	var asked string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked = r.RequestURI }))
	defer proxy.Close()
	tr := ours(t)
	tr.Base.Proxy = func(r *http.Request) (*url.URL, error) {
		if r.URL.Host == "refused" {
			return nil, errors.New("no proxy for it")
		}
		return url.Parse(proxy.URL)
	}
	if o := call(tr, http.MethodPost, "http://far.example.org/a", "lead"); o.status != 200 || asked != "http://far.example.org/a" {
		t.Errorf("%+v, asked for %q", o, asked)
	}
	if o := call(tr, http.MethodPost, "http://refused/", "lead"); o.fault == "" {
		t.Error("no error")
	}
}
