package app_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/app"
	"leadrelay/internal/ledger"
	"leadrelay/local/dist"
)

// TestNothingIsCalledAtStart starts on storage that is not there, and answers what needs none.
func TestNothingIsCalledAtStart(t *testing.T) {
	var log bytes.Buffer
	a, err := app.New(right(t), slog.New(slog.NewJSONHandler(&log, nil)), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	h := a.Handler()
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/", 200}, {"HEAD", "/", 200},
		{"GET", "/Deliver", 404}, {"GET", "/Drain", 404}, {"PUT", "/Sweep", 404}, {"POST", "/deliver", 404}, {"POST", "/Deliver/", 404}, {"POST", "/Receive", 404},
		{"GET", "/admin", 404}, {"GET", "/favicon.ico", 404}, {"POST", "//", 404}, {"POST", "/webhooks", 404},
		{"GET", "/webhooks/crf", 405}, {"POST", "/webhooks/", 404}, {"POST", "/webhooks/nobody", 404},
		// each driver's line: without a proof it says no
		{"POST", "/webhooks/crf", 401}, {"POST", "/webhooks/credzu", 401}, {"POST", "/webhooks/cr3dentials", 401}, {"POST", "/webhooks/referral", 401},
		{"POST", "/webhooks/credzu/another-token", 401},
	} {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(c.method, "http://127.0.0.1"+c.path, strings.NewReader("{}")))
		if rec.Code != c.status {
			t.Errorf("%s %s is answered %d, want %d", c.method, c.path, rec.Code, c.status)
		}
	}
	if regexp.MustCompile(`another-token|/webhooks`).Match(log.Bytes()) {
		t.Errorf("the log shows a path: %s", &log)
	}
}

// TestAPartnerWithoutSettingsIsOff has one partner only.
func TestAPartnerWithoutSettingsIsOff(t *testing.T) {
	environ := slices.DeleteFunc(right(t), func(kv string) bool {
		return strings.HasPrefix(kv, "PARTNER_") && !strings.HasPrefix(kv, "PARTNER_CRF_")
	})
	a, err := start(environ)
	if err != nil {
		t.Fatal(err)
	}
	for partner, want := range map[string]int{"crf": 401, "credzu": 404, "cr3dentials": 404, "referral": 404} {
		rec := httptest.NewRecorder()
		a.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/webhooks/"+partner, strings.NewReader("{}")))
		if rec.Code != want {
			t.Errorf("%s is answered %d, want %d", partner, rec.Code, want)
		}
	}
}

// TestStorageThatIsNotThereIsAFailure wants 503 for a lead and a failed invocation for the host, never an accepted one.
func TestStorageThatIsNotThereIsAFailure(t *testing.T) {
	a, err := start(right(t))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/webhooks/crf": 503, "/Deliver": 500, "/Sweep": 500} {
		body := `{"Data":{"message":"\"{}\"","timer":{}},"Metadata":{}}`
		if path == "/webhooks/crf" {
			body = "{"
		}
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		r.Header.Set("X-Api-Key", "secret-7f3a-0123456789")
		rec := httptest.NewRecorder()
		a.Handler().ServeHTTP(rec, r)
		if rec.Code != want || !json.Valid(rec.Body.Bytes()) || strings.Contains(rec.Body.String(), "accepted") || strings.Contains(rec.Body.String(), "7f3a") {
			t.Errorf("%s is answered %d %s, want %d", path, rec.Code, rec.Body, want)
		}
	}
}

// deployed reads a file of the deployment by its path from the top.
func deployed(t *testing.T, v any, path ...string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		t.Fatal(path, err)
	}
}

// binding is one of a function.json.
type binding struct{ Type, Direction, Name, QueueName, Connection, AuthLevel, Route, Schedule string }

func TestFunctionsAreWhatTheHandlerAnswers(t *testing.T) {
	want := map[string][]binding{
		"Receive": {{Type: "httpTrigger", Direction: "in", Name: "req", AuthLevel: "anonymous", Route: "webhooks/{partner}/{token?}"}, {Type: "http", Direction: "out", Name: "res"}},
		"Deliver": {{Type: "queueTrigger", Direction: "in", Name: "message", QueueName: ledger.Names{Prefix: "%LEADRELAY_PREFIX%"}.Intake(), Connection: "AzureWebJobsStorage"}},
		"Drain":   {{Type: "timerTrigger", Direction: "in", Name: "timer", Schedule: "%DRAIN_SCHEDULE%"}},
		"Sweep":   {{Type: "timerTrigger", Direction: "in", Name: "timer", Schedule: "%SWEEP_SCHEDULE%"}},
	}
	files, err := filepath.Glob(filepath.Join("..", "..", "functions", "*", "function.json"))
	if err != nil || len(files) < len(want) {
		t.Fatal(files, err)
	}
	for name, bindings := range want {
		var got struct{ Bindings []binding }
		deployed(t, &got, "functions", name, "function.json")
		if !slices.Equal(got.Bindings, bindings) {
			t.Errorf("%s is bound to %+v, want %+v", name, got.Bindings, bindings)
		}
	}
	if n := (ledger.Names{Prefix: "p"}); n.IntakePoison() != n.Intake()+"-poison" {
		t.Error("the host makes another poison queue")
	}
}

// TestHostJSONSaysWhatWeRelyOn holds the settings without which something is lost (functions-host.md §5.2, §6.2).
func TestHostJSONSaysWhatWeRelyOn(t *testing.T) {
	var host map[string]any
	deployed(t, &host, "host.json")
	for path, want := range map[string]any{
		"version": "2.0",
		"customHandler.description.defaultExecutablePath": dist.Handler,
		"customHandler.enableProxyingHttpRequest":         true,
		"customHandler.enableForwardingHttpRequest":       true,
		"extensionBundle.id":                              "Microsoft.Azure.Functions.ExtensionBundle",
		"extensionBundle.version":                         "[4.*, 5.0.0)",
		"extensions.http.routePrefix":                     "",
		"extensions.queues.messageEncoding":               "base64",
		"extensions.queues.maxDequeueCount":               json.Number("100"),
		"extensions.queues.visibilityTimeout":             "00:01:00",
		"functionTimeout":                                 "00:05:00",
	} {
		var v any = host
		for _, name := range strings.Split(path, ".") {
			m, _ := v.(map[string]any)
			v = m[name]
		}
		if v != want {
			t.Errorf("%s is %v, want %v", path, v, want)
		}
	}
}
