package invoke_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leadrelay/local/host/event"
	"leadrelay/local/host/function"
	"leadrelay/local/host/hostjson"
	"leadrelay/local/host/hosttest"
	"leadrelay/local/host/invoke"
	"leadrelay/local/host/newtonsoft"
	"leadrelay/local/host/worker"
)

// sent keeps the messages of output bindings.
type sent struct {
	mu       sync.Mutex
	messages []string
	err      error
}

func (s *sent) Send(_ context.Context, b function.Binding, message []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, b.Name+"="+string(message))
	return s.err
}

type bench struct {
	server *hosttest.Server
	log    *hosttest.Log
	sent   *sent
	runner *invoke.Runner
	caller *invoke.Caller
}

func newBench(t *testing.T) *bench {
	b := &bench{server: hosttest.NewServer(t), log: hosttest.NewLog(), sent: &sent{}}
	b.runner = &invoke.Runner{Handler: b.server, Log: b.log.Log, Grace: 20 * time.Millisecond}
	b.caller = &invoke.Caller{Client: invoke.NewClient(0, true), Sender: b.sent, Log: b.log.Log}
	return b
}

func (b *bench) call(t *testing.T, fn *function.Function) error {
	t.Helper()
	inv := invoke.Invocation{Function: fn, ID: "the-id", Reason: "a test"}
	return b.runner.Run(hosttest.Context(t), inv, func(ctx context.Context, a invoke.Attempt) error {
		_, err := b.caller.Call(ctx, a, inv, invoke.Payload{Binding: "msg", Value: "hello", BindingData: &newtonsoft.Object{}})
		return err
	})
}

// reply names a function whose path makes the handler give a certain answer.
func reply(body string, more string) *function.Function {
	return &function.Function{Name: "Reply?" + more + "&body=" + url.QueryEscape(body), Outputs: []function.Binding{{Type: "queue", Name: "out"}}}
}

func TestCallIsWhatTheHandlerExpects_2_1(t *testing.T) {
	b := newBench(t)
	if err := b.call(t, &function.Function{Name: "Well"}); err != nil {
		t.Fatal(err)
	}
	r := b.server.Last(t)
	if r.Method != "POST" || r.URI != "/Well" || r.Length != -1 || "http://"+r.Host != b.server.URL {
		t.Errorf("request = %+v", r)
	}
	for name, want := range map[string]string{"X-Azure-Functions-InvocationId": "the-id", "X-Azure-Functions-HostVersion": invoke.HostVersion,
		"User-Agent": "Azure-Functions-Host/" + invoke.HostVersion, "Content-Type": "application/json; charset=utf-8", "Accept-Encoding": ""} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if !strings.HasPrefix(r.Body, `{"Data":{"msg":"\"hello\""},"Metadata":{"sys":{"MethodName":"Well"`) {
		t.Errorf("body = %s", r.Body)
	}
	if e := b.log.Wait(t, event.Invocation, nil); e.Text("function") != "Well" || e["ok"] != true || e.Text("id") != "the-id" || e.Text("reason") != "a test" {
		t.Errorf("event = %v", e)
	}
}

func TestWrongAnswersFailTheInvocation_3(t *testing.T) {
	for name, want := range map[string]string{
		"Fail": "500", "Text": "is not JSON", "Broken": "Invalid HttpResponseMessage", "Empty": "EMPTY or null body", "Null": "EMPTY or null body",
		"NoContent": "EMPTY or null body", "Abort": "EOF",
	} {
		b := newBench(t)
		if err := b.call(t, &function.Function{Name: name}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error = %v, want %s", name, err, want)
		}
		if e := b.log.Wait(t, event.Invocation, nil); e["ok"] != false || e.Text("level") != "error" || !strings.Contains(e.Text("reason"), want) {
			t.Errorf("%s: event = %v", name, e)
		}
		if n := len(b.log.All(event.UserLog)); n != 0 {
			t.Errorf("%s: Logs of a failed call are shown", name)
		}
	}
}

func TestJSONMediaTypesAreTwo_3(t *testing.T) {
	for media, ok := range map[string]bool{"application/json": true, "Application/JSON; charset=utf-8": true, "text/json": true, "application/problem+json": false, "text/plain": false, "": false} {
		if err := newBench(t).call(t, reply("{}", "type="+url.QueryEscape(media))); (err == nil) != ok {
			t.Errorf("%q: error = %v", media, err)
		}
	}
}

func TestEmptyBodyHangsUntilTheTimeoutOnRequest_3(t *testing.T) {
	b := newBench(t)
	b.caller.HangOnEmpty, b.runner.Timeout = true, 20*time.Millisecond
	if err := b.call(t, &function.Function{Name: "Empty"}); !errors.Is(err, invoke.ErrTimeout) {
		t.Errorf("error = %v", err)
	}
	if killed := b.server.Killed(); len(killed) != 1 {
		t.Errorf("killed %v", killed)
	}
}

func TestLogsAreShownAfterTheAnswer_3(t *testing.T) {
	b := newBench(t)
	if err := b.call(t, reply(`{"Logs":["one","two"]}`, "")); err != nil {
		t.Fatal(err)
	}
	lines := b.log.WaitN(t, event.UserLog, 2, nil)
	if lines[0].Text("line") != "one" || lines[1].Text("line") != "two" || lines[0].Text("id") != "the-id" || lines[0].Text("level") != "info" {
		t.Errorf("logs = %v", lines)
	}
}

func TestOutputsAreSentInOrderAfterTheAnswer_3(t *testing.T) {
	b := newBench(t)
	if err := b.call(t, reply(`{"Outputs":{"out":["a b","c d"],"unknown":"x"}}`, "")); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(b.sent.messages, ";"); got != "out=a b;out=c d" {
		t.Errorf("sent %s", got)
	}
	b.sent.err = errors.New("full")
	if err := b.call(t, reply(`{"Outputs":{"out":"x y"}}`, "")); err == nil || !strings.Contains(err.Error(), "output binding 'out': full") {
		t.Errorf("a failed output: %v", err) // although the handler had succeeded
	}
}

func TestRedirectsAreFollowedUnlessForwarding_3(t *testing.T) {
	b := newBench(t)
	if err := b.call(t, &function.Function{Name: "Redirect"}); err != nil {
		t.Errorf("followed: %v", err)
	}
	if r := b.server.Last(t); r.URI != "/Well" || r.Method != "POST" {
		t.Errorf("the redirect led to %s %s", r.Method, r.URI)
	}
	b.caller.Client = invoke.NewClient(0, false)
	if err := b.call(t, &function.Function{Name: "Redirect"}); err == nil {
		t.Error("not followed, a 307 fails")
	}
}

func TestTimeoutKillsTheWholeHandler_1_5(t *testing.T) {
	b := newBench(t)
	b.runner.Timeout = 20 * time.Millisecond
	if err := b.call(t, &function.Function{Name: "Hang"}); !errors.Is(err, invoke.ErrTimeout) {
		t.Errorf("error = %v", err)
	}
	if killed := b.server.Killed(); len(killed) != 1 || killed[0] != 1 {
		t.Errorf("killed %v", killed)
	}
}

// patient is a Handler that is always ready and notes which lives were ended.
type patient struct{ killed []int }

func (p *patient) Ready(context.Context) (worker.Instance, error) {
	return worker.Instance{Life: 1}, nil
}
func (p *patient) Kill(life int) { p.killed = append(p.killed, life) }

func TestGraceOfTwoSecondsSparesTheHandler_1_5(t *testing.T) {
	for took, killed := range map[time.Duration]int{6500 * time.Millisecond: 0, time.Hour: 1} {
		synctest.Test(t, func(t *testing.T) {
			began, handler := time.Now(), &patient{}
			r := &invoke.Runner{Handler: handler, Timeout: 5 * time.Second, Log: hosttest.NewLog().Log}
			err := r.Run(t.Context(), invoke.Invocation{Function: &function.Function{Name: "Slow"}}, func(ctx context.Context, _ invoke.Attempt) error {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(took):
					return nil
				}
			})
			if want := min(took, 7*time.Second); !errors.Is(err, invoke.ErrTimeout) || len(handler.killed) != killed || time.Since(began) != want {
				t.Errorf("%v: error = %v, killed %v after %v", took, err, handler.killed, time.Since(began))
			}
		})
	}
}

func TestRetryPolicyLoopsAroundOneInvocation_5_3(t *testing.T) {
	b := newBench(t)
	fn := &function.Function{Name: "Fail", Retry: &hostjson.Retry{MaxRetryCount: 2, Delay: time.Millisecond}}
	if err := b.call(t, fn); err == nil {
		t.Fatal("no error")
	}
	all := b.server.Requests()
	if len(all) != 3 {
		t.Fatalf("%d calls, want 1 and 2 retries", len(all))
	}
	if !strings.Contains(all[0].Body, `"RetryContext":{"RetryCount":0,"MaxRetryCount":2,"Exception":null`) || !strings.Contains(all[2].Body, `"RetryCount":2,"MaxRetryCount":2,"Exception":{`) {
		t.Errorf("contexts: %s\n%s", all[0].Body, all[2].Body)
	}
	if all[0].Header.Get(invoke.HeaderInvocationID) != all[2].Header.Get(invoke.HeaderInvocationID) {
		t.Error("a retry has another invocation id")
	}
	if n := len(b.log.All(event.Invocation)); n != 1 {
		t.Errorf("%d invocations in the log", n)
	}
	fn.Retry = &hostjson.Retry{Exponential: true, MaxRetryCount: 1, Minimum: time.Millisecond, Maximum: 2 * time.Millisecond}
	if err := b.call(t, fn); err == nil || len(b.server.Requests()) != 5 {
		t.Errorf("exponential: %v, %d calls", err, len(b.server.Requests()))
	}
}

func TestEndOfTheHostEndsTheCall_1_5(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- b.runner.Run(ctx, invoke.Invocation{Function: &function.Function{Name: "Hang"}}, func(ctx context.Context, a invoke.Attempt) error {
			_, err := b.caller.Call(ctx, a, invoke.Invocation{Function: &function.Function{Name: "Hang"}}, invoke.Payload{Binding: "m", Value: "", BindingData: &newtonsoft.Object{}})
			return err
		})
	}()
	hosttest.Eventually(t, "the call arrives", func() bool { return len(b.server.Requests()) == 1 })
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v", err)
		}
	case <-time.After(hosttest.Patience):
		t.Fatal("the call goes on")
	}
}
