package front_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"leadrelay/local/host/event"
	"leadrelay/local/host/front"
	"leadrelay/local/host/hosttest"
	"leadrelay/local/host/invoke"
)

func TestForwardKeepsTheBodyByteForByte_4_1(t *testing.T) {
	b := newBench(t, front.Forward, anywhere(), nil)
	body := "{ \"a\" : 1.00,\n \"\xff\xfe\": \"é\" }"
	b.do(t, "POST", "/api/webhooks/meta", body, "Content-Type", "application/x; charset=y")
	r := b.handler.Last(t)
	if r.URI != "/api/webhooks/meta" || r.Method != "POST" || r.Length != int64(len(body)) || r.Header.Get("Content-Type") != "application/x; charset=y" {
		t.Errorf("the handler got %+v", r)
	}
	if r.Body != body {
		t.Errorf("body = %q", r.Body)
	}
}

func TestForwardRebuildsTheQuery_4_1(t *testing.T) {
	b := newBench(t, front.Forward, anywhere(), nil)
	for query, want := range map[string]string{
		"a=1&a=2":             "a=1%2C2",
		"flag":                "flag=",
		"b=x+y&a=%C3%A9":      "b=x%20y&a=%C3%A9", // in order
		"A=1&a=2":             "A=1%2C2",
		"code=k&sig=a/b:c~d*": "code=k&sig=a%2Fb%3Ac~d%2A",
		"&&x=1&":              "x=1",
		"bad=%zz":             "bad=%25zz",
	} {
		b.do(t, "GET", "/api/x?"+query, "")
		if _, got, _ := strings.Cut(b.handler.Last(t).URI, "?"); got != want {
			t.Errorf("%s became %s, want %s", query, got, want)
		}
	}
}

func TestForwardEncodesThePathAgain_4_1(t *testing.T) {
	b := newBench(t, front.Forward, anywhere(), nil)
	for path, want := range map[string]string{
		"/api/a%20b/%7Ec":   "/api/a%20b/~c",
		"/api/%C3%A9":       "/api/%C3%A9",
		"/api/a%2Fb":        "/api/a%2Fb",
		"/api/a%3Fb/c":      "/api/a", // an encoded question mark truncates
		"/api/a%23b":        "/api/a",
		"/api/x%22y%7C":     "/api/x%22y%7C",
		"/api/(a),b;c@d:e+": "/api/(a),b;c@d:e+",
	} {
		b.do(t, "GET", path, "")
		if got := b.handler.Last(t).URI; got != want {
			t.Errorf("%s became %s, want %s", path, got, want)
		}
	}
}

func TestForwardLosesContentHeaders_4_1(t *testing.T) {
	b := newBench(t, front.Forward, anywhere(), nil)
	req, err := http.NewRequestWithContext(hosttest.Context(t), "POST", b.URL+"/api/x", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "public.example"
	for _, name := range []string{"Content-Encoding", "Content-Disposition", "Content-Language", "Content-MD5", "Content-Range", "Expires", "Last-Modified", "Allow"} {
		req.Header.Set(name, "x")
	}
	for name, value := range map[string]string{"X-Sig": "abc", "User-Agent": "Partner/1", "x-functions-key": "k", "X-Forwarded-For": "1.2.3.4", "X-Azure-Functions-InvocationId": "forged"} {
		req.Header.Set(name, value)
	}
	req.Header.Add("X-Many", "a")
	req.Header.Add("X-Many", "b")
	b.send(t, req)
	r := b.handler.Last(t)
	for _, name := range []string{"Content-Encoding", "Content-Disposition", "Content-Language", "Content-Md5", "Content-Range", "Expires", "Last-Modified", "Allow"} {
		if r.Header[name] != nil {
			t.Errorf("%s survives", name)
		}
	}
	id := b.log.Wait(t, event.Invocation, nil).Text("id")
	for name, want := range map[string]string{"X-Sig": "abc", "X-Functions-Key": "k", "X-Forwarded-For": "1.2.3.4", "X-Many": "a, b",
		"User-Agent": "Partner/1 Azure-Functions-Host/" + invoke.HostVersion, "X-Azure-Functions-Invocationid": "forged, " + id,
		"X-Azure-Functions-Hostversion": invoke.HostVersion} {
		if got := strings.Join(r.Header[name], "|"); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if r.Host != "public.example" {
		t.Errorf("host = %s", r.Host)
	}
}

func TestForwardDropsChunkedBodiesOrFails_4_1(t *testing.T) {
	for fail, want := range map[bool]int{false: 200, true: 500} {
		b := newBench(t, front.Forward, anywhere(), func(o *front.Options) { o.FailChunked = fail })
		req, err := http.NewRequestWithContext(hosttest.Context(t), "POST", b.URL+"/api/x", io.MultiReader(strings.NewReader("hello")))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "text/plain")
		if got := b.send(t, req); got.status != want {
			t.Errorf("fail %v: status %d", fail, got.status)
		}
		all := b.handler.Requests()
		if fail && len(all) != 0 {
			t.Error("the handler was called")
		}
		if !fail && (all[0].Body != "" || all[0].Length != 0 || all[0].Header["Content-Type"] != nil) {
			t.Errorf("the handler got %+v", all[0])
		}
	}
}

func TestForwardFailsOnHeadersThatAreNotASCII_4_1(t *testing.T) {
	b := newBench(t, front.Forward, anywhere(), nil)
	if got := b.raw(t, "GET /api/x HTTP/1.1\r\nHost: x\r\nX-Name: J\xf6rg\r\n\r\n"); !strings.Contains(got, "500") {
		t.Errorf("answer = %s", got)
	}
}

func TestForwardGivesTheWholeAnswerBack_4_1(t *testing.T) {
	b := newBench(t, front.Forward, anywhere(), nil)
	got := b.do(t, "GET", "/api/Reply?status=422&body=no&type=application%2Fproblem%2Bjson&header=X-One:1", "")
	if got.status != 422 || got.body != "no" || got.header.Get("Content-Type") != "application/problem+json" || got.header.Get("X-One") != "1" || got.header.Get("Content-Length") != "2" {
		t.Errorf("answer = %+v", got)
	}
	if e := b.log.Wait(t, event.Invocation, nil); e["ok"] != true || e.Number("status") != 422 {
		t.Errorf("event = %v", e)
	}
	if got := b.do(t, "GET", "/api/Redirect", ""); got.status != 307 || got.header.Get("Location") != "/Well" {
		t.Errorf("a redirect: %+v", got)
	}
	if got := b.do(t, "HEAD", "/api/Well", ""); got.status != 200 || got.body != "" {
		t.Errorf("HEAD: %+v", got)
	}
	if got := b.do(t, "GET", "/api/NoContent", ""); got.status != 204 {
		t.Errorf("204: %+v", got)
	}
}

func TestForwardBuffersWithoutStreaming_4_1(t *testing.T) {
	b := newBench(t, front.Forward, anywhere(), func(o *front.Options) { o.Runner.Timeout = 20 * time.Millisecond })
	// The first chunk is out, the second never comes: the client sees nothing of it.
	if got := b.do(t, "GET", "/api/Stream?until=/nowhere/at/all", ""); got.status != 500 || got.body != "" {
		t.Errorf("answer = %+v", got)
	}
}

func TestForwardTransportFailureIs500WithAnEmptyBody_4_1(t *testing.T) {
	b := newBench(t, front.Forward, anywhere(), nil)
	if got := b.do(t, "POST", "/api/Abort", "x"); got.status != 500 || got.body != "" {
		t.Errorf("answer = %+v", got)
	}
}

func TestClientThatGoesAwayDoesNotCancelAForwardedCall_3(t *testing.T) {
	until := t.TempDir() + "/go"
	for mode, path := range map[front.Mode]string{front.Forward: "/api/Stream?until=" + until} {
		b := newBench(t, mode, anywhere(), nil)
		leave(t, b, b.URL+path)
		write(t, until)
		if e := b.log.Wait(t, event.Invocation, nil); e["ok"] != true {
			t.Errorf("%s: event = %v", mode, e)
		}
	}
}

func TestLegacyHttpWorkerIsForwardedToTheFunctionsName_1_1(t *testing.T) {
	b := newBench(t, front.Forward, anywhere(), func(o *front.Options) { o.Legacy = true })
	b.do(t, "GET", "/api/deep/path?x=1", "")
	if r := b.handler.Last(t); r.URI != "/Any?x=1" {
		t.Errorf("the handler got %s", r.URI)
	}
}
