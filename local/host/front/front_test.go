package front_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leadrelay/local/host/event"
	"leadrelay/local/host/front"
	"leadrelay/local/host/function"
	"leadrelay/local/host/hostjson"
	"leadrelay/local/host/hosttest"
	"leadrelay/local/host/invoke"
	"leadrelay/local/host/settings"
)

// bench is a front before a handler in this process.
type bench struct {
	*httptest.Server
	handler *hosttest.Server
	log     *hosttest.Log
	options front.Options
}

func newBench(t *testing.T, mode front.Mode, functions []*function.Function, change func(*front.Options)) *bench {
	t.Helper()
	app, err := settings.Load("", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{handler: hosttest.NewServer(t), log: hosttest.NewLog()}
	runner := &invoke.Runner{Handler: b.handler, Log: b.log.Log, Grace: 20 * time.Millisecond}
	b.options = front.Options{Functions: functions, HTTP: hostjson.HTTP{RoutePrefix: "api"}, Mode: mode, App: app, Runner: runner,
		Caller: &invoke.Caller{Client: invoke.NewClient(0, mode != front.Forward), Log: b.log.Log}, Client: invoke.NewClient(0, false), Log: b.log.Log}
	if change != nil {
		change(&b.options)
	}
	f, err := front.New(b.options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	b.Server = httptest.NewServer(f.Handler(ctx))
	t.Cleanup(func() { cancel(); b.CloseClientConnections(); b.Server.Close() })
	return b
}

// http is an anonymous function on a route, in and out and nothing else.
func httpFunction(name, route string, methods ...string) *function.Function {
	trigger := function.Binding{Type: "httpTrigger", Name: "req", Direction: "in", AuthLevel: "anonymous", Route: route, Methods: methods}
	return &function.Function{Name: name, Trigger: trigger, Inputs: []function.Binding{trigger}, Outputs: []function.Binding{{Type: "http", Name: "res"}}}
}

func anywhere() []*function.Function {
	return []*function.Function{httpFunction("Any", "{*path}")}
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (b *bench) do(t *testing.T, method, path, body string, header ...string) answer {
	t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(hosttest.Context(t), method, b.URL+path, content)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	return b.send(t, req)
}

func (b *bench) send(t *testing.T, req *http.Request) answer {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// raw sends bytes over a connection and returns the answer's status line.
func (b *bench) raw(t *testing.T, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", b.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(hosttest.Patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func TestMethodThatIsNotListedIs404Not405_4_3(t *testing.T) {
	b := newBench(t, front.Proxy, []*function.Function{httpFunction("A", "a", "get", "POST")}, nil)
	for method, want := range map[string]int{"GET": 200, "POST": 200, "PUT": 404} {
		if got := b.do(t, method, "/api/a", ""); got.status != want {
			t.Errorf("%s: %d, want %d", method, got.status, want)
		}
	}
}

func TestRoutesAreTriedInTheOrderOfNames_4_3(t *testing.T) {
	b := newBench(t, front.JSON, []*function.Function{httpFunction("All", "{*x}"), httpFunction("Zed", "zed")}, nil)
	b.do(t, "GET", "/api/zed", "")
	if r := b.handler.Last(t); r.URI != "/All" {
		t.Errorf("%s was called: an early catch-all shadows", r.URI)
	}
}

func TestPrefixHomepageAndReservedPaths_4_3(t *testing.T) {
	b := newBench(t, front.Proxy, []*function.Function{httpFunction("A", "a")}, nil)
	for path, want := range map[string]int{"/": 200, "/a": 404, "/api/a": 200, "/api": 404, "/runtime/x": 404, "/admin/x": 404} {
		if got := b.do(t, "GET", path, ""); got.status != want {
			t.Errorf("%s: %d, want %d", path, got.status, want)
		}
	}
	if got := b.do(t, "GET", "/", ""); !strings.Contains(got.header.Get("Content-Type"), "text/html") {
		t.Errorf("homepage is %v", got.header)
	}
	b = newBench(t, front.Proxy, anywhere(), func(o *front.Options) {
		o.HTTP.RoutePrefix = ""
		o.App, _ = settings.Load("", false, []string{"AzureWebJobsDisableHomepage=true"})
	})
	if got := b.do(t, "GET", "/runtime/webhooks", ""); got.status != 404 { // reserved, even from a catch-all
		t.Errorf("/runtime: %d", got.status)
	}
	b = newBench(t, front.Proxy, nil, func(o *front.Options) {
		o.App, _ = settings.Load("", false, []string{"AzureWebJobsDisableHomepage=true"})
	})
	if got := b.do(t, "GET", "/", ""); got.status != 204 {
		t.Errorf("disabled homepage: %d", got.status)
	}
}

func TestDisabledFunctionIs404_4_3(t *testing.T) {
	fn := httpFunction("A", "a")
	fn.Disabled = true
	if got := newBench(t, front.Proxy, []*function.Function{fn}, nil).do(t, "GET", "/api/a", ""); got.status != 404 {
		t.Errorf("status = %d", got.status)
	}
}

func TestKeysOpenTheirLevels_4_3(t *testing.T) {
	open, guarded, admin := httpFunction("Open", "open"), httpFunction("Guarded", "guarded"), httpFunction("Admin", "boss")
	guarded.Trigger.AuthLevel, admin.Trigger.AuthLevel = "function", "admin"
	keys := &front.Keys{Master: "m", Host: map[string]string{"default": "h"}, Functions: map[string]map[string]string{"Guarded": {"p1": "f"}, "Admin": {"x": "f"}}}
	b := newBench(t, front.Proxy, []*function.Function{admin, guarded, open}, func(o *front.Options) { o.Keys = keys })
	for _, c := range []struct {
		path, key string
		want      int
	}{
		{"/api/open", "", 200}, {"/api/open", "wrong", 200}, {"/api/guarded", "", 401}, {"/api/guarded", "wrong", 401}, {"/api/guarded", "f", 200},
		{"/api/guarded", "h", 200}, {"/api/guarded", "m", 200}, {"/api/boss", "f", 401}, {"/api/boss", "h", 401}, {"/api/boss", "m", 200},
	} {
		if got := b.do(t, "GET", c.path, "", "x-functions-key", c.key); got.status != c.want || (c.want == 401 && got.body != "") {
			t.Errorf("%s with header %q: %d %q, want %d", c.path, c.key, got.status, got.body, c.want)
		}
		if got := b.do(t, "GET", c.path+"?code="+c.key, ""); got.status != c.want {
			t.Errorf("%s with code %q: %d, want %d", c.path, c.key, got.status, c.want)
		}
	}
	b = newBench(t, front.Proxy, []*function.Function{guarded}, nil)
	if got := b.do(t, "GET", "/api/guarded", ""); got.status != 200 {
		t.Errorf("without keys nothing is asked for, as under Core Tools: %d", got.status)
	}
}

func TestKeysFileIsReadAndNeverQuoted_4_3(t *testing.T) {
	root := hosttest.App(t, map[string]string{"good": `{"master":"m","host":{"default":"h"}}`, "bad": `{"master":"s3cret"`, "none": `{}`})
	if k, err := front.ReadKeys(filepath.Join(root, "good")); err != nil || k.Master != "m" || k.Host["default"] != "h" {
		t.Errorf("keys = %v, %v", k, err)
	}
	for _, name := range []string{"bad", "none", "missing"} {
		if _, err := front.ReadKeys(filepath.Join(root, name)); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: error = %v", name, err)
		}
	}
}

func TestBodyOverTheLimitIs413_4_3(t *testing.T) {
	for _, mode := range []front.Mode{front.Proxy, front.Forward, front.JSON} {
		b := newBench(t, mode, anywhere(), func(o *front.Options) {
			o.App, _ = settings.Load("", false, []string{"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT=10"})
		})
		if got := b.do(t, "POST", "/api/Well", "0123456789"); got.status >= 300 {
			t.Errorf("%s: ten bytes: %d", mode, got.status)
		}
		if got := b.do(t, "POST", "/api/Well", "0123456789a"); got.status != 413 {
			t.Errorf("%s: eleven bytes: %d", mode, got.status)
		}
	}
	b := newBench(t, front.Proxy, anywhere(), func(o *front.Options) {
		o.App, _ = settings.Load("", false, []string{"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT=10"})
	})
	if got := b.raw(t, "POST /api/Well HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n0\r\n\r\n"); !strings.Contains(got, "413") {
		t.Errorf("chunked: %s", got)
	}
}

func TestUsualLimitIs100MiB_4_3(t *testing.T) {
	b := newBench(t, front.Proxy, anywhere(), nil)
	for length, want := range map[string]string{"104857600": "401", "104857601": "413"} { // the handler says 401 before it reads
		if got := b.raw(t, "POST /api/Early HTTP/1.1\r\nHost: x\r\nContent-Length: "+length+"\r\n\r\n"); !strings.Contains(got, want) {
			t.Errorf("%s bytes: %s, want %s", length, got, want)
		}
	}
	app, _ := settings.Load("", false, []string{"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT=big"})
	if _, err := front.New(front.Options{App: app}); err == nil || !strings.Contains(err.Error(), "SIZE_LIMIT") {
		t.Errorf("error = %v", err)
	}
}

func TestTooManyOutstandingRequestsGet429_4_3(t *testing.T) {
	b := newBench(t, front.Proxy, anywhere(), func(o *front.Options) { o.HTTP.MaxOutstanding = 2; o.HTTP.MaxRunning = 1 })
	until := filepath.Join(t.TempDir(), "go")
	results := make(chan int, 2)
	for range 2 {
		go func() {
			resp, err := http.Get(b.URL + "/api/Stream?until=" + until)
			for err == nil && resp.StatusCode == http.StatusTooManyRequests || err != nil && t.Context().Err() == nil { // a probe was faster
				if err == nil {
					resp.Body.Close()
				}
				resp, err = http.Get(b.URL + "/api/Stream?until=" + until)
			}
			if err != nil {
				results <- 0
				return
			}
			defer resp.Body.Close()
			_, _ = io.Copy(io.Discard, resp.Body)
			results <- resp.StatusCode
		}()
	}
	var got answer
	hosttest.Eventually(t, "a 429", func() bool { // until both others are inside
		if len(b.handler.Requests()) == 0 {
			return false
		}
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, "GET", b.URL+"/api/Well", nil)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false // it was the second, and waited
		}
		defer resp.Body.Close()
		got = answer{status: resp.StatusCode, header: resp.Header}
		return resp.StatusCode == 429
	})
	if got.header.Get("X-Function-Scaleout") != "1" {
		t.Errorf("no scale-out header: %v", got.header)
	}
	if n := len(b.handler.Requests()); n != 1 {
		t.Errorf("%d requests run at once", n)
	}
	if err := os.WriteFile(until, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if status := <-results; status != 200 {
			t.Errorf("an outstanding request got %d", status)
		}
	}
}

func TestManualRunIsAcceptedForAllButHTTP_6_1(t *testing.T) {
	type run struct{ name, input string }
	runs := make(chan run, 1)
	functions := []*function.Function{{Name: "Tick", Trigger: function.Binding{Type: "timerTrigger"}}, httpFunction("Web", "web")}
	b := newBench(t, front.Proxy, functions, func(o *front.Options) {
		o.Manual = func(f *function.Function, input string) { runs <- run{f.Name, input} }
		o.Keys = &front.Keys{Master: "m"}
	})
	if got := b.do(t, "POST", "/admin/functions/tick", `{"input":"hello"}`, "x-functions-key", "m"); got.status != 202 || got.body != "" {
		t.Errorf("answer = %+v", got)
	}
	if got := <-runs; got != (run{"Tick", "hello"}) {
		t.Errorf("ran %v", got)
	}
	for _, c := range []struct {
		path, body, key string
		want            int
	}{
		{"Tick", `{"input":""}`, "", 401}, {"Nobody", `{}`, "m", 404}, {"Web", `{}`, "m", 400}, {"Tick", "", "m", 400}, {"Tick", `"x"`, "m", 400}, {"Tick", "null", "m", 400},
	} {
		if got := b.do(t, "POST", "/admin/functions/"+c.path, c.body, "x-functions-key", c.key); got.status != c.want {
			t.Errorf("%v: %d", c, got.status)
		}
	}
}

func TestLinesNameFunctionAndStatusOnly_10(t *testing.T) {
	b := newBench(t, front.Proxy, []*function.Function{httpFunction("Receive", "webhooks/{partner}/{token?}")}, nil)
	b.do(t, "POST", "/api/webhooks/crf/s3cret?code=s3cret", "s3cret", "X-Sig", "s3cret")
	e := b.log.Wait(t, event.Invocation, nil)
	if e.Text("function") != "Receive" || e.Number("status") != 200 {
		t.Errorf("event = %v", e)
	}
	if strings.Contains(b.log.Dump(), "s3cret") {
		t.Errorf("the log tells a token:\n%s", b.log.Dump())
	}
}

func TestBadRouteTakesItsOwnFunctionOnly_5_1(t *testing.T) {
	a, b, good := httpFunction("A", "{"), httpFunction("B", "{x:colour}"), httpFunction("C", "c")
	bench := newBench(t, front.Proxy, []*function.Function{a, b, good}, nil)
	if a.Err() == nil || !strings.Contains(fmt.Sprint(b.Err()), "The 'B' function is in error: route \"api/{x:colour}\"") || good.Err() != nil {
		t.Errorf("complaints = %v; %v; %v", a.Err(), b.Err(), good.Err())
	}
	if got := bench.do(t, "GET", "/api/c", ""); got.status != 200 {
		t.Errorf("the good one: %d", got.status)
	}
}
