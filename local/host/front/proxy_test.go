package front_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leadrelay/local/host/event"
	"leadrelay/local/host/front"
	"leadrelay/local/host/function"
	"leadrelay/local/host/hosttest"
	"leadrelay/local/host/invoke"
	"leadrelay/local/host/worker"
)

func TestProxyPassesTheRequestOnUnchanged_4_2(t *testing.T) {
	b := newBench(t, front.Proxy, anywhere(), nil)
	body := make([]byte, 300_000)
	if _, err := rand.Read(body); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(hosttest.Context(t), "PUT", b.URL+"/api/a%20b%2Fc%3F/%7Ed?x=1&x=2&flag&bad=%zz;y&q=%e9", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "public.example"
	for name, value := range map[string]string{"User-Agent": "Partner/1", "Content-Encoding": "gzip", "X-Sig": "abc", "X-Forwarded-For": "1.2.3.4", "X-Azure-Functions-InvocationId": "forged"} {
		req.Header.Set(name, value)
	}
	if got := b.send(t, req); got.status != 200 || got.body != "{}" {
		t.Errorf("answer = %+v", got)
	}
	r := b.handler.Last(t)
	if r.URI != "/api/a%20b%2Fc%3F/%7Ed?x=1&x=2&flag&bad=%zz;y&q=%e9" || r.Method != "PUT" || r.Host != "public.example" || r.Body != string(body) || r.Length != int64(len(body)) {
		t.Errorf("the handler got %s %s, host %s, %d bytes, length %d", r.Method, r.URI, r.Host, len(r.Body), r.Length)
	}
	id := b.log.Wait(t, event.Invocation, nil).Text("id")
	for name, want := range map[string]string{"User-Agent": "Partner/1", "Content-Encoding": "gzip", "X-Sig": "abc", "X-Forwarded-For": "1.2.3.4",
		"X-Azure-Functions-InvocationId": id, "X-Ms-Invocation-Id": id, "X-Azure-Functions-HostVersion": invoke.HostVersion} {
		if got := strings.Join(r.Header[http.CanonicalHeaderKey(name)], "|"); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestProxyStreamsChunkedBodies_4_2(t *testing.T) {
	b := newBench(t, front.Proxy, anywhere(), nil)
	req, err := http.NewRequestWithContext(hosttest.Context(t), "POST", b.URL+"/api/Well", io.MultiReader(strings.NewReader("hel"), strings.NewReader("lo")))
	if err != nil {
		t.Fatal(err)
	}
	b.send(t, req)
	if r := b.handler.Last(t); r.Body != "hello" || r.Length != -1 {
		t.Errorf("the handler got %q, length %d", r.Body, r.Length)
	}
}

func TestProxyStreamsTheAnswer_4_2(t *testing.T) {
	b := newBench(t, front.Proxy, anywhere(), nil)
	until := filepath.Join(t.TempDir(), "go")
	req, err := http.NewRequestWithContext(hosttest.Context(t), "GET", b.URL+"/api/Stream?until="+until, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	if line, err := lines.ReadString('\n'); err != nil || line != "first\n" { // the second is not even begun
		t.Fatalf("line = %q, %v", line, err)
	}
	if err := os.WriteFile(until, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if line, err := lines.ReadString('\n'); err != nil || line != "second\n" {
		t.Errorf("line = %q, %v", line, err)
	}
}

func TestProxyAnswersBeforeTheBodyIsSent_4_2(t *testing.T) {
	b := newBench(t, front.Proxy, anywhere(), nil)
	got := b.raw(t, "POST /api/Early HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n") // the ten bytes never come
	if !strings.Contains(got, "401") {
		t.Errorf("answer = %s", got)
	}
}

func TestProxyPassesErrorsThroughAndCountsThemAsSuccess_4_2(t *testing.T) {
	b := newBench(t, front.Proxy, anywhere(), nil)
	if got := b.do(t, "POST", "/api/Fail", "x"); got.status != 500 || !strings.Contains(got.body, "Logs") {
		t.Errorf("answer = %+v", got)
	}
	if e := b.log.Wait(t, event.Invocation, nil); e["ok"] != true || e.Number("status") != 500 {
		t.Errorf("event = %v", e)
	}
	if got := b.do(t, "GET", "/api/Redirect", ""); got.status != 307 || got.header.Get("Location") != "/Well" {
		t.Errorf("a redirect: %+v", got)
	}
}

func TestProxyTriesAgainWhileTheHandlerStarts_4_2(t *testing.T) {
	late := &lateHandler{}
	b := newBench(t, front.Proxy, anywhere(), func(o *front.Options) { o.Runner.Handler = late })
	port, err := worker.FreePort(0)
	if err != nil {
		t.Fatal(err)
	}
	address := (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}).String()
	late.url = "http://" + address
	late.asked = func() { // nobody listens yet when the request is let through
		time.AfterFunc(20*time.Millisecond, func() {
			l, err := net.Listen("tcp", address)
			if err != nil {
				return // the request will tell
			}
			t.Cleanup(func() { l.Close() })
			go http.Serve(l, hosttest.Handler(func(hosttest.Request) {})) //nolint:errcheck // ends with the listener
		})
	}
	if got := b.do(t, "POST", "/api/Well", "body"); got.status != 200 {
		t.Errorf("status = %d", got.status)
	}
}

type lateHandler struct {
	url   string
	asked func()
}

func (l *lateHandler) Ready(context.Context) (worker.Instance, error) {
	l.asked()
	return worker.Instance{URL: l.url, Life: 1}, nil
}

func (l *lateHandler) Kill(int) {}

func TestProxyFailureIs500WithAnEmptyBody_4_2(t *testing.T) {
	b := newBench(t, front.Proxy, anywhere(), nil)
	if got := b.do(t, "POST", "/api/Abort", "x"); got.status != 500 || got.body != "" {
		t.Errorf("answer = %+v", got)
	}
	if e := b.log.Wait(t, event.Invocation, nil); e["ok"] != false || e.Number("status") != 500 {
		t.Errorf("event = %v", e)
	}
}

// absent is a Handler that is never ready.
type absent struct{}

func (absent) Ready(context.Context) (worker.Instance, error) {
	return worker.Instance{}, errors.New("no handler")
}
func (absent) Kill(int) {}

func TestConnectionSurvivesAFailureWhoseBodyNobodyRead_4_2(t *testing.T) {
	b := newBench(t, front.Proxy, anywhere(), func(o *front.Options) { o.Runner.Handler = absent{} })
	conn, err := net.Dial("tcp", b.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(hosttest.Patience)); err != nil {
		t.Fatal(err)
	}
	answers := bufio.NewReader(conn)
	for range 3 { // on one connection
		if _, err := io.WriteString(conn, "POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(resp.Body); resp.StatusCode != 500 || len(text) > 0 || resp.ContentLength != 0 || err != nil {
			t.Errorf("answer = %d %q, %v", resp.StatusCode, text, err)
		}
	}
}

func TestTimeoutOfAProxiedRequestKillsTheHandler_1_5(t *testing.T) {
	b := newBench(t, front.Proxy, anywhere(), func(o *front.Options) { o.Runner.Timeout = 20 * time.Millisecond })
	if got := b.do(t, "POST", "/api/Hang", "x"); got.status != 500 || got.body != "" {
		t.Errorf("answer = %+v", got)
	}
	if killed := b.handler.Killed(); len(killed) != 1 {
		t.Errorf("killed %v", killed)
	}
}

func TestClientThatGoesAwayIsNoError_4_2(t *testing.T) {
	b := newBench(t, front.Proxy, anywhere(), nil)
	ctx, cancel := context.WithCancel(hosttest.Context(t))
	req, err := http.NewRequestWithContext(ctx, "GET", b.URL+"/api/Hang", nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := http.DefaultClient.Do(req)
		done <- err
	}()
	hosttest.Eventually(t, "the request arrives", func() bool { return len(b.handler.Requests()) == 1 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if e := b.log.Wait(t, event.Invocation, nil); e["ok"] != true {
		t.Errorf("event = %v", e)
	}
	b.log.Wait(t, "request.aborted", nil)
}

func TestOneMoreBindingMeansTheJSONForm_4(t *testing.T) {
	fn := httpFunction("Well", "well")
	fn.Outputs = append(fn.Outputs, function.Binding{Type: "queue", Name: "q"})
	for _, mode := range []front.Mode{front.Proxy, front.Forward} {
		b := newBench(t, mode, []*function.Function{fn}, nil)
		b.do(t, "GET", "/api/well", "")
		if r := b.handler.Last(t); r.URI != "/Well" || r.Method != "POST" {
			t.Errorf("%s: the handler got %s %s", mode, r.Method, r.URI)
		}
	}
}
