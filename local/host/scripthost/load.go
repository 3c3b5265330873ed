package scripthost

import (
	"errors"
	"fmt"
	"path/filepath"
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
	functions  []*function.Function
	supervisor *worker.Supervisor
	runner     *invoke.Runner
	caller     *invoke.Caller
	front      *front.Front
	triggers   *triggers
}

// load reads everything and gathers all complaints before anything is started.
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
	var complaints []error
	if a.host, err = hostjson.Read(o.Root, a.settings); err != nil {
		complaints = append(complaints, err)
	}
	if a.host == nil {
		return nil, a.bad(complaints...)
	}
	if a.functions, err = function.Discover(o.Root, a.host, a.settings); err != nil {
		complaints = append(complaints, err)
	}
	complaints = append(complaints, a.checkStorage()...)
	keys, err := a.keys()
	complaints = append(complaints, err)
	if err := a.compose(keys); err != nil {
		complaints = append(complaints, err)
	}
	if errors.Join(complaints...) != nil {
		return nil, a.bad(complaints...)
	}
	if len(a.functions) == 0 {
		o.Log.Warn(event.Config, "No job functions found: the handler is not started (functions-host.md §1.1)")
	}
	if a.host.DynamicConcurrency {
		o.Log.Warn(event.Config, "concurrency.dynamicConcurrencyEnabled is not emulated: batchSize holds")
	}
	return a, nil
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

// checkStorage insists on AzureWebJobsStorage for every trigger but HTTP, and on the connections of bindings (§5.1, §7.1).
func (a *app) checkStorage() []error {
	var complaints []error
	missing := map[string]bool{}
	need := func(connection string) {
		if connection != "" && !missing[connection] && !storage.Exists(a.settings, connection) {
			missing[connection] = true
			complaints = append(complaints, fmt.Errorf("Storage account connection string '%s' does not exist. Make sure that it is a defined App Setting.", connection))
		}
	}
	for _, f := range a.functions {
		if !f.Trigger.Is("httpTrigger") && f.Trigger.Type != "" {
			need("AzureWebJobsStorage")
		}
		need(f.Trigger.Connection)
		for _, b := range f.Outputs {
			need(b.Connection)
		}
	}
	return complaints
}

// compose builds the parts out of what was read.
func (a *app) compose(keys *front.Keys) error {
	port, err := worker.FreePort(a.host.Worker.Port)
	if err != nil {
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
	var complaints []error
	a.triggers, err = newTriggers(a, output)
	complaints = append(complaints, err)
	a.front, err = front.New(front.Options{Functions: a.functions, HTTP: a.host.HTTP, Legacy: a.host.Legacy, Mode: mode, App: a.settings,
		Keys: keys, Runner: a.runner, Caller: a.caller, Client: invoke.NewClient(timeout, false), Manual: a.triggers.manual,
		FailChunked: a.FailChunked, Log: a.Log})
	return errors.Join(append(complaints, err)...)
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
