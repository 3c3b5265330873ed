package scripthost_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"leadrelay/local/azurite/azuritetest"
	"leadrelay/local/host/event"
	"leadrelay/local/host/front"
	"leadrelay/local/host/hosttest"
	"leadrelay/local/host/scripthost"
	"leadrelay/local/host/settings"
	"leadrelay/local/host/storage"
	"leadrelay/local/host/worker"
)

func TestMain(m *testing.M) { hosttest.Main(m, nil) }

// host is a running host.
type host struct {
	log  *hosttest.Log
	stop context.CancelFunc
	done chan error
}

func start(t *testing.T, files map[string]string, environ []string, change func(*scripthost.Options)) *host {
	t.Helper()
	h := &host{log: hosttest.NewLog(), done: make(chan error, 1)}
	o := scripthost.Options{Root: hosttest.App(t, files), Environ: append(os.Environ(), environ...), Grace: time.Millisecond, Log: h.log.Log}
	if change != nil {
		change(&o)
	}
	ctx, stop := context.WithCancel(context.Background())
	h.stop = stop
	go func() { h.done <- scripthost.Run(ctx, o) }()
	t.Cleanup(func() { stop(); _ = h.end(t) })
	return h
}

// end waits for the host's end and returns its reason.
func (h *host) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-h.done:
		h.done <- err
		return err
	case <-time.After(hosttest.Patience):
		t.Fatalf("the host does not end:\n%s", h.log.Dump())
		return nil
	}
}

func (h *host) url(t *testing.T) string {
	t.Helper()
	return h.log.Wait(t, event.Listening, nil).Text("url")
}

func (h *host) do(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(hosttest.Context(t), method, h.url(t)+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// proxied adds enableProxyingHttpRequest to the host.json of this test binary.
func proxied(t *testing.T, more string) string {
	return strings.Replace(hosttest.HostJSON(t, more), `"customHandler":{`, `"customHandler":{"enableProxyingHttpRequest":true,"enableForwardingHttpRequest":true,`, 1)
}

func TestRequestsWaitForTheHandler_1_4(t *testing.T) {
	file := t.TempDir() + "/go"
	h := start(t, map[string]string{"host.json": proxied(t, ""), "Any/function.json": hosttest.HTTP("{*path}")}, []string{hosttest.Start + "=hold:" + file}, nil)
	answers := make(chan int, 1)
	go func() {
		resp, err := http.Get(h.url(t) + "/api/early")
		if err != nil {
			answers <- 0
			return
		}
		resp.Body.Close()
		answers <- resp.StatusCode
	}()
	h.log.Wait(t, event.WorkerStarted, nil)
	if n := len(h.log.All(event.Ready)); n != 0 {
		t.Error("ready too early")
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if status := <-answers; status != 200 {
		t.Errorf("status = %d", status)
	}
	h.log.Wait(t, event.Ready, nil)
}

func TestProxyGoesFirstAndTheFlagWins_4_2(t *testing.T) {
	for mode, length := range map[front.Mode]int64{"": -1, front.Proxy: -1, front.Forward: 0} { // forwarding drops a chunked body
		h := start(t, map[string]string{"host.json": proxied(t, ""), "Any/function.json": hosttest.HTTP("{*path}")}, nil, func(o *scripthost.Options) { o.Mode = mode })
		resp, err := http.Post(h.url(t)+"/api/x", "text/plain", io.MultiReader(strings.NewReader("hello")))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if r := h.log.WaitRequest(t, nil); r.Length != length || r.URI != "/api/x" {
			t.Errorf("mode %q: the handler got %+v", mode, r)
		}
		h.stop()
		if err := h.end(t); err != nil {
			t.Error(err)
		}
	}
}

func TestNeitherModeIsTheJSONForm_2_5(t *testing.T) {
	h := start(t, map[string]string{"host.json": hosttest.HostJSON(t, ""), "Any/function.json": hosttest.HTTP("x/{id}")}, nil, nil)
	if status, _ := h.do(t, "GET", "/api/x/7", ""); status != 204 {
		t.Errorf("status = %d", status)
	}
	if r := h.log.WaitRequest(t, nil); r.URI != "/Any" || !strings.Contains(r.Body, `"Params":{"id":"7"}`) {
		t.Errorf("the handler got %+v", r)
	}
}

func TestTimeoutKillsEverythingInFlightAndTheHandlerComesBack_1_5(t *testing.T) {
	h := start(t, map[string]string{"host.json": proxied(t, `,"functionTimeout":"00:00:01"`), "Any/function.json": hosttest.HTTP("{*path}")}, nil, nil)
	if status, body := h.do(t, "POST", "/api/Hang", ""); status != 500 || body != "" {
		t.Errorf("answer = %d %q", status, body)
	}
	h.log.Wait(t, event.WorkerExited, func(e hosttest.Event) bool { return e.Text("signal") == "killed" })
	if status, _ := h.do(t, "POST", "/api/Well", ""); status != 200 {
		t.Errorf("the next request: %d", status)
	}
	if n := len(h.log.All(event.WorkerStarted)); n != 2 {
		t.Errorf("started %d times", n)
	}
}

func TestHostStopsWhenTheHandlerKeepsFailing_1_5(t *testing.T) {
	h := start(t, map[string]string{"host.json": proxied(t, ""), "Any/function.json": hosttest.HTTP("x")}, []string{hosttest.Start + "=exit:3"}, nil)
	if err := h.end(t); !errors.Is(err, worker.ErrRestarts) {
		t.Errorf("end = %v", err)
	}
	if e := h.log.Wait(t, event.Stopping, nil); e.Text("reason") != worker.ErrRestarts.Error() {
		t.Errorf("event = %v", e)
	}
}

func TestDeadHandlerFailsEveryInvocation_1_5(t *testing.T) {
	h := start(t, map[string]string{"host.json": proxied(t, ""), "Any/function.json": hosttest.HTTP("{*path}")}, nil,
		func(o *scripthost.Options) { o.Mode = front.Forward }) // which does not try again
	for _, path := range []string{"/api/Exit?code=0", "/api/Well", "/api/Well"} {
		if status, body := h.do(t, "POST", path, "x"); status != 500 || body != "" {
			t.Errorf("%s: %d %q", path, status, body)
		}
	}
	if n := len(h.log.All(event.WorkerStarted)); n != 1 {
		t.Errorf("started %d times", n)
	}
}

func TestExitZeroBeforeReadinessIsNoticedByTheTimeoutOnly_1_5(t *testing.T) {
	environ := []string{hosttest.Start + "=once:0:" + t.TempDir() + "/was-here", "AzureFunctionsJobHost__customHandler__initializationTimeout=00:00:02"}
	h := start(t, map[string]string{"host.json": hosttest.HostJSON(t, ""), "Any/function.json": hosttest.HTTP("x")}, environ, nil)
	if status, _ := h.do(t, "GET", "/api/x", ""); status != 204 { // the second start behaves
		t.Errorf("status = %d", status)
	}
	h.log.Wait(t, "worker.failed", nil)
	if n := len(h.log.All(event.WorkerStarted)); n != 2 {
		t.Errorf("started %d times", n)
	}
}

func TestStopDrainsWhatIsInFlight_1_5(t *testing.T) {
	file := t.TempDir() + "/go"
	h := start(t, map[string]string{"host.json": proxied(t, ""), "Any/function.json": hosttest.HTTP("{*path}")}, nil, func(o *scripthost.Options) { o.Drain = hosttest.Patience })
	body := make(chan string, 1)
	go func() {
		resp, err := http.Get(h.url(t) + "/api/Stream?until=" + file)
		if err != nil {
			body <- err.Error()
			return
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		body <- string(text)
	}()
	h.log.WaitRequest(t, nil)
	h.stop()
	h.log.Wait(t, event.Stopping, nil)
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := <-body; got != "first\nsecond\n" {
		t.Errorf("the answer was cut: %q", got)
	}
	if err := h.end(t); err != nil {
		t.Errorf("end = %v", err)
	}
}

func TestStopDoesNotWaitForConnectionsWithoutARequest_1_5(t *testing.T) {
	h := start(t, map[string]string{"host.json": proxied(t, ""), "Any/function.json": hosttest.HTTP("x")}, nil, func(o *scripthost.Options) { o.Drain = time.Hour })
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.url(t), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	h.log.Wait(t, event.Ready, nil)
	h.stop()
	if err := h.end(t); err != nil {
		t.Errorf("end = %v", err)
	}
}

func TestStopCutsOffWhatOutlastsTheDrain_1_5(t *testing.T) {
	h := start(t, map[string]string{"host.json": hosttest.HostJSON(t, ""), "Hang/function.json": hosttest.HTTP("x")}, nil, func(o *scripthost.Options) { o.Drain = 50 * time.Millisecond })
	go func() {
		if resp, err := http.Get(h.url(t) + "/api/x"); err == nil {
			resp.Body.Close()
		}
	}()
	h.log.WaitRequest(t, nil)
	h.stop()
	if err := h.end(t); err != nil {
		t.Errorf("end = %v", err)
	}
}

// TestWholeAppOnAzurite is the product's own shape: Receive, Deliver, Sweep, Drain.
func TestWholeAppOnAzurite_10(t *testing.T) {
	connection := "AzureWebJobsStorage=" + azuritetest.Start(t).ConnectionString()
	files := map[string]string{"host.json": proxied(t, `,"extensions":{"http":{"routePrefix":""}}`), "Receive/function.json": hosttest.HTTP("webhooks/{partner}/{token?}"),
		"Deliver/function.json": hosttest.Queue("%INTAKE%"), "Sweep/function.json": hosttest.Timer("%SWEEP%"), "Drain/function.json": hosttest.Timer("%DRAIN%")}
	h := start(t, files, []string{connection, "INTAKE=leads", "SWEEP=*/1 * * * * *", "DRAIN=0 0 0 1 1 *", "AzureFunctionsJobHost__extensions__queues__maxPollingInterval=00:00:00.1"}, nil)
	h.log.Wait(t, event.Ready, nil)
	if status, body := h.do(t, "POST", "/webhooks/crf/tok", `{"a":1}`); status != 200 || body != "{}" {
		t.Errorf("answer = %d %s", status, body)
	}
	h.log.WaitRequest(t, func(r hosttest.Request) bool { return r.URI == "/webhooks/crf/tok" && r.Body == `{"a":1}` })
	enqueue(t, connection, "leads", `{"v":1}`)
	h.log.WaitRequest(t, func(r hosttest.Request) bool {
		return r.URI == "/Deliver" && strings.HasPrefix(r.Body, `{"Data":{"msg":"\"{\\\"v\\\":1}\""},"Metadata":{"DequeueCount":"1",`)
	})
	h.log.WaitRequest(t, func(r hosttest.Request) bool { return r.URI == "/Sweep" })
	if status, _ := h.do(t, "POST", "/admin/functions/Drain", `{"input":""}`); status != 202 {
		t.Errorf("by hand: %d", status)
	}
	h.log.WaitRequest(t, func(r hosttest.Request) bool {
		return r.URI == "/Drain" && strings.Contains(r.Body, `"IsPastDue":false`) && strings.Contains(r.Body, `"ScheduleStatus":{"Last":"0001-01-01T00:00:00+00:00"`)
	})
	if status, _ := h.do(t, "POST", "/admin/functions/Deliver", `{"input":"by hand"}`); status != 202 {
		t.Errorf("by hand: %d", status)
	}
	h.log.WaitRequest(t, func(r hosttest.Request) bool {
		return r.URI == "/Deliver" && strings.HasPrefix(r.Body, `{"Data":{"msg":"\"by hand\""}`)
	})
	h.log.Wait(t, event.Invocation, func(e hosttest.Event) bool {
		return e.Text("function") == "Deliver" && e["ok"] == true && e.Text("reason") == "New queue message detected on 'leads'."
	})
	twoHostsShareATimer(t, files, connection)
}

// twoHostsShareATimer starts two hosts with one host id; only one of them runs the timer (§6.1).
func twoHostsShareATimer(t *testing.T, files map[string]string, connection string) {
	t.Helper()
	environ := []string{connection, "INTAKE=other", "SWEEP=*/1 * * * * *", "DRAIN=0 0 0 1 1 *", "AzureFunctionsWebHost__hostid=shared"}
	first := start(t, files, environ, nil)
	first.log.Wait(t, event.Ready, nil)
	second := start(t, files, environ, nil)
	second.log.Wait(t, event.Ready, nil)
	if n := len(second.log.All(event.Trigger)); n != 2 {
		t.Errorf("the second host says:\n%s", second.log.Dump())
	}
	first.log.WaitN(t, event.Invocation, 2, nil)
	if n := len(second.log.All(event.Invocation)); n != 0 {
		t.Errorf("%d runs in the second host", n)
	}
}

func enqueue(t *testing.T, connection, name, text string) {
	t.Helper()
	app, err := settings.Load("", false, []string{connection})
	if err != nil {
		t.Fatal(err)
	}
	account, err := storage.Open(app, "AzureWebJobsStorage")
	if err != nil {
		t.Fatal(err)
	}
	ctx := hosttest.Context(t)
	q := account.Queue(name)
	if _, err := q.Create(ctx, nil); err != nil {
		t.Fatal(fmt.Errorf("create: %w", err))
	}
	if _, err := q.EnqueueMessage(ctx, base64.StdEncoding.EncodeToString([]byte(text)), nil); err != nil {
		t.Fatal(err)
	}
}
