package azuresim_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/lead"
	"leadrelay/local/azuresim"
)

// bothWays runs a test in memory and over sockets, each with a server of its own that has a queue "leads".
func bothWays(t *testing.T, test func(t *testing.T, s *azuresim.Server, w *world)) {
	t.Helper()
	for _, sockets := range []bool{false, true} {
		name := "in memory"
		if sockets {
			name = "over sockets"
		}
		t.Run(name, func(t *testing.T) {
			s := azuresim.New(azuresim.Options{})
			t.Cleanup(s.Close)
			way := s.Process()
			if sockets {
				if err := s.Start(); err != nil {
					t.Fatal(err)
				}
				way = nil
			}
			w := newWorld(t, s.ConnectionString(), way)
			if _, err := w.account.Queue("leads").Create(w.ctx(), nil); err != nil {
				t.Fatal(err)
			}
			test(t, s, w)
		})
	}
}

// put puts one message within a time.
func put(w *world, within time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	_, err := w.account.Queue("leads").EnqueueMessage(ctx, "x", nil)
	return err
}

func TestEveryFaultIsSeenAsItIsMeant(t *testing.T) {
	const patient, hasty = time.Minute, 200 * time.Millisecond
	for _, f := range []struct {
		name   string
		effect azuresim.Effect
		within time.Duration
		code   string // as azure.Classify tells it; "" for no answer
		cause  error
		stored int  // messages, without Apply
		fine   bool // no error at all
	}{
		{name: "none", effect: azuresim.Effect{}, within: patient, stored: 1, fine: true},
		{name: "refused", effect: azuresim.Refuse(), within: patient},
		{name: "dropped", effect: azuresim.Drop(), within: patient, cause: io.EOF},
		{name: "reset", effect: azuresim.Reset(), within: patient, cause: syscall.ECONNRESET},
		{name: "silent", effect: azuresim.Hang(), within: hasty, cause: context.DeadlineExceeded},
		{name: "500", effect: azuresim.Answer(500, "InternalError"), within: patient, code: "500 InternalError"},
		{name: "429", effect: azuresim.Answer(429, "TooManyRequests"), within: patient, code: "429 TooManyRequests"},
		{name: "busy", effect: azuresim.Busy(7 * time.Second), within: patient, code: "503 ServerBusy"},
		{name: "a proxy's", effect: azuresim.Answer(502, "").Body("text/html", "<html>Bad gateway</html>"), within: patient, code: "502"},
		{name: "redirect", effect: azuresim.Redirect(307, "http://127.0.0.1:1/thief"), within: patient, code: "307"},
		{name: "denied", effect: azuresim.Denied("AuthorizationSourceIPMismatch"), within: patient, code: "403 AuthorizationSourceIPMismatch"},
		{name: "expired", effect: azuresim.Expired(), within: patient, code: "403 AuthenticationFailed"},
		{name: "cut", effect: azuresim.CutAnswer(30), within: patient, stored: 1, cause: errCut},
		{name: "slow", effect: azuresim.Slow(64, time.Millisecond), within: patient, stored: 1, fine: true},
		{name: "endless", effect: azuresim.Endless(), within: hasty, stored: 1},
		{name: "garbled", effect: azuresim.Garble("text/html", "<html>Hello"), within: patient, stored: 1},
	} {
		t.Run(f.name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, s *azuresim.Server, w *world) {
				hit := s.Inject(azuresim.Fault{Service: azuresim.Queue, Op: "PutMessage", Resource: "leads", Times: 1, Effect: f.effect})
				err := put(w, f.within)
				if (err == nil) != f.fine {
					t.Fatalf("got %v", err)
				}
				if told := azure.Classify(err); err != nil && lead.CodeOf(told) != f.code {
					t.Errorf("code %q, want %q: %v", lead.CodeOf(told), f.code, err)
				}
				if f.cause != nil && f.cause != errCut && !errors.Is(err, f.cause) {
					t.Errorf("cause %v, want %v", err, f.cause)
				}
				if hit.Hits() != 1 || len(s.Queue("leads").Messages()) != f.stored {
					t.Errorf("%d hits, %d stored, want %d", hit.Hits(), len(s.Queue("leads").Messages()), f.stored)
				}
				if err := put(w, patient); err != nil {
					t.Errorf("after the fault: %v", err)
				}
				if n := len(s.Queue("leads").Messages()); n != f.stored+1 {
					t.Errorf("%d stored at the end, want %d", n, f.stored+1)
				}
			})
		})
	}
}

// errCut stands for any of the errors that an answer cut short gives.
var errCut = errors.New("cut")

func TestAnswerIsLostAfterTheWriteHasLanded(t *testing.T) {
	for name, effect := range map[string]azuresim.Effect{"dropped": azuresim.Drop(), "reset": azuresim.Reset(), "500": azuresim.Answer(500, "OperationTimedOut")} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, s *azuresim.Server, w *world) {
				s.Inject(azuresim.Fault{Op: "PutMessage", Apply: true, Effect: effect})
				if err := put(w, time.Minute); lead.KindOf(azure.Classify(err)) != lead.Unavailable || err == nil {
					t.Errorf("got %v", err)
				}
				if n := len(s.Queue("leads").Messages()); n != 1 {
					t.Errorf("%d stored, want 1", n)
				}
			})
		})
	}
}

func TestRetryAfterAndDetailReachTheCaller(t *testing.T) {
	s, w := inMemory(t, azuresim.Options{})
	s.Inject(azuresim.Fault{Times: 1, Effect: azuresim.Busy(1500 * time.Millisecond)})
	if got := lead.RetryAfter(azure.Classify(put(w, time.Minute))); got != 2*time.Second {
		t.Errorf("Retry-After %s, want 2s", got)
	}
	s.Inject(azuresim.Fault{Times: 1, Effect: azuresim.Denied("AuthenticationFailed").Detail("the detail")})
	if err := put(w, time.Minute); !strings.Contains(err.Error(), "<AuthenticationErrorDetail>the detail</AuthenticationErrorDetail>") {
		t.Errorf("no detail in %v", err)
	}
}

func TestFaultHitsTheRequestsThatItNames(t *testing.T) {
	s, w := inMemory(t, azuresim.Options{})
	for _, name := range []string{"leads", "other"} {
		if _, err := w.account.Queue(name).Create(w.ctx(), nil); err != nil {
			t.Fatal(err)
		}
	}
	second := s.Inject(azuresim.Fault{Match: func(r azuresim.Request) bool { return r.Resource == "leads" && r.Method == http.MethodPost }, Skip: 1, Times: 2, Effect: azuresim.Answer(500, "InternalError")})
	got := ""
	for range 4 {
		got += told(put(w, time.Minute)) + ","
	}
	if want := "ok,500 InternalError,500 InternalError,ok,"; got != want || second.Hits() != 2 {
		t.Errorf("got %s, %d hits", got, second.Hits())
	}
	ever := s.Inject(azuresim.Fault{Resource: "leads", Effect: azuresim.Drop()})
	if put(w, time.Minute) == nil {
		t.Error("the fault is gone")
	}
	if _, err := w.account.Queue("other").EnqueueMessage(w.ctx(), "x", nil); err != nil {
		t.Errorf("another queue is hit: %v", err)
	}
	ever.Remove()
	if err := put(w, time.Minute); err != nil {
		t.Errorf("after Remove: %v", err)
	}
	s.Inject(azuresim.Fault{Effect: azuresim.Refuse()})
	s.Heal()
	if err := put(w, time.Minute); err != nil {
		t.Errorf("after Heal: %v", err)
	}
}

func TestServerThatIsDownRefusesUntilItIsUp(t *testing.T) {
	bothWays(t, func(t *testing.T, s *azuresim.Server, w *world) {
		before := s.Count()
		s.Down()
		if err := put(w, time.Minute); err == nil || lead.KindOf(azure.Classify(err)) != lead.Unavailable {
			t.Errorf("down: %v", err)
		}
		if s.Count() != before {
			t.Error("a refused request is counted")
		}
		if err := s.Up(); err != nil {
			t.Fatal(err)
		}
		if err := put(w, time.Minute); err != nil {
			t.Errorf("up again: %v", err)
		}
	})
}
