// Package invoke carries one invocation to the handler and back: it waits for the handler, keeps the function timeout and the retry
// policy, encodes the request and reads the response (functions-host.md §1.4, §1.5, §2, §3, §5.3).
package invoke

import (
	"context"
	"errors"
	"time"

	"leadrelay/local/host/event"
	"leadrelay/local/host/function"
	"leadrelay/local/host/worker"
)

// HostVersion is the file version that the host states in its headers (§2.1).
const HostVersion = "4.1037.0.0"

// The headers that the host adds (§2.1, §4.2).
const (
	HeaderInvocationID = "X-Azure-Functions-InvocationId"
	HeaderHostVersion  = "X-Azure-Functions-HostVersion"
	UserAgent          = "Azure-Functions-Host/" + HostVersion
)

// ErrTimeout is how an invocation ends that overran functionTimeout (§1.5).
var ErrTimeout = errors.New("Timeout value was exceeded by function")

// DefaultGrace is how long after its timeout an invocation may still finish before the handler is killed (§1.5).
const DefaultGrace = 2 * time.Second

// Handler is the process that invocations go to.
type Handler interface {
	// Ready waits until the handler may be called.
	Ready(ctx context.Context) (worker.Instance, error)
	// Kill ends that start of the handler, with all that is in flight.
	Kill(life int)
}

// Runner runs invocations.
type Runner struct {
	Handler Handler
	Timeout time.Duration // functionTimeout; 0 is unlimited
	Grace   time.Duration // 0 is DefaultGrace
	Log     *event.Log
}

// Invocation is one call of a function, under one id over all its retries.
type Invocation struct {
	Function *function.Function
	ID       string
	Reason   string     // why it runs, in the real host's words
	Status   func() int // the HTTP status to log, nil if there is none
	NoRetry  bool       // the request can be sent only once
}

// Attempt is one try of an invocation.
type Attempt struct {
	URL   string        // the handler's base URL
	Retry *RetryContext // nil without a retry policy
}

// Run calls do, again as the retry policy says, and logs the outcome. do must return soon after its ctx ends.
func (r *Runner) Run(ctx context.Context, inv Invocation, do func(context.Context, Attempt) error) error {
	began := time.Now()
	err := r.retried(ctx, inv, do)
	args := []any{"function", inv.Function.Name, "id", inv.ID, "ok", err == nil, "ms", time.Since(began).Milliseconds()}
	if inv.Status != nil {
		args = append(args, "status", inv.Status())
	}
	if err != nil {
		r.Log.Error(event.Invocation, "Executed '"+inv.Function.Name+"' (Failed)", append(args, "reason", err)...)
		return err
	}
	r.Log.Info(event.Invocation, "Executed '"+inv.Function.Name+"' (Succeeded)", append(args, "reason", inv.Reason)...)
	return nil
}

func (r *Runner) once(ctx context.Context, retry *RetryContext, do func(context.Context, Attempt) error) error {
	instance, err := r.Handler.Ready(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- do(ctx, Attempt{URL: instance.URL, Retry: retry}) }()
	if r.Timeout == 0 {
		return <-done
	}
	timeout := time.NewTimer(r.Timeout)
	defer timeout.Stop()
	select {
	case err := <-done:
		return err
	case <-timeout.C:
	}
	patience := r.Grace
	if patience == 0 {
		patience = DefaultGrace
	}
	grace := time.NewTimer(patience)
	defer grace.Stop()
	select {
	case <-done:
	case <-grace.C:
		r.Log.Error("worker.timeout", "functionTimeout is over: the handler is killed with everything in flight (functions-host.md §1.5)", "timeout", r.Timeout)
		r.Handler.Kill(instance.Life)
		cancel()
		<-done
	}
	return ErrTimeout
}
