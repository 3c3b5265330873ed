//go:build unix

package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"leadrelay/local/host/event"
	"leadrelay/local/host/hosttest"
)

func TestMain(m *testing.M) { hosttest.Main(m, main) }

// program is the host as a process of its own.
type program struct {
	*exec.Cmd
	log    *hosttest.Log
	stderr strings.Builder
}

func run(t *testing.T, environ []string, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), hosttest.Patience)
	p := &program{Cmd: exec.CommandContext(ctx, hosttest.Self(t), append([]string{"--json", "--port", "0"}, args...)...), log: hosttest.NewLog()}
	p.Env = append(append(os.Environ(), hosttest.Program+"=1"), environ...)
	p.Stdout, p.Stderr = p.log.Writer(), &p.stderr
	p.WaitDelay = time.Second
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = p.Wait() // a second wait fails, which is no matter
	})
	return p
}

func app(t *testing.T) string {
	t.Helper()
	return hosttest.App(t, map[string]string{"host.json": hosttest.HostJSON(t, ""), "Any/function.json": hosttest.HTTP("{*path}")})
}

// gone waits until a process is no more.
func gone(t *testing.T, pid int) {
	t.Helper()
	hosttest.Eventually(t, "the handler is gone", func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) })
}

func TestAskedToStopTheHostExitsWithZeroAndTakesTheHandlerAlong_1_5(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		p := run(t, nil, "--root", app(t))
		p.log.Wait(t, event.Ready, nil)
		pid := p.log.Wait(t, event.WorkerStarted, nil).Number("pid")
		if err := p.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if err := p.Wait(); err != nil {
			t.Errorf("%v: %v\n%s", signal, err, p.stderr.String())
		}
		p.log.Wait(t, event.Stopping, nil)
		p.log.Wait(t, event.WorkerExited, func(e hosttest.Event) bool { return e.Number("pid") == pid && e.Text("signal") == "killed" })
		gone(t, pid)
	}
}

func TestKilledHostTakesTheHandlerAlong_1_5(t *testing.T) {
	p := run(t, nil, "--root", app(t))
	p.log.Wait(t, event.Ready, nil)
	pid := p.log.Wait(t, event.WorkerStarted, nil).Number("pid")
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait() // killed, as asked
	gone(t, pid)
}

func TestHostThatStopsItselfSaysWhyAndExitsWithOne_1_5(t *testing.T) {
	for name, c := range map[string]struct{ root, begin, want string }{
		"restarts": {app(t), "exit:3", "Exceeded http worker restart retry count. Shutting down Functions Host"},
		"bad":      {hosttest.App(t, map[string]string{"host.json": "{"}), "", "the configuration is bad"},
	} {
		p := run(t, []string{hosttest.Start + "=" + c.begin}, "--root", c.root)
		err := p.Wait()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(p.stderr.String(), c.want) {
			t.Errorf("%s: %v, stderr %q", name, err, p.stderr.String())
		}
		if e := p.log.Wait(t, event.Failed, nil); !strings.Contains(e.Text("message"), c.want) || e.Text("level") != "error" {
			t.Errorf("%s: event = %v", name, e)
		}
	}
}

func TestEveryLineIsJSONWithTheFourNames_10(t *testing.T) {
	p := run(t, nil, "--root", app(t))
	p.log.Wait(t, event.Ready, nil)
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait() // judged elsewhere
	for _, e := range p.log.All("") {
		for _, name := range []string{"time", "level", "event"} {
			if e.Text(name) == "" {
				t.Errorf("no %s in %v", name, e)
			}
		}
		if _, ok := e["message"].(string); !ok || !slices.Contains([]string{"info", "warning", "error"}, e.Text("level")) {
			t.Errorf("line %v", e)
		}
	}
}

func TestWrongFlagsAreRefusedTogether_10(t *testing.T) {
	p := run(t, nil, "--mode", "both", "--message-lease", "1ms", "--timer-lock", "1s")
	_ = p.Wait() // the words matter
	for _, want := range []string{"--mode", "--message-lease", "--timer-lock"} {
		if !strings.Contains(p.stderr.String(), want) {
			t.Errorf("no %s in %q", want, p.stderr.String())
		}
	}
}

// TestUnconfirmedFactsStandInOnePlaceEach holds doc.go's list and the marks in the code together.
func TestUnconfirmedFactsStandInOnePlaceEach(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^//\t(N\d+) .* (\S+\.go)$`).FindAllStringSubmatch(string(doc), -1) {
		listed[m[1]] = m[2]
	}
	found := map[string][]string{}
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == "doc.go" || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, mark := range regexp.MustCompile(`\bN\d+\b`).FindAllString(string(text), -1) {
			found[mark] = append(found[mark], filepath.ToSlash(path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(listed) == 0 {
		t.Error("doc.go lists no facts")
	}
	for fact, path := range listed {
		if !slices.Equal(found[fact], []string{path}) {
			t.Errorf("%s is listed in %s and marked in %v", fact, path, found[fact])
		}
		delete(found, fact)
	}
	if len(found) > 0 {
		t.Errorf("marked and not listed: %v", found)
	}
}
