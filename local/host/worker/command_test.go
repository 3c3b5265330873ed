package worker_test

import (
	"path/filepath"
	"slices"
	"testing"

	"leadrelay/local/host/event"
	"leadrelay/local/host/hostjson"
	"leadrelay/local/host/hosttest"
	"leadrelay/local/host/settings"
	"leadrelay/local/host/worker"
)

func TestLinesAreClassified_1_6(t *testing.T) {
	for _, c := range []struct {
		line       string
		stderr     bool
		errorsOnly bool
		text       string
		category   string
		level      event.Level
	}{
		{"panic: error", false, true, "panic: error", "Host.Function.Console", event.Info},
		{"anything", true, true, "anything", "Host.Function.Console", event.Error},
		{"a WARNing", true, true, "a WARNing", "Host.Function.Console", event.Warning},
		{"anything", true, false, "anything", "Host.Function.Console", event.Info},
		{"it Failed", true, false, "it Failed", "Host.Function.Console", event.Error},
		{"SEVERE", true, false, "SEVERE", "Host.Function.Console", event.Error},
		{"Unhandled Exception", true, false, "Unhandled Exception", "Host.Function.Console", event.Error},
		{"warning: error", true, false, "warning: error", "Host.Function.Console", event.Warning},
		{"LanguageWorkerConsoleLogup", false, true, "up", "system", event.Info},
		{"azfuncjsonlog:{}", false, true, "{}", "tooling", event.Info},
	} {
		text, category, level := worker.Classify(c.line, c.stderr, c.errorsOnly)
		if text != c.text || category != c.category || level != c.level {
			t.Errorf("%q: %q %q %q", c.line, text, category, level)
		}
	}
}

func TestCommandLineIsBuiltAsTheRealHostDoes_1_2(t *testing.T) {
	root := hosttest.App(t, map[string]string{"bin/handler": "", "here": ""})
	app, err := settings.Load("", false, []string{"TOP=x y", "EXE=here"})
	if err != nil {
		t.Fatal(err)
	}
	c := worker.NewCommand(hostjson.Worker{Executable: "handler", WorkerDirectory: "bin", Arguments: []string{"--a", "%TOP%", "%NOT_SET%", `"q r"`},
		WorkerPath: "my worker", WorkerArguments: []string{"last"}, WorkingDirectory: "sub"}, root, app)
	if want := []string{"--a", "x", "y", "q r", "my worker", "last"}; !slices.Equal(c.Args, want) { // no quoting: "x y" is two
		t.Errorf("args = %q, want %q", c.Args, want)
	}
	if c.Path != filepath.Join(root, "bin", "handler") || c.Dir != filepath.Join(root, "sub") {
		t.Errorf("command = %+v", c)
	}
	for executable, want := range map[string]string{"%EXE%": filepath.Join(root, "here"), "on-path": "on-path", "/abs": "/abs"} {
		if c := worker.NewCommand(hostjson.Worker{Executable: executable}, root, app); c.Path != want || c.Dir != root {
			t.Errorf("%s became %s in %s", executable, c.Path, c.Dir)
		}
	}
}

func TestFixedPortMustBeFree_1_2(t *testing.T) {
	port, err := worker.FreePort(0)
	if err != nil || port == 0 {
		t.Fatal(err)
	}
	if again, err := worker.FreePort(port); err != nil || again != port {
		t.Errorf("port = %d, %v", again, err)
	}
}
