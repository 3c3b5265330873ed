package hostjson_test

import (
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"leadrelay/local/host/hostjson"
	"leadrelay/local/host/hosttest"
	"leadrelay/local/host/settings"
)

func read(t *testing.T, text string, environ ...string) (*hostjson.Config, error) {
	t.Helper()
	root := hosttest.App(t, map[string]string{"host.json": text})
	app, err := settings.Load(root+"/none", false, environ)
	if err != nil {
		t.Fatal(err)
	}
	return hostjson.Read(root, app)
}

func mustRead(t *testing.T, text string, environ ...string) *hostjson.Config {
	t.Helper()
	c, err := read(t, text, environ...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const least = `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"}}`

func TestDefaultsAreTheRealHosts_1_2_3_4_3_6_2(t *testing.T) {
	c := mustRead(t, least+"}")
	if c.Worker.InitTimeout != 30*time.Second || !c.Worker.StderrErrorsOnly || c.Worker.Port != 0 || c.Forward || c.Proxy {
		t.Errorf("worker = %+v", c)
	}
	if c.FunctionTimeout != 30*time.Minute || c.HTTP.RoutePrefix != "api" || c.HTTP.MaxOutstanding != 0 || c.HTTP.MaxRunning != 0 {
		t.Errorf("http = %+v", c)
	}
	q := c.Queues
	if q.BatchSize != 16 || q.MaxDequeueCount != 5 || q.VisibilityTimeout != 0 || q.MaxPollingInterval != time.Minute || !q.Base64 || q.NewBatchThreshold != 8*runtime.NumCPU() {
		t.Errorf("queues = %+v", q)
	}
	if c := mustRead(t, least+"}", "AZURE_FUNCTIONS_ENVIRONMENT=Development"); c.Queues.MaxPollingInterval != 2*time.Second {
		t.Errorf("polling in Development = %v", c.Queues.MaxPollingInterval)
	}
}

func TestNamesAreReadInAnyCase_1_2(t *testing.T) {
	c := mustRead(t, `{"version":"2.0","CUSTOMHANDLER":{"Description":{"DefaultExecutablePath":"h","ARGUMENTS":["a","b"]},"enableforwardinghttprequest":true},
		"Extensions":{"HTTP":{"RoutePrefix":"/p/q/"},"Queues":{"BATCHSIZE":3}}}`)
	if c.Worker.Executable != "h" || !slices.Equal(c.Worker.Arguments, []string{"a", "b"}) || !c.Forward || c.HTTP.RoutePrefix != "p/q" || c.Queues.BatchSize != 3 {
		t.Errorf("config = %+v", c)
	}
}

func TestEnvironmentOverridesEveryValue_1_2(t *testing.T) {
	c := mustRead(t, least+`,"extensions":{"http":{"routePrefix":"api"}}}`,
		"AzureFunctionsJobHost__customHandler__description__defaultExecutablePath=handler.exe",
		`AzureFunctionsJobHost__customHandler__description__arguments=["x","y z"]`,
		"AzureFunctionsJobHost__extensions__queues__visibilityTimeout=00:00:01",
		"AzureFunctionsJobHost__extensions__queues__maxPollingInterval=00:00:00.1",
		"azurefunctionsjobhost__EXTENSIONS__http__routePrefix=",
		"AzureFunctionsJobHost__functionTimeout=-1",
		"AzureFunctionsJobHost__functions__0=Receive", "AzureFunctionsJobHost__watchDirectories__0=Shared",
		"AzureFunctionsJobHost__customHandler__enableProxyingHttpRequest=True")
	if c.Worker.Executable != "handler.exe" || !slices.Equal(c.Worker.Arguments, []string{"x", "y z"}) || !c.Proxy {
		t.Errorf("worker = %+v", c.Worker)
	}
	if c.Queues.VisibilityTimeout != time.Second || c.Queues.MaxPollingInterval != 100*time.Millisecond || c.HTTP.RoutePrefix != "" ||
		c.FunctionTimeout != 0 || !slices.Equal(c.Functions, []string{"Receive"}) || !slices.Equal(c.WatchDirectories, []string{"Shared"}) {
		t.Errorf("config = %+v", c)
	}
}

func TestCustomHandlerWinsOverHttpWorker_1_1(t *testing.T) {
	c := mustRead(t, `{"version":"2.0","httpWorker":{"description":{"defaultExecutablePath":"old"}},"customHandler":{"description":{"defaultExecutablePath":"new"}}}`)
	if c.Worker.Executable != "new" || c.Legacy {
		t.Errorf("worker = %+v", c.Worker)
	}
	c = mustRead(t, `{"version":"2.0","httpWorker":{"description":{"defaultExecutablePath":"old"}}}`)
	if c.Worker.Executable != "old" || !c.Legacy || !c.Forward {
		t.Errorf("config = %+v", c)
	}
}

func TestTypeNoneIsForcedBackToHttp_1_2(t *testing.T) {
	if _, err := read(t, `{"version":"2.0","customHandler":{"type":"None","description":{"defaultExecutablePath":"h"}}}`); err != nil {
		t.Error(err)
	}
}

func TestRoutesNeedTheCustomRuntime_5_1(t *testing.T) {
	text := `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"h"},"http":{"defaultAuthorizationLevel":"Anonymous","routes":[{"route":"{*path}"},{"route":"x","authorizationLevel":"admin"}]}}}`
	if c := mustRead(t, text); len(c.Routes) != 0 {
		t.Errorf("routes = %v", c.Routes)
	}
	want := []hostjson.Route{{Route: "{*path}", AuthLevel: "anonymous"}, {Route: "x", AuthLevel: "admin"}}
	if c := mustRead(t, text, "FUNCTIONS_WORKER_RUNTIME=Custom"); !slices.Equal(c.Routes, want) {
		t.Errorf("routes = %v", c.Routes)
	}
}

func TestBadHostJSONIsComplainedAboutAllAtOnce_1_1_5_2(t *testing.T) {
	for want, text := range map[string]string{
		"missing the required 'version' property":     `{"customHandler":{"description":{"defaultExecutablePath":"h"}}}`,
		"'3.0' is an invalid value for host.json":     `{"version":"3.0","customHandler":{"description":{"defaultExecutablePath":"h"}}}`,
		"'2' is an invalid value for host.json":       `{"version":2.0,"customHandler":{"description":{"defaultExecutablePath":"h"}}}`,
		"Missing worker Description.":                 `{"version":"2.0","customHandler":{"enableForwardingHttpRequest":true}}`,
		"DefaultExecutablePath cannot be empty":       `{"version":"2.0","customHandler":{"description":{"arguments":["a"]}}}`,
		"Unable to parse host configuration file":     `{"version":`,
		"host.json': it is not an object":             `null`,
		"host.json': something follows":               `{"version":"2.0"} {}`,
		"batchSize: \"33\" is not":                    least + `,"extensions":{"queues":{"batchSize":33}}}`,
		"maxPollingInterval must not be less":         least + `,"extensions":{"queues":{"maxPollingInterval":"00:00:00.05"}}}`,
		"messageEncoding: \"utf8\"":                   least + `,"extensions":{"queues":{"messageEncoding":"utf8"}}}`,
		"FunctionTimeout must be greater":             least + `,"functionTimeout":"00:00:00.5"}`,
		"functionTimeout: \"soon\" is not a TimeSpan": least + `,"functionTimeout":"soon"}`,
		"strategy: \"often\" is not":                  least + `,"retry":{"strategy":"often","maxRetryCount":1}}`,
	} {
		if _, err := read(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\nerror = %v\nwant %s", text, err, want)
		}
	}
	_, err := read(t, `{"version":"1","functionTimeout":"x","extensions":{"queues":{"batchSize":0}}}`)
	for _, want := range []string{"'1' is an invalid", "functionTimeout", "batchSize"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("not all at once: %v", err)
		}
	}
}

func TestMissingHostJSONIsWrittenWithABundle_5_2(t *testing.T) {
	app, _ := settings.Load("", false, nil)
	root := t.TempDir()
	c, err := hostjson.Read(root, app)
	if err != nil || !c.Bundle || c.CustomHandler || !strings.Contains(c.Written, "No host configuration file found. Creating a default "+filepath.Join(root, "host.json")) {
		t.Errorf("config = %+v, %v", c, err)
	}
	again, err := hostjson.Read(root, app)
	if err != nil || !again.Bundle || again.Written != "" {
		t.Errorf("read again: %+v, %v", again, err)
	}
	c, err = hostjson.Read(filepath.Join(root, "no", "such", "folder"), app)
	if err != nil || !c.Bundle || !strings.Contains(c.Written, "Host execution will continue") {
		t.Errorf("where nothing can be written: %+v, %v", c, err)
	}
}

func TestEmptyHostJSONIsWrittenWithItsVersion_5_2(t *testing.T) {
	c, err := read(t, "{ /* later */ }")
	if err != nil || c.Bundle || !strings.Contains(c.Written, "Empty host configuration file found.") {
		t.Errorf("config = %+v, %v", c, err)
	}
}

func TestCommentsAndTrailingCommasAreRead_5_2(t *testing.T) {
	c := mustRead(t, "// ours\n"+least+`,"extensions":{"queues":{"batchSize":3,/*"maxDequeueCount":9*/},},}`)
	if c.Queues.BatchSize != 3 || c.Queues.MaxDequeueCount != 5 {
		t.Errorf("queues = %+v", c.Queues)
	}
}

func TestAppWithoutCustomHandlerIsReadToo_1_1(t *testing.T) {
	if c := mustRead(t, `{"version":"2.0"}`, "FUNCTIONS_WORKER_RUNTIME=custom"); c.CustomHandler { // the setting is not consulted
		t.Errorf("config = %+v", c)
	}
	if c := mustRead(t, least+"}", "FUNCTIONS_WORKER_RUNTIME=node"); !c.CustomHandler {
		t.Errorf("config = %+v", c)
	}
}

func TestRetryPoliciesAreRead_5_3(t *testing.T) {
	c := mustRead(t, least+`,"retry":{"strategy":"ExponentialBackoff","maxRetryCount":-1,"minimumInterval":"00:00:01","maximumInterval":"00:01:00"}}`)
	if want := (hostjson.Retry{Exponential: true, MaxRetryCount: -1, Minimum: time.Second, Maximum: time.Minute}); *c.Retry != want {
		t.Errorf("retry = %+v", c.Retry)
	}
}
