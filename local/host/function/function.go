// Package function finds an app's functions and checks them, with the real host's complaints (functions-host.md §5.1).
package function

import (
	"errors"
	"fmt"
	"strings"

	"leadrelay/local/host/hostjson"
)

// Function is one Azure function: a folder with a function.json.
type Function struct {
	Name     string // the folder's name, in its own case
	Trigger  Binding
	Inputs   []Binding // the trigger among them, in the order of function.json
	Outputs  []Binding
	Retry    *hostjson.Retry
	Disabled bool // by the setting AzureWebJobs.<Name>.Disabled
	// Complaints are why the host runs without this function (§5.1).
	Complaints []error
}

// Complain puts the function in error; the host runs on without it (§5.1).
func (f *Function) Complain(format string, args ...any) {
	f.Complaints = append(f.Complaints, fmt.Errorf("The '%s' function is in error: %w", f.Name, fmt.Errorf(format, args...)))
}

// Err joins the complaints.
func (f *Function) Err() error { return errors.Join(f.Complaints...) }

// Binding is one binding; the fields after DataType belong to the types named beside them.
type Binding struct {
	Type       string // as written
	Name       string
	Direction  string // in or out
	DataType   string // "", string or binary, lower case
	Connection string // queueTrigger, queue: name of the app setting or prefix, default AzureWebJobsStorage
	QueueName  string // queueTrigger, queue: resolved and lower case
	Schedule   string // timerTrigger: resolved
	AuthLevel  string // httpTrigger: anonymous, function or admin
	Methods    []string
	Route      string
	// RunOnStartup and UseMonitor belong to timerTrigger.
	RunOnStartup, UseMonitor bool
}

// Is reports whether the binding has the given type, in any case.
func (b Binding) Is(kind string) bool { return strings.EqualFold(b.Type, kind) }

// IsTrigger reports whether the binding starts invocations.
func (b Binding) IsTrigger() bool { return strings.HasSuffix(strings.ToLower(b.Type), "trigger") }

// HTTPInOut reports whether the function qualifies for forwarding and proxying: one input, an HTTP trigger, and one output, http (§4).
func (f *Function) HTTPInOut() bool {
	return len(f.Inputs) == 1 && f.Inputs[0].Is("httpTrigger") && len(f.Outputs) == 1 && f.Outputs[0].Is("http")
}

// Output returns the output binding of the given type, if there is one.
func (f *Function) Output(kind string) (Binding, bool) {
	for _, b := range f.Outputs {
		if b.Is(kind) {
			return b, true
		}
	}
	return Binding{}, false
}
