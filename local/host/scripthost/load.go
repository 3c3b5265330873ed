package scripthost

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"leadrelay/local/host/event"
	"leadrelay/local/host/front"
	"leadrelay/local/host/function"
	"leadrelay/local/host/hostjson"
	"leadrelay/local/host/invoke"
	"leadrelay/local/host/queue"
	"leadrelay/local/host/settings"
	"leadrelay/local/host/storage"
	"leadrelay/local/host/timer"
	"leadrelay/local/host/worker"
)

// app is an app that has been read and checked.
type app struct {
	Options
	settings   *settings.Settings
	host       *hostjson.Config
	functions  []*function.Function // without those in error
	files      files                // as they were read
	supervisor *worker.Supervisor
	runner     *invoke.Runner
	caller     *invoke.Caller
	front      *front.Front
	triggers   *triggers
}

// load reads everything before anything is started. A bad function is logged and left out (§5.1); whatever else is bad is gathered, logged
// and ends the host.
func load(o Options) (*app, error) {
	a := &app{Options: o}
	file, required := o.Settings, o.Settings != ""
	if !required {
		file = filepath.Join(o.Root, "local.settings.json")
	}
	var err error
	if a.settings, err = settings.Load(file, required, o.Environ); err != nil {
		return nil, a.bad(err)
	}
	var fatal []error
	if a.host, err = hostjson.Read(o.Root, a.settings); err != nil {
		fatal = append(fatal, err)
	}
	if a.host == nil {
		return nil, a.bad(fatal...)
	}
	if a.host.Written != "" {
		o.Log.Warn(event.Config, a.host.Written)
	}
	found, err := function.Discover(o.Root, a.host, a.settings)
	fatal = append(fatal, err)
	a.checkFunctions(found)
	a.functions = healthy(found)
	fatal = append(fatal, a.checkStorage(), a.compose())
	for _, f := range found {
		for _, complaint := range f.Complaints {
			o.Log.Error(event.Config, complaint.Error(), "function", f.Name)
		}
	}
	if errors.Join(fatal...) != nil {
		return nil, a.bad(fatal...)
	}
	a.remark()
	a.files = look(o.Root, a.host.WatchDirectories)
	return a, nil
}

// healthy returns the functions that nothing has been complained about.
func healthy(all []*function.Function) []*function.Function {
	return slices.DeleteFunc(slices.Clone(all), func(f *function.Function) bool { return f.Err() != nil })
}

// remark logs what is not wrong and yet worth knowing.
func (a *app) remark() {
	if len(a.functions) == 0 {
		a.Log.Warn(event.Config, "No job functions found: the handler is not started (functions-host.md §1.1)")
	}
	for _, f := range a.functions {
		if f.Retry != nil && (f.Trigger.Is("httpTrigger") || f.Trigger.Is("queueTrigger")) { // and yet they are retried (§5.3)
			a.Log.Warn(event.Config, "Retries are not supported for function 'Functions."+f.Name+"'.", "function", f.Name)
		}
	}
	if a.host.DynamicConcurrency {
		a.Log.Warn(event.Config, "concurrency.dynamicConcurrencyEnabled is not emulated: batchSize holds")
	}
}

// bad logs every complaint on a line of its own.
func (a *app) bad(complaints ...error) error {
	n := 0
	var tell func(err error)
	tell = func(err error) {
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range joined.Unwrap() {
				tell(e)
			}
			return
		}
		if err != nil {
			n++
			a.Log.Error(event.Config, err.Error())
		}
	}
	tell(errors.Join(complaints...))
	return fmt.Errorf("%w: %d complaints, above", ErrConfig, n)
}

func (a *app) keys() (*front.Keys, error) {
	if a.Keys == "" {
		return nil, nil
	}
	return front.ReadKeys(a.Keys)
}

// usualConnection is what the host itself needs for every trigger but HTTP, and what bindings use that name no other (§5.1, §7.1).
const usualConnection = "AzureWebJobsStorage"

// checkStorage insists on the host's own storage.
func (a *app) checkStorage() error {
	if !slices.ContainsFunc(a.functions, needsStorage) {
		return nil
	}
	_, err := storage.Open(a.settings, usualConnection)
	return err
}

func needsStorage(f *function.Function) bool { return !f.Trigger.Is("httpTrigger") }

// checkFunctions puts functions in error that nothing could run, or whose bindings name a storage account that cannot be opened (§5.1).
func (a *app) checkFunctions(list []*function.Function) {
	for _, f := range list {
		if !a.host.CustomHandler {
			f.Complain("host.json has no customHandler section, and this host runs custom handlers only")
		}
		told := map[string]bool{"": true, usualConnection: needsStorage(f)} // that one is the host's own complaint
		for _, b := range slices.Concat(f.Inputs, f.Outputs) {
			if told[b.Connection] {
				continue
			}
			told[b.Connection] = true
			if _, err := storage.Open(a.settings, b.Connection); err != nil {
				f.Complain("%w", err)
			}
		}
	}
}

// compose builds the parts out of what was read. It may find more functions in error.
func (a *app) compose() error {
	keys, errKeys := a.keys()
	port, err := worker.FreePort(a.host.Worker.Port)
	if err := errors.Join(errKeys, err); err != nil {
		return err
	}
	timeout := time.Duration(0) // §3: functionTimeout + 1 min, or none
	if a.host.FunctionTimeout > 0 {
		timeout = a.host.FunctionTimeout + time.Minute
	}
	a.supervisor = &worker.Supervisor{Command: worker.NewCommand(a.host.Worker, a.Root, a.settings), Port: port,
		InitTimeout: a.host.Worker.InitTimeout, RequestTimeout: timeout, ErrorsOnly: a.host.Worker.StderrErrorsOnly, Log: a.Log}
	a.runner = &invoke.Runner{Handler: a.supervisor, Timeout: a.host.FunctionTimeout, Grace: a.Grace, Log: a.Log}
	output := &queue.Output{App: a.settings, Base64: a.host.Queues.Base64, Woken: map[string][]chan struct{}{}}
	a.caller = &invoke.Caller{Client: invoke.NewClient(timeout, !a.host.Forward), Sender: output, Log: a.Log, HangOnEmpty: a.HangOnEmpty}
	mode := a.Mode
	switch {
	case mode != "":
	case a.host.Proxy:
		mode = front.Proxy // goes first (§4.2)
	case a.host.Forward:
		mode = front.Forward
	default:
		mode = front.JSON
	}
	a.triggers = newTriggers(a, output)
	a.functions = healthy(a.functions)
	a.front, err = front.New(front.Options{Functions: a.functions, HTTP: a.host.HTTP, Legacy: a.host.Legacy, Mode: mode, App: a.settings,
		Keys: keys, Runner: a.runner, Caller: a.caller, Client: invoke.NewClient(timeout, false), Manual: a.triggers.manual,
		FailChunked: a.FailChunked, Log: a.Log})
	a.functions = healthy(a.functions)
	return err
}

func (a *app) lock() time.Duration {
	if a.TimerLock == 0 {
		return timer.DefaultLock
	}
	return a.TimerLock
}

func (a *app) lease() time.Duration {
	if a.MessageLease == 0 {
		return queue.DefaultLease
	}
	return a.MessageLease
}
