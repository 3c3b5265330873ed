// Package hostjson reads host.json as the real Functions host binds it: case-insensitive names, environment overrides, the host's own
// defaults and complaints (functions-host.md §1.1, §1.2, §5.2, §5.3, §6.2).
package hostjson

import "time"

// Config is what this host obeys of host.json.
type Config struct {
	// Written is what was logged by the real host when it wrote a default host.json, or could not (§5.2); "" if it was there.
	Written string
	// CustomHandler is set when a section describes the handler; without it there is nothing that could run functions (§1.1).
	CustomHandler bool
	Worker        Worker
	// Forward and Proxy are enableForwardingHttpRequest (§4.1) and enableProxyingHttpRequest (§4.2); Proxy goes first.
	Forward, Proxy bool
	// Legacy is set when the deprecated httpWorker section describes the handler (§1.1).
	Legacy bool
	// Routes are the functions that customHandler.http.routes declares (§5.1); they exclude any function.json.
	Routes []Route
	// FunctionTimeout bounds one invocation; 0 is unlimited (§3).
	FunctionTimeout time.Duration
	// Functions, when not empty, is the allow list (§5.2).
	Functions []string
	Retry     *Retry
	HTTP      HTTP
	Queues    Queues
	// WatchDirectories are top-level folders in which any change restarts the host, as one of host.json does (§5.2).
	WatchDirectories []string
	// Bundle is set when extensionBundle is configured; queue bindings need it (§5.2).
	Bundle bool
	// DynamicConcurrency is concurrency.dynamicConcurrencyEnabled, which this host does not emulate (§5.2).
	DynamicConcurrency bool
}

// Worker describes the handler process (§1.2).
type Worker struct {
	Executable       string        // description.defaultExecutablePath
	Arguments        []string      // description.arguments
	WorkerPath       string        // description.defaultWorkerPath
	WorkerArguments  []string      // description.workerArguments
	WorkingDirectory string        // description.workingDirectory
	WorkerDirectory  string        // description.workerDirectory
	StderrErrorsOnly bool          // description.useStdErrorStreamForErrorsOnly (§1.6)
	InitTimeout      time.Duration // initializationTimeout
	Port             int           // 0 means a free one
}

// Route is one entry of customHandler.http.routes (§5.1).
type Route struct{ Route, AuthLevel string }

// Retry is a retry policy (§5.3).
type Retry struct {
	Exponential      bool
	MaxRetryCount    int // -1 is for ever
	Delay            time.Duration
	Minimum, Maximum time.Duration
}

// HTTP is extensions.http (§4.3); 0 means unbounded.
type HTTP struct {
	RoutePrefix                string
	MaxOutstanding, MaxRunning int
}

// Queues is extensions.queues (§6.2).
type Queues struct {
	BatchSize          int
	NewBatchThreshold  int
	MaxDequeueCount    int
	VisibilityTimeout  time.Duration
	MaxPollingInterval time.Duration
	Base64             bool // messageEncoding
}
