package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"leadrelay/local/host/event"
	"leadrelay/local/host/hostjson"
	"leadrelay/local/host/hosttest"
	"leadrelay/local/host/settings"
	"leadrelay/local/host/worker"
)

func TestMain(m *testing.M) { hosttest.Main(m, nil) }

// run is a supervisor at work until the test ends.
type run struct {
	*worker.Supervisor
	log  *hosttest.Log
	stop context.CancelFunc
	done chan error
}

func start(t *testing.T, begin string, change func(*worker.Supervisor)) *run {
	t.Helper()
	root := t.TempDir()
	app, err := settings.Load("", false, append(os.Environ(), hosttest.Start+"="+begin, "MINE=yes"))
	if err != nil {
		t.Fatal(err)
	}
	port, err := worker.FreePort(0)
	if err != nil {
		t.Fatal(err)
	}
	log := hosttest.NewLog()
	s := &worker.Supervisor{Command: worker.NewCommand(hostjson.Worker{Executable: hosttest.Self(t)}, root, app), Port: port,
		InitTimeout: hosttest.Patience, ErrorsOnly: true, Log: log.Log}
	if change != nil {
		change(s)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &run{Supervisor: s, log: log, stop: stop, done: make(chan error, 1)}
	go func() { r.done <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := r.end(t); err != nil && !errors.Is(err, worker.ErrRestarts) && !errors.Is(err, worker.ErrNeverReady) {
			t.Errorf("Run: %v", err)
		}
	})
	return r
}

func (r *run) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.done:
		r.done <- err // for the next who asks
		return err
	case <-time.After(hosttest.Patience):
		t.Fatalf("Run does not end; events:\n%s", r.log.Dump())
		return nil
	}
}

func (r *run) ready(t *testing.T) worker.Instance {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), hosttest.Patience)
	defer cancel()
	i, err := r.Ready(ctx)
	if err != nil {
		t.Fatalf("not ready: %v\n%s", err, r.log.Dump())
	}
	return i
}

// exit makes the handler exit by itself.
func exit(url string, code int) {
	if resp, err := http.Get(fmt.Sprintf("%s/Exit?code=%d", url, code)); err == nil {
		resp.Body.Close()
	}
}

func TestHandlerGetsItsEnvironment_1_3(t *testing.T) {
	r := start(t, "", nil)
	i := r.ready(t)
	line := r.log.Wait(t, event.Console, func(e hosttest.Event) bool { return strings.HasPrefix(e.Text("line"), "ENV ") }).Text("line")
	for _, want := range []string{fmt.Sprintf("FUNCTIONS_CUSTOMHANDLER_PORT=%d", r.Port), fmt.Sprintf("FUNCTIONS_HTTPWORKER_PORT=%d", r.Port),
		"FUNCTIONS_CUSTOMHANDLER_WORKER_ID=", "FUNCTIONS_HTTPWORKER_ID=", "FUNCTIONS_APP_ROOT_PATH=" + r.Command.Root, "MINE=yes"} {
		if !strings.Contains(line, want) {
			t.Errorf("no %s in %s", want, line)
		}
	}
	if want := fmt.Sprintf("http://127.0.0.1:%d", r.Port); i.URL != want {
		t.Errorf("URL = %s, want %s", i.URL, want)
	}
	if !strings.Contains(line, fmt.Sprintf("%q:%q", "dir", r.Command.Root)) { // the working directory is the app root (§1.2)
		t.Errorf("it runs elsewhere: %s", line)
	}
}

func TestEveryStartHasAWorkerIDOfItsOwn_1_3(t *testing.T) {
	r := start(t, "", nil)
	for life := 1; life <= 2; life++ {
		r.ready(t)
		r.Kill(life)
		r.log.WaitN(t, event.WorkerStarted, life+1, nil)
	}
	r.ready(t)
	seen := map[string]bool{}
	for _, e := range r.log.WaitN(t, event.Console, 3, func(e hosttest.Event) bool { return strings.HasPrefix(e.Text("line"), "ENV ") }) {
		ids := regexp.MustCompile(`"FUNCTIONS_(?:CUSTOMHANDLER_WORKER|HTTPWORKER)_ID=([0-9a-f-]{36})"`).FindAllStringSubmatch(e.Text("line"), -1)
		if len(ids) != 2 || ids[0][1] != ids[1][1] || seen[ids[0][1]] {
			t.Errorf("ids = %v after %v", ids, seen)
			continue
		}
		seen[ids[0][1]] = true
	}
}

func TestReadinessIsAskedForWithNothingButGET_1_4(t *testing.T) {
	r := start(t, "", nil)
	r.ready(t)
	line := r.log.Wait(t, event.Console, func(e hosttest.Event) bool { return strings.HasPrefix(e.Text("line"), "PING ") }).Text("line")
	var ping hosttest.Request
	if err := json.Unmarshal([]byte(strings.TrimPrefix(line, "PING ")), &ping); err != nil {
		t.Fatal(err)
	}
	if ping.Method != "GET" || ping.URI != "/" || ping.Host != fmt.Sprintf("127.0.0.1:%d", r.Port) || len(ping.Header) != 0 {
		t.Errorf("ping = %+v", ping)
	}
}

func TestBrokenAnswerIsReadinessToo_1_4(t *testing.T) {
	r := start(t, "rude", nil)
	if i := r.ready(t); i.Life != 1 {
		t.Errorf("life = %d", i.Life)
	}
	if n := len(r.log.All("worker.failed")); n != 0 {
		t.Errorf("%d failures", n)
	}
}

func TestAnyAnswerIsReadiness_1_4(t *testing.T) {
	file := filepath.Join(t.TempDir(), "go")
	r := start(t, "hold:"+file, nil)
	r.log.Wait(t, event.WorkerStarted, nil)
	if n := len(r.log.All(event.WorkerReady)); n != 0 {
		t.Errorf("ready before it listens: %d", n)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r.ready(t)
	e := r.log.Wait(t, event.WorkerReady, nil)
	if e.Number("pid") != r.log.Wait(t, event.WorkerStarted, nil).Number("pid") {
		t.Errorf("events:\n%s", r.log.Dump())
	}
}

func TestExitCodeZeroIsNeverRestarted_1_5(t *testing.T) {
	r := start(t, "", nil)
	i := r.ready(t)
	exit(i.URL, 0)
	r.log.Wait(t, event.WorkerExited, func(e hosttest.Event) bool { return e["code"] == 0.0 })
	if again := r.ready(t); again.Life != i.Life { // still "Initialized": calls are made, and refused
		t.Errorf("life = %d, want %d", again.Life, i.Life)
	}
	if resp, err := http.Get(i.URL); err == nil {
		resp.Body.Close()
		t.Error("someone answers")
	}
	r.stop()
	if err := r.end(t); err != nil || len(r.log.All(event.WorkerStarted)) != 1 {
		t.Errorf("Run: %v, events:\n%s", err, r.log.Dump())
	}
}

func TestExitCode200IsRestartedAndNotCounted_1_5(t *testing.T) {
	r := start(t, "", nil)
	for life := 1; life <= 5; life++ {
		i := r.ready(t)
		if i.Life != life {
			t.Fatalf("life = %d, want %d", i.Life, life)
		}
		exit(i.URL, 200)
		r.log.WaitN(t, event.WorkerExited, life, func(e hosttest.Event) bool { return e["code"] == 200.0 })
		r.log.WaitN(t, event.WorkerStarted, life+1, nil)
	}
	ports := map[int]bool{}
	for _, e := range r.log.All(event.WorkerStarted) {
		ports[e.Number("port")] = true
	}
	if len(ports) != 1 {
		t.Errorf("the port changes over restarts: %v", ports)
	}
}

func TestThirdFailureStopsTheHost_1_5(t *testing.T) {
	r := start(t, "exit:3", nil)
	if err := r.end(t); !errors.Is(err, worker.ErrRestarts) || err.Error() != "Exceeded http worker restart retry count. Shutting down Functions Host" {
		t.Errorf("Run: %v", err)
	}
	if n := len(r.log.All(event.WorkerStarted)); n != 3 {
		t.Errorf("started %d times, want 1 and 2 restarts", n)
	}
	if n := len(r.log.All(event.WorkerExited)); n != 3 {
		t.Errorf("%d exits in the log", n)
	}
}

func TestFailuresAreForgottenAfterHalfAnHour_1_5(t *testing.T) {
	minutes := []int{0, 29, 60, 61, 62} // of the failures: two, half an hour of peace, three
	r := start(t, "exit:3", func(s *worker.Supervisor) {
		s.Now = func() time.Time { // asked once a failure
			at := time.Date(2026, 1, 1, 0, minutes[0], 0, 0, time.UTC)
			minutes = minutes[1:]
			return at
		}
	})
	if err := r.end(t); !errors.Is(err, worker.ErrRestarts) {
		t.Errorf("Run: %v", err)
	}
	if n := len(r.log.All(event.WorkerStarted)); n != 5 {
		t.Errorf("started %d times", n)
	}
}

func TestLastThreeStderrLinesAreInTheExitEvent_1_5(t *testing.T) {
	r := start(t, "stderr:a\nb\nc\nd", nil)
	exit(r.ready(t).URL, 4)
	e := r.log.Wait(t, event.WorkerExited, nil)
	if e.Text("stderr") != "b | c | d" || e.Text("level") != "error" {
		t.Errorf("exit = %v", e)
	}
}

func TestHandlerThatIsNeverReadyIsRestartedTwice_1_4_1_5(t *testing.T) {
	r := start(t, "deaf", func(s *worker.Supervisor) { s.InitTimeout = 50 * time.Millisecond })
	if err := r.end(t); !errors.Is(err, worker.ErrRestarts) {
		t.Errorf("Run: %v", err)
	}
	if n := len(r.log.All(event.WorkerStarted)); n != 3 {
		t.Errorf("started %d times", n)
	}
	if e := r.log.Wait(t, "worker.failed", nil); e.Text("message") != "Failed to start http worker process" || e.Text("level") != "error" {
		t.Errorf("event = %v", e)
	}
}

func TestHandlerThatAcceptsAndNeverAnswersIsAFailure_1_4(t *testing.T) {
	r := start(t, "mute", func(s *worker.Supervisor) { s.RequestTimeout = 100 * time.Millisecond })
	if err := r.end(t); !errors.Is(err, worker.ErrRestarts) {
		t.Errorf("Run: %v", err)
	}
}

func TestHandlerThatCannotStartIsNotTriedAgain_1_4(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "handler")
	if err := os.WriteFile(plain, []byte("#!/bin/sh\n"), 0o600); err != nil { // no execute bit
		t.Fatal(err)
	}
	for _, path := range []string{plain, filepath.Join(t.TempDir(), "missing")} {
		r := start(t, "", func(s *worker.Supervisor) { s.Command.Path, s.InitTimeout = path, 20*time.Millisecond })
		r.log.Wait(t, "worker.failed", nil)
		ctx, cancel := context.WithTimeout(context.Background(), hosttest.Patience)
		_, err := r.Ready(ctx) // the first invocation waits four times the timeout; then the host stops
		cancel()
		if !errors.Is(err, worker.ErrNeverReady) || !errors.Is(r.end(t), worker.ErrNeverReady) {
			t.Errorf("Ready: %v", err)
		}
		if n := len(r.log.All("worker.failed")); n != 1 {
			t.Errorf("%d tries", n)
		}
	}
}

func TestKillStartsTheNextLifeAndIsNotCounted_1_5(t *testing.T) {
	r := start(t, "", nil)
	for life := 1; life <= 4; life++ {
		i := r.ready(t)
		if i.Life != life {
			t.Fatalf("life = %d, want %d", i.Life, life)
		}
		r.Kill(life)
		r.Kill(life - 1) // an invocation of an earlier life must not end this one
		r.log.WaitN(t, event.WorkerExited, life, func(e hosttest.Event) bool { return e["code"] == 137.0 && e.Text("signal") == "killed" })
		r.log.WaitN(t, event.WorkerStarted, life+1, nil)
	}
}

func TestKilledFromOutsideIsAFailure_1_5(t *testing.T) {
	r := start(t, "", nil)
	r.ready(t)
	pid := r.log.Wait(t, event.WorkerStarted, nil).Number("pid")
	p, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if e := r.log.Wait(t, event.WorkerExited, nil); e.Text("level") != "error" || e.Text("signal") != "killed" {
		t.Errorf("exit = %v", e)
	}
	r.log.WaitN(t, event.WorkerStarted, 2, nil)
}

func TestStopKillsAtOnceAndLeavesNothing_1_5(t *testing.T) {
	r := start(t, "", nil)
	i := r.ready(t)
	r.stop()
	if err := r.end(t); err != nil {
		t.Fatal(err)
	}
	if e := r.log.Wait(t, event.WorkerExited, nil); e.Text("signal") != "killed" || e.Text("level") != "info" {
		t.Errorf("exit = %v", e)
	}
	if resp, err := http.Get(i.URL); err == nil {
		resp.Body.Close()
		t.Error("the handler still answers")
	}
}

func TestStderrOfTheHandlerIsAnError_1_6(t *testing.T) {
	r := start(t, "stderr:hello", nil)
	r.ready(t)
	if e := r.log.Wait(t, event.Console, func(e hosttest.Event) bool { return e.Text("line") == "hello" }); e.Text("level") != "error" {
		t.Errorf("console = %v", e)
	}
	if e := r.log.Wait(t, event.Console, func(e hosttest.Event) bool { return strings.HasPrefix(e.Text("line"), "ENV") }); e.Text("level") != "info" {
		t.Errorf("console = %v", e)
	}
}
