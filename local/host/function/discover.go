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
	"strings"

	"leadrelay/local/host/hostjson"
	"leadrelay/local/host/newtonsoft"
	"leadrelay/local/host/settings"
)

// Discover reads <root>/<Function>/function.json of every direct subfolder, or the routes of host.json, and returns the functions
// sorted by name, those in error with their complaints. The error is for what stops the whole host (§5.1).
func Discover(root string, host *hostjson.Config, app *settings.Settings) ([]*Function, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("scan the app root: %w", err)
	}
	var found []*Function
	for _, entry := range entries {
		if !allowed(host.Functions, entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, entry.Name(), "function.json"))
		if errors.Is(err, fs.ErrNotExist) || (err != nil && !entry.IsDir()) {
			continue // no function
		}
		f := &Function{Name: entry.Name(), Retry: host.Retry}
		f.Disabled = app.True("AzureWebJobs."+f.Name+".Disabled") || app.True("AzureWebJobs_"+f.Name+"_Disabled")
		if err != nil {
			f.Complain("function.json cannot be read: %w", err)
		} else {
			f.read(root, text, host, app)
		}
		found = append(found, f)
	}
	if len(host.Routes) > 0 {
		if len(found) > 0 {
			return nil, errors.New("host.json: customHandler.http.routes cannot be used together with function.json files")
		}
		found = fromRoutes(host.Routes)
	}
	slices.SortFunc(found, func(a, b *Function) int { return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return found, nil
}

func allowed(list []string, name string) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, name) })
}

// raw is function.json as it is written; names in any case.
type raw struct {
	ScriptFile string
	Bindings   []rawBinding
	Retry      *rawRetry
}

type rawRetry struct {
	Strategy                                        string
	MaxRetryCount                                   *int
	DelayInterval, MinimumInterval, MaximumInterval string
}

type rawBinding struct {
	Type, Name, Direction, DataType, Connection, QueueName, Schedule, AuthLevel string

	Route        *string
	Methods      []string
	RunOnStartup bool
	UseMonitor   *bool
}

func (f *Function) read(root string, text []byte, host *hostjson.Config, app *settings.Settings) {
	var content raw
	if err := json.Unmarshal(newtonsoft.Standard(text), &content); err != nil {
		f.Complain("function.json is not what it should be: %w", err)
		return
	}
	v := &validator{Function: f, bundle: host.Bundle, app: app}
	v.functionName()
	v.script(root, content.ScriptFile)
	for _, b := range content.Bindings {
		v.binding(b)
	}
	v.whole(len(content.Bindings))
	if content.Retry != nil {
		v.retry(content.Retry)
	}
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
