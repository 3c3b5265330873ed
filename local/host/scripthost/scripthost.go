// Package scripthost is the host as a value: it reads an app, starts its handler, its HTTP front and its triggers, and stops them again.
package scripthost

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"leadrelay/local/host/event"
	"leadrelay/local/host/front"
)

// Options say which app to run and how. The zero value of a field means the default beside it.
type Options struct {
	Root     string     // the folder with host.json
	Address  string     // 127.0.0.1
	Port     int        // 0 is a free one
	Mode     front.Mode // "": what host.json says
	Settings string     // a settings file that must exist; "": <Root>/local.settings.json if there is one
	Keys     string     // a file of keys; "": keys are not asked for
	Environ  []string   // as of os.Environ; it wins over the settings file

	MessageLease time.Duration // 10 min (§6.2)
	TimerLock    time.Duration // 1 min (§6.1)
	Drain        time.Duration // 10 s (§1.5)
	Grace        time.Duration // 2 s (§1.5)

	HangOnEmpty bool // emulate the hang after an empty answer (§3)
	FailChunked bool // answer 500 to chunked bodies in forward mode (§4.1)

	Log *event.Log
}

// ErrConfig is joined to the complaints about a configuration that cannot run.
var ErrConfig = errors.New("the configuration is bad")

const defaultDrain = 10 * time.Second

// errChanged is why a host ends whose app has changed; the next one takes its place.
var errChanged = errors.New("the app has changed")

// Run runs the app until ctx ends (nil) or until the host stops itself (the reason). No process is left behind.
func Run(ctx context.Context, o Options) error {
	root, err := filepath.Abs(o.Root)
	if err != nil {
		return fmt.Errorf("app root: %w", err)
	}
	o.Root = root
	d, err := openDoor(ctx, o)
	if err != nil {
		return err
	}
	defer d.close()
	for {
		a, err := load(o)
		if err != nil {
			return err
		}
		if err := a.run(ctx, d); !errors.Is(err, errChanged) {
			return err
		}
	}
}

// run starts everything, waits for the end, and stops everything in the real host's order: no new work, up to ten seconds for what is
// in flight, then the handler is killed (functions-host.md §1.5).
func (a *app) run(ctx context.Context, d *door) error {
	accept, stopAccepting := context.WithCancel(ctx)
	defer stopAccepting()
	running, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	working, stopWorker := context.WithCancel(running)
	defer stopWorker()

	fatal, changed := make(chan error, 1), make(chan string, 1)
	var handler, others sync.WaitGroup
	if len(a.functions) > 0 { // §1.1: without functions there is no handler
		handler.Go(func() {
			if err := a.supervisor.Run(working); err != nil {
				fatal <- err
			}
		})
	}
	d.gate.Open(a.front.Handler(running))
	a.triggers.start(accept, running)
	others.Go(func() { a.reportReady(accept) })
	others.Go(func() { a.watch(accept, changed) })

	reason := a.wait(ctx, d, fatal, changed)
	if reason != nil && !errors.Is(reason, errChanged) {
		abort() // nothing in flight can end well
	}
	stopAccepting()
	a.drain(d, errors.Is(reason, errChanged), abort)
	stopWorker()
	handler.Wait()
	others.Wait()
	return reason
}

// wait returns why the host is to end, nil if it was asked to, and logs it.
func (a *app) wait(ctx context.Context, d *door, fatal <-chan error, changed <-chan string) (reason error) {
	select {
	case <-ctx.Done():
		a.Log.Info(event.Stopping, "stopping", "reason", "asked to stop")
		return nil
	case path := <-changed:
		d.gate.Close(true) // whoever is told of the restart waits for the next host
		a.Log.Info(event.Restarting, "Host configuration has changed. Signaling restart", "reason", "change detected for '"+path+"'")
		return errChanged
	case reason = <-fatal:
	case reason = <-d.failed:
	}
	a.Log.Error(event.Stopping, "stopping", "reason", reason)
	return reason
}

// reportReady says when the handler is ready and every trigger listens.
func (a *app) reportReady(ctx context.Context) {
	if len(a.functions) > 0 && a.supervisor.AwaitReady(ctx) != nil {
		return
	}
	if a.triggers.listening(ctx) {
		a.Log.Info(event.Ready, "the host is ready", "functions", len(a.functions))
	}
}

// drain gives what is in flight its time, then cuts it off. Further requests wait for the next host, if there is to be one.
func (a *app) drain(d *door, next bool, abort context.CancelFunc) {
	patience := a.Drain
	if patience == 0 {
		patience = defaultDrain
	}
	cut := time.AfterFunc(patience, abort)
	defer cut.Stop()
	bound, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	d.gate.Shut(bound, next) // what is still inside after that has been cut off
	a.triggers.wait()
}
