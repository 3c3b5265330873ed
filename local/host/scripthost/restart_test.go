package scripthost_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"leadrelay/local/host/event"
	"leadrelay/local/host/hosttest"
	"leadrelay/local/host/scripthost"
)

// put writes a file below root as a tool would: whole, and under its name at once.
func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func TestChangedFunctionRestartsTheHostOnItsPort_5_2(t *testing.T) {
	var root string
	h := start(t, map[string]string{"host.json": proxied(t, ""), "A/function.json": hosttest.HTTP("a/{*rest}")}, nil, func(o *scripthost.Options) { root = o.Root; o.Drain = hosttest.Patience })
	h.log.Wait(t, event.Ready, nil)
	until := filepath.Join(t.TempDir(), "go")
	slow := make(chan int, 1)
	go func() {
		resp, err := http.Get(h.url(t) + "/api/a/Stream?until=" + until)
		if err != nil {
			slow <- 0
			return
		}
		resp.Body.Close()
		slow <- resp.StatusCode
	}()
	h.log.WaitRequest(t, nil)
	whole := filepath.Join(t.TempDir(), "B") // comes into the app root in one step: a watcher may look in between two
	put(t, filepath.Join(whole, "function.json"), hosttest.HTTP("b"))
	if err := os.Rename(whole, filepath.Join(root, "B")); err != nil {
		t.Fatal(err)
	}
	h.log.Wait(t, event.Restarting, nil)
	waiting := make(chan int, 1)
	go func() { // arrives while no host is up, and waits for the next one
		resp, err := http.Get(h.url(t) + "/api/b")
		if err != nil {
			waiting <- 0
			return
		}
		resp.Body.Close()
		waiting <- resp.StatusCode
	}()
	if err := os.WriteFile(until, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if status := <-slow; status != 200 {
		t.Errorf("the request in flight: %d", status)
	}
	if status := <-waiting; status != 200 {
		t.Errorf("the request in between: %d", status)
	}
	if e := h.log.WaitN(t, event.Ready, 2, nil)[1]; e.Number("functions") != 2 {
		t.Errorf("ready = %v", e)
	}
	if n := len(h.log.All(event.Listening)); n != 1 {
		t.Errorf("bound %d times", n)
	}
	h.wantHandlers(t, 2)
}

func TestHostJSONThatTurnsBadStopsTheHost_5_2(t *testing.T) {
	var root string
	h := start(t, map[string]string{"host.json": proxied(t, "")}, nil, func(o *scripthost.Options) { root = o.Root })
	h.log.Wait(t, event.Ready, nil)
	put(t, filepath.Join(root, "host.json"), "{")
	if err := h.end(t); !errors.Is(err, scripthost.ErrConfig) {
		t.Errorf("end = %v", err)
	}
}
