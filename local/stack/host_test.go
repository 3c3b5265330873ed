package stack

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// lines is a log that several goroutines write.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// script is a host that a shell script plays.
func script(t *testing.T, text string) (*host, *lines) {
	t.Helper()
	root := t.TempDir()
	exe := filepath.Join(root, "host.sh")
	if err := os.WriteFile(exe, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	log := &lines{}
	h := newHost(Options{Say: func(string) {}, Log: log}, root, exe, os.Environ())
	t.Cleanup(func() {
		if err := h.stop(); err != nil {
			t.Error(err)
		}
	})
	return h, log
}

// TestHostThatNeverStartsIsToldWithItsReason has a host that gives up each time, as with wrong settings.
func TestHostThatNeverStartsIsToldWithItsReason(t *testing.T) {
	t.Parallel()
	h, log := script(t, `
echo '{"level":"info","event":"console","message":"starting"}'
echo '{"level":"error","event":"console","message":"leadrelay: settings:","line":"leadrelay: settings:"}'
echo '{"level":"error","event":"console","message":"  PARTNER_CRF_SECRET: must be at least 16 characters"}'
echo '{"level":"warning","event":"config","message":"never mind"}'
echo 'no JSON'
echo '{"level":"error","event":"failed","message":"Exceeded http worker restart retry count","error":"exit code 1"}'
exit 1
`)
	err := h.start(context.Background())
	if err == nil {
		t.Fatal("it is ready")
	}
	want := "the Functions host does not start: exit status 1; its last errors:\n  leadrelay: settings:\n    PARTNER_CRF_SECRET: must be at least 16 characters\n  Exceeded http worker restart retry count: exit code 1"
	if err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	<-h.failed
	if strings.Count(log.String(), "no JSON") != starts {
		t.Errorf("the log lacks lines:\n%s", log)
	}
}

func TestHostThatIsNoProgramIsTold(t *testing.T) {
	t.Parallel()
	h, _ := script(t, "")
	h.exe += ".missing"
	if err := h.start(context.Background()); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v", err)
	}
}

// TestHostIsFollowed wants what the host says known, and a host that ends started again on its port.
func TestHostIsFollowed(t *testing.T) {
	t.Parallel()
	h, _ := script(t, `
[ -f again ] && [ "$4" != 4711 ] && exit 3
touch again
echo '{"event":"listening","url":"http://127.0.0.1:4711"}'
echo '{"event":"worker.started","pid":77}'
echo '{"event":"ready"}'
trap 'exit 0' TERM
while :; do sleep 0.05; done
`)
	if err := h.start(context.Background()); err != nil {
		t.Fatal(err)
	}
	url, first, handler := h.where()
	if url != "http://127.0.0.1:4711" || first == 0 || handler != 77 {
		t.Errorf("%s %d %d", url, first, handler)
	}
	h.on(event{Event: "worker.exited", Code: 0}) // such a handler is never started again: the host must be
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, pid, handler := h.where(); pid != first && handler == 77 {
			return
		}
		if time.Now().After(end) {
			t.Fatal("it is not started again")
		}
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	t.Parallel()
	h, _ := script(t, "exec sleep 600")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := h.start(ctx); err == nil {
		t.Error("it is ready")
	}
}

// TestErrorsAreBounded notes many, and the same again and again.
func TestErrorsAreBounded(t *testing.T) {
	h := newHost(Options{}, "", "", nil)
	if got := h.explain("x").Error(); got != "x" {
		t.Errorf("nothing was said, and it says %q", got)
	}
	for i := range 100 {
		h.on(event{Level: "error", Message: fmt.Sprintf("error %d\n", i)})
		h.on(event{Level: "error", Message: "the same"})
	}
	if len(h.said) != errorsKept || h.said[errorsKept-1] != "error 99" && h.said[errorsKept-1] != "the same" || strings.Count(h.explain("x").Error(), "the same") > 1 {
		t.Errorf("kept %q", h.said)
	}
}
