package hostjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"leadrelay/local/host/newtonsoft"
	"leadrelay/local/host/settings"
)

// Read reads root/host.json under the settings' overrides; a missing or empty one is written first, as the real host does (§5.2).
// The error joins all complaints.
func Read(root string, app *settings.Settings) (*Config, error) {
	file := filepath.Join(root, "host.json")
	text, err := os.ReadFile(file)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return nil, fmt.Errorf("read host.json: %w", err)
	}
	if missing {
		text = []byte(withBundle)
	}
	tree, err := parse(file, text)
	if err != nil {
		return nil, err
	}
	written := ""
	switch {
	case missing:
		written = write(file, "No host configuration file found", withBundle)
	case len(tree) == 0:
		written = write(file, "Empty host configuration file found", leastHostJSON)
		tree = map[string]any{"version": "2.0"}
	}
	v := values{}
	flatten(v, "", tree)
	r := &reader{values: v}
	checkVersion(r, tree)
	v.override(app.Environ())
	c := bind(r, app)
	c.Written = written
	return c, errors.Join(r.complaints...)
}

// What the real host writes in place of an empty host.json, and of none (§5.2).
const (
	leastHostJSON = "{\n  \"version\": \"2.0\"\n}"
	withBundle    = `{
  "version": "2.0",
  "extensionBundle": {
    "id": "Microsoft.Azure.Functions.ExtensionBundle",
    "version": "[4.*, 5.0.0)"
  }
}`
)

// write writes a default host.json and returns what there is to say about it. A failure is not the end (§5.2).
func write(file, why, text string) string {
	if os.WriteFile(file, []byte(text), 0o644) != nil {
		return why + ". Failed to create " + file + ". Host execution will continue."
	}
	return why + ". Creating a default " + file
}

func parse(file string, text []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(newtonsoft.Standard(text)))
	dec.UseNumber()
	var tree map[string]any
	if err := dec.Decode(&tree); err != nil {
		return nil, fmt.Errorf("Unable to parse host configuration file '%s': %w", file, err)
	}
	if tree == nil {
		return nil, fmt.Errorf("Unable to parse host configuration file '%s': it is not an object", file)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("Unable to parse host configuration file '%s': something follows the object", file)
	}
	return tree, nil
}

// checkVersion insists on the string "2.0", in the words of the real host (§5.2).
func checkVersion(r *reader, tree map[string]any) {
	version, ok := tree["version"].(string)
	if n, isNumber := tree["version"].(json.Number); isNumber {
		f, _ := n.Float64()
		version = strconv.FormatFloat(f, 'f', -1, 64) // 2.0 reads as "2"
	}
	switch {
	case tree["version"] == nil || (ok && version == ""):
		r.complain("The host.json file is missing the required 'version' property. See https://aka.ms/functions-hostjson for steps to migrate the configuration file.")
	case !ok || version != "2.0":
		r.complain("'%s' is an invalid value for host.json 'version' property. We recommend you set the 'version' property to '2.0'. See https://aka.ms/functions-hostjson for more information on this configuration file.", version)
	}
}

func bind(r *reader, app *settings.Settings) *Config {
	c := &Config{
		FunctionTimeout:    functionTimeout(r),
		Functions:          r.texts("functions"),
		HTTP:               bindHTTP(r),
		Queues:             bindQueues(r, app),
		Retry:              bindRetry(r),
		WatchDirectories:   r.texts("watchDirectories"),
		Bundle:             r.text("extensionBundle:id", "") != "",
		DynamicConcurrency: r.truth("concurrency:dynamicConcurrencyEnabled", false),
	}
	section := "customHandler"
	if !r.values.has(section) && r.values.has("httpWorker") {
		section, c.Legacy = "httpWorker", true // deprecated; customHandler wins (§1.1)
	}
	c.CustomHandler = r.values.has(section)
	c.Worker = bindWorker(r, section)
	c.Forward = r.truth(section+":enableForwardingHttpRequest", c.Legacy)
	c.Proxy = r.truth(section+":enableProxyingHttpRequest", false)
	bindRoutes(r, c, app)
	return c
}

func bindWorker(r *reader, section string) Worker {
	d := section + ":description"
	w := Worker{
		Executable:       r.text(d+":defaultExecutablePath", ""),
		Arguments:        r.texts(d + ":arguments"),
		WorkerPath:       r.text(d+":defaultWorkerPath", ""),
		WorkerArguments:  r.texts(d + ":workerArguments"),
		WorkingDirectory: r.text(d+":workingDirectory", ""),
		WorkerDirectory:  r.text(d+":workerDirectory", ""),
		StderrErrorsOnly: r.truth(d+":useStdErrorStreamForErrorsOnly", true),
		InitTimeout:      r.span(section+":initializationTimeout", 30*time.Second),
		Port:             r.number(section+":port", 0, 0, 65535),
	}
	if whole := r.text(d+":arguments", ""); whole != "" { // overridden by one JSON array (§1.2)
		var list []string
		if err := json.Unmarshal([]byte(whole), &list); err != nil {
			r.complain("%s:arguments: %q is not a JSON array of strings", d, whole)
		}
		w.Arguments = list
	}
	switch {
	case !r.values.has(section): // an app of another kind; its functions are in error here
	case !r.values.has(d):
		r.complain("Missing worker Description.")
	case w.Executable == "":
		r.complain("WorkerDescription DefaultExecutablePath cannot be empty")
	}
	if w.InitTimeout <= 0 {
		r.complain("%s:initializationTimeout must be more than zero", section)
	}
	if kind := r.text(section+":type", "http"); !strings.EqualFold(kind, "http") && !strings.EqualFold(kind, "none") {
		r.complain("%s:type: %q is not http or none", section, kind) // none is forced back to http (§1.2)
	}
	return w
}

// bindRoutes reads customHandler.http.routes, which FUNCTIONS_WORKER_RUNTIME=custom switches on (§1.1, §5.1).
func bindRoutes(r *reader, c *Config, app *settings.Settings) {
	if !strings.EqualFold(app.Get("FUNCTIONS_WORKER_RUNTIME"), "custom") {
		return
	}
	level := r.text("customHandler:http:defaultAuthorizationLevel", "function")
	for _, i := range r.values.children("customHandler:http:routes") {
		at := "customHandler:http:routes:" + i
		c.Routes = append(c.Routes, Route{Route: r.text(at+":route", ""), AuthLevel: strings.ToLower(r.text(at+":authorizationLevel", level))})
	}
}

// functionTimeout defaults to 30 minutes, as outside Consumption; "-1" is unlimited, one second the least (§3).
func functionTimeout(r *reader) time.Duration {
	if r.text("functionTimeout", "") == "-1" {
		return 0
	}
	d := r.span("functionTimeout", 30*time.Minute)
	if d < time.Second {
		r.complain("FunctionTimeout must be greater than or equal to 00:00:01.")
	}
	return d
}

func bindHTTP(r *reader) HTTP {
	unbounded := func(path string) int { return max(0, r.number(path, -1, -1, math.MaxInt32)) }
	prefix, set := r.values["extensions:http:routeprefix"]
	if !set {
		prefix = "api"
	}
	return HTTP{
		RoutePrefix:    strings.Trim(prefix, "/"),
		MaxOutstanding: unbounded("extensions:http:maxOutstandingRequests"),
		MaxRunning:     unbounded("extensions:http:maxConcurrentRequests"),
	}
}

func bindQueues(r *reader, app *settings.Settings) Queues {
	const at = "extensions:queues:"
	interval := time.Minute
	for _, name := range []string{"AZURE_FUNCTIONS_ENVIRONMENT", "ASPNETCORE_ENVIRONMENT"} {
		if strings.EqualFold(app.Get(name), "Development") {
			interval = 2 * time.Second // §6.2
		}
	}
	q := Queues{
		BatchSize:          r.number(at+"batchSize", 16, 1, 32),
		MaxDequeueCount:    r.number(at+"maxDequeueCount", 5, 1, math.MaxInt32),
		VisibilityTimeout:  r.span(at+"visibilityTimeout", 0),
		MaxPollingInterval: r.span(at+"maxPollingInterval", interval),
	}
	q.NewBatchThreshold = r.number(at+"newBatchThreshold", q.BatchSize/2*runtime.NumCPU(), 0, math.MaxInt32)
	if q.MaxPollingInterval < 100*time.Millisecond {
		r.complain("%smaxPollingInterval must not be less than 100 ms", at)
	}
	if q.VisibilityTimeout < 0 || q.VisibilityTimeout > 7*24*time.Hour {
		r.complain("%svisibilityTimeout must be from 0 to 7 days", at)
	}
	switch encoding := strings.ToLower(r.text(at+"messageEncoding", "base64")); encoding {
	case "base64":
		q.Base64 = true
	case "none":
	default:
		r.complain("%smessageEncoding: %q is not base64 or none", at, encoding)
	}
	return q
}

func bindRetry(r *reader) *Retry {
	if !r.values.has("retry") {
		return nil
	}
	text := func(name string) string { return r.text("retry:"+name, "") }
	policy, err := ParseRetry(text("strategy"), text("maxRetryCount"), text("delayInterval"), text("minimumInterval"), text("maximumInterval"))
	if err != nil {
		r.complain("retry: %w", err)
	}
	return policy
}
