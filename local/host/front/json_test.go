package front_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"leadrelay/local/host/event"
	"leadrelay/local/host/front"
	"leadrelay/local/host/function"
	"leadrelay/local/host/hosttest"
)

// leave sends a request and goes away once it has reached the handler.
func leave(t *testing.T, b *bench, address string) {
	t.Helper()
	ctx, cancel := context.WithCancel(hosttest.Context(t))
	req, err := http.NewRequestWithContext(ctx, "GET", address, nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
		}
	}()
	hosttest.Eventually(t, "the request arrives", func() bool { return len(b.handler.Requests()) == 1 })
	cancel()
	<-done
}

func write(t *testing.T, file string) {
	t.Helper()
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRequestInTheJSONForm_2_5(t *testing.T) {
	b := newBench(t, front.JSON, []*function.Function{httpFunction("order", "orders/{source}/{extra?}")}, nil)
	req, err := http.NewRequestWithContext(hosttest.Context(t), "POST", b.URL+"/api/orders/meta?x=1&y=2&Y=3&code=k", strings.NewReader(`{"a":1,"list":[1],"o":{"k":true}}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "public.example"
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Partner/1")
	req.Header.Set("X-Sig", "abc")
	b.send(t, req)
	r := b.handler.Last(t)
	if r.URI != "/order" || r.Method != "POST" {
		t.Errorf("the handler got %s %s", r.Method, r.URI)
	}
	body := regexp.MustCompile(`"sys":\{[^}]*\}`).ReplaceAllString(r.Body, `"sys":0`)
	body = regexp.MustCompile(`"Identities":\[\{.*?\}\]`).ReplaceAllString(body, `"Identities":1`)
	want := `{"Data":{"req":{"Url":"http://public.example/api/orders/meta?x=1&y=2&Y=3&code=k","Method":"POST","Query":{"x":"1","y":"2,3","code":"k"},` +
		`"Headers":{"Connection":["close"],"Content-Length":["33"],"Content-Type":["application/json"],"Host":["public.example"],"User-Agent":["Partner/1"],"X-Sig":["abc"]},` +
		`"Params":{"source":"meta","extra":null},"Identities":1,"Body":"{\"a\":1,\"list\":[1],\"o\":{\"k\":true}}"}},` +
		`"Metadata":{"a":"\"1\"","o":{"k":true},"x":"\"1\"","y":"\"2,3\"","source":"\"meta\"","Query":{"x":"1","y":"2,3","code":"k"},` +
		`"Headers":{"Connection":"close","Content-Length":"33","Content-Type":"application/json","Host":"public.example","User-Agent":"Partner/1","X-Sig":"abc"},"sys":0}}`
	if body != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
}

func TestBodiesInTheJSONForm_2_5(t *testing.T) {
	b := newBench(t, front.JSON, anywhere(), nil)
	for _, c := range []struct{ contentType, body, want string }{
		{"text/plain", "plain \xff text", "plain \ufffd text"},
		{"text/plain", "\xef\xbb\xbfwith a mark", "with a mark"},
		{"text/plain", "\xff\xfeh\x00i\x00", "hi"},
		{"text/plain", "\xfe\xff\x00h\x00i", "hi"},
		{"application/octet-stream", "\x01\xff", "Af8="},
		{"multipart/form-data; boundary=x", "hi", "aGk="},
	} {
		b.do(t, "POST", "/api/x", c.body, "Content-Type", c.contentType)
		var call struct {
			Data struct{ Req struct{ Body string } }
		}
		if err := json.Unmarshal([]byte(b.handler.Last(t).Body), &call); err != nil || call.Data.Req.Body != c.want {
			t.Errorf("%s %q became %q, %v", c.contentType, c.body, call.Data.Req.Body, err)
		}
	}
	req, err := http.NewRequestWithContext(hosttest.Context(t), "POST", b.URL+"/api/x", io.MultiReader(strings.NewReader("hello")))
	if err != nil {
		t.Fatal(err)
	}
	b.send(t, req)
	if strings.Contains(b.handler.Last(t).Body, `"Body"`) {
		t.Error("a chunked request has a body")
	}
}

// output asks a function in JSON form whose handler answers with body.
func output(t *testing.T, body, binding string) answer {
	t.Helper()
	fn := httpFunction("Reply?body="+url.QueryEscape(body), "x")
	fn.Outputs[0].Name = binding
	return newBench(t, front.JSON, []*function.Function{fn}, nil).do(t, "GET", "/api/x", "")
}

func TestHTTPOutputs_3(t *testing.T) {
	const text = "text/plain; charset=utf-8"
	for _, c := range []struct {
		body, binding string
		status        int
		content, kind string
	}{
		{`{"Outputs":{"res":{"body":"hello"}}}`, "res", 200, "hello", text},
		{`{"Outputs":{"res":{"statusCode":201,"body":"made"}}}`, "res", 201, "made", text},
		{`{"Outputs":{"res":{"StatusCode":"202","Body":"x"}}}`, "res", 202, "x", text},
		{`{"Outputs":{"res":{"status":418,"body":"x"}}}`, "res", 200, "x", text}, // status is ignored
		{`{"Outputs":{"res":{"body":{"a":[1]}}}}`, "res", 200, "{\n  \"a\": [\n    1\n  ]\n}", text},
		{`{"Outputs":{"res":{"body":"{}","headers":{"Content-Type":"application/json"}}}}`, "res", 200, "{}", "application/json"},
		{`{"Outputs":{"res":"{\"statusCode\":203,\"body\":\"t\"}"}}`, "res", 203, "t", text},
		{`{"Outputs":{"other":1}}`, "res", 200, "{}", text},
		{`{"Outputs":{}}`, "res", 200, "{}", text},
		{`{"Outputs":null}`, "res", 204, "", ""},
		{`{}`, "res", 204, "", ""},
		{`{"Outputs":{"res":"no object"}}`, "res", 500, "", ""},
		{`{"ReturnValue":{"res":{"statusCode":201,"body":"merged"}}}`, "res", 201, "merged", text},
		{`{"ReturnValue":{"statusCode":201,"body":"returned"}}`, "$return", 201, "returned", text},
		{`{"ReturnValue":{"a":1}}`, "$return", 200, "{\n  \"a\": 1\n}", text},
		{`{"ReturnValue":"hello!"}`, "$return", 200, "hello!", text},
		{`{"ReturnValue":"test"}`, "$return", 200, "\xb5\xeb\x2d", "application/octet-stream"}, // the base64 trap
		{`{}`, "$return", 204, "", ""},
	} {
		got := output(t, c.body, c.binding)
		if got.status != c.status || got.body != c.content || got.header.Get("Content-Type") != c.kind {
			t.Errorf("%s as %s: %d %q %s, want %d %q %s", c.body, c.binding, got.status, got.body, got.header.Get("Content-Type"), c.status, c.content, c.kind)
		}
	}
}

func TestHeadersOfHTTPOutputsAreSingle_3(t *testing.T) {
	got := output(t, `{"Outputs":{"res":{"body":"","headers":{"X-One":1,"X-List":["a","b"]}}}}`, "res")
	if got.header.Get("X-One") != "1" || strings.Join(got.header["X-List"], "|") != `["a","b"]` {
		t.Errorf("headers = %v", got.header)
	}
}

func TestFailedInvocationIs500WithAnEmptyBody_3(t *testing.T) {
	for _, name := range []string{"Fail", "Empty", "Text", "Abort"} {
		b := newBench(t, front.JSON, []*function.Function{httpFunction(name, "x")}, nil)
		if got := b.do(t, "GET", "/api/x", ""); got.status != 500 || got.body != "" {
			t.Errorf("%s: %+v", name, got)
		}
		if e := b.log.Wait(t, event.Invocation, nil); e["ok"] != false || e.Number("status") != 500 {
			t.Errorf("%s: event = %v", name, e)
		}
	}
}

func TestClientThatGoesAwayDoesNotCancelACall_3(t *testing.T) {
	until := t.TempDir() + "/go"
	b := newBench(t, front.JSON, []*function.Function{httpFunction("Stream?until="+until, "x")}, func(o *front.Options) { o.Runner.Timeout = time.Hour })
	leave(t, b, b.URL+"/api/x")
	write(t, until)
	if e := b.log.Wait(t, event.Invocation, nil); !strings.Contains(e.Text("reason"), "Invalid HttpResponseMessage") { // it was read to its end
		t.Errorf("event = %v", e)
	}
}
