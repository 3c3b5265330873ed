package event_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"leadrelay/local/host/event"
)

func TestJSONLinesCarryTheFourNamesAndTheirOwn_10(t *testing.T) {
	var out strings.Builder
	log := event.New(&out, true)
	log.Info(event.WorkerExited, "handler \"ended\"\n", "pid", 7, "wait", time.Second, "err", errors.New("no"), "ok", true)
	log.Error(event.Failed, "x")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("lines = %q", lines)
	}
	var e map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &e); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{"level": "info", "event": "worker.exited", "message": "handler \"ended\"\n", "pid": 7.0, "wait": "1s", "err": "no", "ok": true} {
		if e[name] != want {
			t.Errorf("%s = %v, want %v", name, e[name], want)
		}
	}
	if _, err := time.Parse(time.RFC3339Nano, e["time"].(string)); err != nil {
		t.Error(err)
	}
	if !strings.Contains(lines[1], `"level":"error"`) {
		t.Errorf("second line = %s", lines[1])
	}
}

func TestTextLinesAreForPeople_10(t *testing.T) {
	var out strings.Builder
	log := event.New(&out, false)
	log.Warn(event.Trigger, "waits", "function", "Sweep", "reason", "two words")
	log.Error(event.Config, "two\nlines")
	log.Info(event.Invocation, "Executed 'Sweep' (Succeeded)", "function", "Sweep", "ms", 7)
	log.Write(event.Error, event.Console, "panic: x", "line", "panic: x")
	got := out.String()
	if !strings.Contains(got, `warning trigger: waits function=Sweep reason="two words"`+"\n") || !strings.Contains(got, "error   | panic: x\n") || !strings.Contains(got, "config: two; lines\n") ||
		!strings.Contains(got, "invocation: Executed 'Sweep' (Succeeded) ms=7\n") {
		t.Errorf("lines = %s", got)
	}
}
