package function_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"leadrelay/local/host/function"
	"leadrelay/local/host/hostjson"
	"leadrelay/local/host/hosttest"
	"leadrelay/local/host/settings"
)

// discover returns what was found, and everything that was complained about.
func discover(t *testing.T, files map[string]string, host hostjson.Config, environ ...string) ([]*function.Function, error) {
	t.Helper()
	root := hosttest.App(t, files)
	app, err := settings.Load(root+"/none", false, environ)
	if err != nil {
		t.Fatal(err)
	}
	host.Bundle = true
	list, err := function.Discover(root, &host, app)
	for _, f := range list {
		err = errors.Join(err, f.Err())
	}
	return list, err
}

func names(list []*function.Function) string {
	var all []string
	for _, f := range list {
		all = append(all, f.Name)
	}
	return strings.Join(all, " ")
}

func TestOnlyDirectSubfoldersAreFunctions_5_1(t *testing.T) {
	list, err := discover(t, map[string]string{
		"Receive/function.json":        hosttest.HTTP("x"),
		"deep/Other/function.json":     hosttest.HTTP("y"),
		"function.json":                hosttest.HTTP("z"),
		"node_modules/a/package.json":  "{}",
		"Deliver/function.json":        hosttest.Queue("%Q%"),
		"Deliver/deeper/function.json": "broken",
	}, hostjson.Config{}, "Q=Leads-In")
	if err != nil || names(list) != "Deliver Receive" {
		t.Fatalf("found %q, %v", names(list), err)
	}
	if b := list[0].Trigger; b.QueueName != "leads-in" || b.Connection != "AzureWebJobsStorage" {
		t.Errorf("queue = %+v", b)
	}
}

func TestDefaultsOfBindings_5_1(t *testing.T) {
	list, err := discover(t, map[string]string{
		"MyFunc/function.json": `{"Bindings":[{"Type":"httpTrigger","Name":"req"},{"type":"http","direction":"out","name":"$return"}]}`,
		"Tick/function.json":   `{"bindings":[{"type":"timerTrigger","name":"t","schedule":"%S%"}]}`,
	}, hostjson.Config{}, "S=0 * * * * *")
	if err != nil {
		t.Fatal(err)
	}
	if b := list[0].Trigger; b.AuthLevel != "function" || b.Route != "MyFunc" || len(b.Methods) != 0 || !list[0].HTTPInOut() {
		t.Errorf("http = %+v", b)
	}
	if b := list[1].Trigger; !b.UseMonitor || b.RunOnStartup || b.Schedule != "0 * * * * *" {
		t.Errorf("timer = %+v", b)
	}
}

func TestAllowListAndDisabledSettings_5_1_5_2(t *testing.T) {
	files := map[string]string{"A/function.json": hosttest.HTTP("a"), "B/function.json": hosttest.HTTP("b"), "C/function.json": hosttest.HTTP("c")}
	list, err := discover(t, files, hostjson.Config{Functions: []string{"a", "C"}}, "AzureWebJobs.A.Disabled=1", "AzureWebJobs_C_Disabled=TRUE")
	if err != nil || names(list) != "A C" || !list[0].Disabled || !list[1].Disabled {
		t.Errorf("found %q, %v", names(list), err)
	}
	list, _ = discover(t, files, hostjson.Config{}, "AzureWebJobs.A.Disabled=false")
	if list[0].Disabled {
		t.Error("false disables")
	}
}

func TestComplaintsAreTheRealHosts_5_1(t *testing.T) {
	httpIn := `{"type":"httpTrigger","name":"req"}`
	for want, bindings := range map[string]string{
		"At least one binding must be declared.":                        ``,
		"No trigger binding specified.":                                 `{"type":"http","direction":"out","name":"res"}`,
		"Multiple trigger bindings defined.":                            httpIn + `,{"type":"queueTrigger","name":"msg","queueName":"q"}`,
		"Multiple bindings with name 'REQ' discovered.":                 httpIn + `,{"type":"http","direction":"out","name":"REQ"}`,
		"The binding name my_res is invalid.":                           httpIn + `,{"type":"http","direction":"out","name":"my_res"}`,
		"The binding type(s) 'sqlTrigger' were not found":               `{"type":"sqlTrigger","name":"x"}`,
		"Bindings must specify a Type.":                                 `{"name":"x"}`,
		"queueName is missing.":                                         `{"type":"queueTrigger","name":"msg"}`,
		"'%NONE%' does not resolve to a value":                          `{"type":"queueTrigger","name":"msg","queueName":"%NONE%"}`,
		"'a--b' is not a valid queue name":                              `{"type":"queueTrigger","name":"msg","queueName":"a--b"}`,
		"schedule is missing.":                                          `{"type":"timerTrigger","name":"t"}`,
		"authLevel 'user' is not anonymous, function or admin.":         `{"type":"httpTrigger","name":"req","authLevel":"user"}`,
		"direction 'inout' is not in or out.":                           `{"type":"httpTrigger","name":"req","direction":"inout"}`,
		"The binding name $return is for output":                        `{"type":"httpTrigger","name":"$return"}`,
		"The binding type(s) 'blob' were not found in the configured e": httpIn + `,{"type":"blob","direction":"out","name":"b"}`,
	} {
		_, err := discover(t, map[string]string{"Fn/function.json": `{"bindings":[` + bindings + `]}`}, hostjson.Config{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "The 'Fn' function is in error: ") {
			t.Errorf("%s:\nerror = %v\nwant %s", bindings, err, want)
		}
	}
}

func TestNamesScriptsAndBundlesAreChecked_5_1(t *testing.T) {
	for folder, want := range map[string]string{"Host": "'Host' is not a valid function name.", "1st": "'1st' is not a valid function name.", "a.b": "'a.b' is not a valid function name."} {
		_, err := discover(t, map[string]string{folder + "/function.json": hosttest.HTTP("x")}, hostjson.Config{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error = %v", folder, err)
		}
	}
	script := `{"scriptFile":"run.sh",` + strings.TrimPrefix(hosttest.HTTP("x"), "{")
	if _, err := discover(t, map[string]string{"A/function.json": script}, hostjson.Config{}); err == nil || !strings.Contains(err.Error(), "Invalid script file name configuration.") {
		t.Errorf("a missing script: %v", err)
	}
	if _, err := discover(t, map[string]string{"A/function.json": script, "A/run.sh": ""}, hostjson.Config{}); err != nil {
		t.Errorf("a script that is there: %v", err)
	}
	root := hosttest.App(t, map[string]string{"A/function.json": hosttest.Queue("q")})
	app, _ := settings.Load("", false, nil)
	if list, err := function.Discover(root, &hostjson.Config{}, app); err != nil || !strings.Contains(fmt.Sprint(list[0].Err()), "'queueTrigger' are not registered") {
		t.Errorf("queue without a bundle: %v, %v", list, err)
	}
}

func TestAllComplaintsComeAtOnce_5_1(t *testing.T) {
	_, err := discover(t, map[string]string{"A/function.json": "{", "B/function.json": `{"bindings":[]}`, "C/function.json": `{"bindings":[{"type":"timerTrigger","name":"_"}],"retry":{"strategy":"fixedDelay","maxRetryCount":2}}`}, hostjson.Config{})
	for _, want := range []string{"'A' function", "'B' function", "name _ is invalid", "schedule is missing", "delayInterval"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}
}

func TestFunctionInErrorHidesNoOther_5_1(t *testing.T) {
	list, err := discover(t, map[string]string{"A/function.json": "{", "B/function.json": hosttest.HTTP("b"), "C/function.json": `{"bindings":[]}`}, hostjson.Config{})
	if err == nil || names(list) != "A B C" || list[0].Err() == nil || list[1].Err() != nil || list[2].Err() == nil {
		t.Errorf("found %q, %v", names(list), err)
	}
}

func TestCommentsAndTrailingCommasAreRead_5_1(t *testing.T) {
	list, err := discover(t, map[string]string{"A/function.json": "\xef\xbb\xbf// ours\n" + strings.TrimSuffix(hosttest.HTTP("a/*b"), "}") + ",/* no more */}"}, hostjson.Config{})
	if err != nil || list[0].Trigger.Route != "a/*b" {
		t.Errorf("found %+v, %v", list, err)
	}
}

func TestRoutesOfHostJSONExcludeFunctionFiles_5_1(t *testing.T) {
	host := hostjson.Config{Routes: []hostjson.Route{{Route: "{*all}", AuthLevel: "function"}}}
	list, err := discover(t, nil, host)
	if err != nil || names(list) != "http-handler1" || !list[0].HTTPInOut() || fmt.Sprint(list[0].Trigger.Methods) != "[get post put delete patch head options]" {
		t.Errorf("found %q, %v", names(list), err)
	}
	if _, err := discover(t, map[string]string{"A/function.json": hosttest.HTTP("x")}, host); err == nil {
		t.Error("both together gave no error")
	}
}

func TestRetryOfAFunctionWinsOverTheHosts_5_3(t *testing.T) {
	text := strings.TrimSuffix(hosttest.Timer("0 * * * * *"), "}") + `,"retry":{"strategy":"fixedDelay","maxRetryCount":0,"delayInterval":"00:00:02"}}`
	list, err := discover(t, map[string]string{"A/function.json": text, "B/function.json": hosttest.Timer("0 * * * * *")}, hostjson.Config{Retry: &hostjson.Retry{MaxRetryCount: 9}})
	if err != nil || list[0].Retry.MaxRetryCount != 0 || list[1].Retry.MaxRetryCount != 9 {
		t.Errorf("retries = %+v, %+v, %v", list[0].Retry, list[1].Retry, err)
	}
}
