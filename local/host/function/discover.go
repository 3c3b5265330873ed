package function

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"leadrelay/local/host/hostjson"
	"leadrelay/local/host/settings"
)

// Discover reads <root>/<Function>/function.json of every direct subfolder, or the routes of host.json, and returns the functions
// sorted by name. The error joins all complaints; the real host would run without the functions they are about (§5.1).
func Discover(root string, host *hostjson.Config, app *settings.Settings) ([]*Function, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("scan the app root: %w", err)
	}
	var found []*Function
	var complaints []error
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(root, entry.Name(), "function.json"))
		if errors.Is(err, fs.ErrNotExist) || (err != nil && !entry.IsDir()) || !allowed(host.Functions, entry.Name()) {
			continue // no function, or not on the allow list
		}
		if err != nil {
			complaints = append(complaints, fmt.Errorf("read function.json of '%s': %w", entry.Name(), err))
			continue
		}
		f, err := read(root, entry.Name(), text, host, app)
		if err != nil {
			complaints = append(complaints, err)
		}
		found = append(found, f)
	}
	if len(host.Routes) > 0 {
		if len(found) > 0 {
			complaints = append(complaints, errors.New("host.json: customHandler.http.routes cannot be used together with function.json files"))
		}
		found = fromRoutes(host.Routes)
	}
	slices.SortFunc(found, func(a, b *Function) int { return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return found, errors.Join(complaints...)
}

func allowed(list []string, name string) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, name) })
}

// raw is function.json as it is written; names in any case.
type raw struct {
	ScriptFile string
	Bindings   []rawBinding
	Retry      *struct {
		Strategy        string
		MaxRetryCount   *int
		DelayInterval   string
		MinimumInterval string
		MaximumInterval string
	}
}

type rawBinding struct {
	Type, Name, Direction, DataType, Connection, QueueName, Schedule, AuthLevel string

	Route        *string
	Methods      []string
	RunOnStartup bool
	UseMonitor   *bool
}

func read(root, name string, text []byte, host *hostjson.Config, app *settings.Settings) (*Function, error) {
	f := &Function{Name: name, Retry: host.Retry}
	f.Disabled = app.True("AzureWebJobs."+name+".Disabled") || app.True("AzureWebJobs_"+name+"_Disabled")
	var content raw
	if err := json.Unmarshal(text, &content); err != nil {
		return f, fmt.Errorf("The '%s' function is in error: function.json is not what it should be: %w", name, err)
	}
	v := &validator{function: f, bundle: host.Bundle, app: app}
	v.name(name)
	v.script(root, content.ScriptFile)
	for _, b := range content.Bindings {
		v.binding(b)
	}
	v.whole(len(content.Bindings))
	if p := content.Retry; p != nil {
		count := ""
		if p.MaxRetryCount != nil {
			count = strconv.Itoa(*p.MaxRetryCount)
		}
		policy, err := hostjson.ParseRetry(p.Strategy, count, p.DelayInterval, p.MinimumInterval, p.MaximumInterval)
		if err != nil {
			v.complain("retry: %w", err)
		}
		f.Retry = policy
	}
	return f, errors.Join(v.complaints...)
}

// fromRoutes makes http-handler1, http-handler2, ... of customHandler.http.routes (§5.1).
func fromRoutes(routes []hostjson.Route) []*Function {
	var list []*Function
	for i, r := range routes {
		trigger := Binding{Type: "httpTrigger", Name: "req", Direction: "in", AuthLevel: r.AuthLevel, Route: r.Route,
			Methods: []string{"get", "post", "put", "delete", "patch", "head", "options"}}
		list = append(list, &Function{Name: fmt.Sprintf("http-handler%d", i+1), Trigger: trigger,
			Inputs: []Binding{trigger}, Outputs: []Binding{{Type: "http", Name: "res", Direction: "out"}}})
	}
	return list
}
