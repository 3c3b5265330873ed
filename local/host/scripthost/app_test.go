package scripthost_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leadrelay/local/host/event"
	"leadrelay/local/host/hosttest"
	"leadrelay/local/host/scripthost"
)

// complaints returns the errors about the configuration as "function: message".
func (h *host) complaints() []string {
	var list []string
	for _, e := range h.log.All(event.Config) {
		if e.Text("level") == "error" {
			list = append(list, e.Text("function")+": "+e.Text("message"))
		}
	}
	return list
}

func (h *host) wantHandlers(t *testing.T, n int) {
	t.Helper()
	if got := len(h.log.All(event.WorkerStarted)); got != n {
		t.Errorf("the handler was started %d times, want %d:\n%s", got, n, h.log.Dump())
	}
}

func TestFunctionInErrorIsLoggedOnceAndTheOthersRun_5_1(t *testing.T) {
	h := start(t, map[string]string{"host.json": proxied(t, ""), "Broken/function.json": "{", "Empty/function.json": `{"bindings":[]}`,
		"Late/function.json": hosttest.Timer("soon"), "Lost/function.json": hosttest.Queue("%NONE%"), "Maze/function.json": hosttest.HTTP("{"),
		"Poor/function.json":    strings.Replace(hosttest.Queue("q"), "{", `{"retry":{"strategy":"never"},`, 1),
		"Unpaid/function.json":  strings.Replace(hosttest.HTTP("u"), `{"type":"http",`, `{"type":"queue","direction":"out","name":"q","queueName":"q","connection":"MINE"},{"type":"http",`, 1),
		"Garbled/function.json": strings.Replace(hosttest.Queue("q"), `"queueName"`, `"connection":"GARBLED","queueName"`, 1),
		"Well/function.json":    hosttest.HTTP("well")}, []string{"AzureWebJobsStorage=UseDevelopmentStorage=true", "GARBLED=AccountKey=s3cret"}, nil)
	if status, _ := h.do(t, "GET", "/api/well", ""); status != 200 {
		t.Errorf("the healthy function: %d", status)
	}
	if e := h.log.Wait(t, event.Ready, nil); e.Number("functions") != 1 {
		t.Errorf("ready = %v", e)
	}
	if status, _ := h.do(t, "POST", "/admin/functions/Late", `{"input":""}`); status != 404 {
		t.Errorf("a function in error, by hand: %d", status)
	}
	all := h.complaints()
	for _, want := range []string{
		"Broken: The 'Broken' function is in error: function.json is not what it should be",
		"Empty: The 'Empty' function is in error: At least one binding must be declared.",
		"Late: The 'Late' function is in error: The schedule expression 'soon' was not recognized",
		"Lost: The 'Lost' function is in error: queueName: '%NONE%' does not resolve to a value",
		"Maze: The 'Maze' function is in error: route",
		"Poor: The 'Poor' function is in error: retry: ",
		"Unpaid: The 'Unpaid' function is in error: Storage account connection string 'MINE' does not exist.",
		"Garbled: The 'Garbled' function is in error: open GARBLED: the connection string is not valid",
	} {
		n := 0
		for _, complaint := range all {
			if strings.HasPrefix(complaint, want) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d times %q", n, want)
		}
	}
	if len(all) != 8 || strings.Contains(strings.Join(all, ""), "s3cret") {
		t.Errorf("complaints = %q", all)
	}
	h.wantHandlers(t, 1)
}

func TestNoFunctionsNoHandler_1_1(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"none": {"host.json": hosttest.HostJSON(t, "")}, "none without error": {"host.json": hosttest.HostJSON(t, ""), "A/function.json": "{"},
	} {
		h := start(t, files, nil, nil)
		h.log.Wait(t, event.Ready, nil)
		if status, _ := h.do(t, "GET", "/", ""); status != 200 {
			t.Errorf("%s: the host answers %d", name, status)
		}
		h.wantHandlers(t, 0)
	}
}

func TestAppWithoutCustomHandlerRunsNothing_1_1(t *testing.T) {
	h := start(t, map[string]string{"host.json": `{"version":"2.0"}`, "A/function.json": hosttest.HTTP("a")}, nil, nil)
	h.log.Wait(t, event.Ready, nil)
	if all := h.complaints(); len(all) != 1 || !strings.Contains(all[0], "The 'A' function is in error: host.json has no customHandler section") {
		t.Errorf("complaints = %q", all)
	}
	h.wantHandlers(t, 0)
}

func TestMissingHostJSONIsWrittenAndTheHostRunsOn_5_2(t *testing.T) {
	var root string
	h := start(t, nil, nil, func(o *scripthost.Options) { root = o.Root })
	h.log.Wait(t, event.Config, func(e hosttest.Event) bool {
		return strings.HasPrefix(e.Text("message"), "No host configuration file found. Creating a default ")
	})
	h.log.Wait(t, event.Ready, nil)
	if text, err := os.ReadFile(filepath.Join(root, "host.json")); err != nil || !strings.Contains(string(text), `"id": "Microsoft.Azure.Functions.ExtensionBundle"`) {
		t.Errorf("host.json = %s, %v", text, err)
	}
}

func TestBadHostJSONStopsTheHostWithAllComplaints_5_2(t *testing.T) {
	h := start(t, map[string]string{"host.json": `{"version":"9","functionTimeout":"x","customHandler":{"description":{"defaultExecutablePath":"h"}}}`, "A/function.json": "{"}, nil, nil)
	if err := h.end(t); !errors.Is(err, scripthost.ErrConfig) {
		t.Fatalf("end = %v", err)
	}
	all := strings.Join(h.complaints(), "\n")
	for _, want := range []string{"'9' is an invalid value", "functionTimeout", "'A' function is in error"} {
		if strings.Count(all, want) != 1 {
			t.Errorf("not once %q in\n%s", want, all)
		}
	}
	h.wantHandlers(t, 0)
}

func TestFunctionFilesBesideRoutesStopTheHost_5_1(t *testing.T) {
	files := map[string]string{"host.json": strings.Replace(proxied(t, ""), `"customHandler":{`, `"customHandler":{"http":{"routes":[{"route":"{*all}","authorizationLevel":"anonymous"}]},`, 1)}
	h := start(t, files, []string{"FUNCTIONS_WORKER_RUNTIME=custom"}, nil)
	if status, _ := h.do(t, "PATCH", "/api/any/thing", ""); status != 200 {
		t.Errorf("status = %d", status)
	}
	files["A/function.json"] = hosttest.HTTP("a")
	if err := start(t, files, []string{"FUNCTIONS_WORKER_RUNTIME=custom"}, nil).end(t); !errors.Is(err, scripthost.ErrConfig) {
		t.Errorf("end = %v", err)
	}
}

func TestRetriesOfOtherTriggersAreWarnedAbout_5_3(t *testing.T) {
	h := start(t, map[string]string{"host.json": hosttest.HostJSON(t, `,"retry":{"strategy":"fixedDelay","maxRetryCount":1,"delayInterval":"00:00:00"}`), "Fail/function.json": hosttest.HTTP("x")}, nil, nil)
	h.log.Wait(t, event.Config, func(e hosttest.Event) bool {
		return e.Text("message") == "Retries are not supported for function 'Functions.Fail'." && e.Text("level") == "warning"
	})
	if status, _ := h.do(t, "GET", "/api/x", ""); status != 500 {
		t.Errorf("status %d", status)
	}
	hosttest.Eventually(t, "it is called twice all the same", func() bool { return len(h.log.Requests()) == 2 })
}

func TestStorageIsAskedForOnlyWhereItIsNeeded_7_1(t *testing.T) {
	h := start(t, map[string]string{"host.json": hosttest.HostJSON(t, ""), "A/function.json": hosttest.Timer("0 * * * * *"), "B/function.json": hosttest.Queue("q")}, []string{"AzureWebJobsStorage="}, nil)
	want := "Storage account connection string 'AzureWebJobsStorage' does not exist"
	if err := h.end(t); !errors.Is(err, scripthost.ErrConfig) || strings.Count(strings.Join(h.complaints(), "\n"), want) != 1 {
		t.Errorf("end = %v\n%s", err, h.log.Dump())
	}
	h = start(t, map[string]string{"host.json": hosttest.HostJSON(t, ""), "A/function.json": hosttest.HTTP("a")}, []string{"AzureWebJobsStorage="}, nil)
	h.log.Wait(t, event.Ready, nil)
}
