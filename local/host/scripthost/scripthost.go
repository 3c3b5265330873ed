// Package scripthost is the host as a value: it reads an app, starts its handler, its HTTP front and its triggers, and stops them again.
package scripthost

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
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

// Run runs the app until ctx ends (nil) or until the host stops itself (the reason). No process is left behind.
func Run(ctx context.Context, o Options) error {
	root, err := filepath.Abs(o.Root)
	if err != nil {
		return fmt.Errorf("app root: %w", err)
	}
	o.Root = root
	a, err := load(o)
	if err != nil {
		return err
	}
	return a.run(ctx)
}

// run starts everything, waits for the end, and stops everything in the real host's order: no new work, up to ten seconds for what is
// in flight, then the handler is killed (functions-host.md §1.5).
func (a *app) run(ctx context.Context) error {
	accept, stopAccepting := context.WithCancel(ctx)
	defer stopAccepting()
	running, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	working, stopWorker := context.WithCancel(running)
	defer stopWorker()

	fatal := make(chan error, 2)
	var handler, serving, report sync.WaitGroup
	server, err := a.listen(running, &serving, fatal)
	if err != nil {
		return err
	}
	if len(a.functions) > 0 { // §1.1: without functions there is no handler
		handler.Go(func() {
			if err := a.supervisor.Run(working); err != nil {
				fatal <- err
			}
		})
	}
	a.triggers.start(accept, running)
	report.Go(func() { a.reportReady(accept) })

	var reason error
	select {
	case <-ctx.Done():
		a.Log.Info(event.Stopping, "stopping", "reason", "asked to stop")
	case reason = <-fatal:
		a.Log.Error(event.Stopping, "stopping", "reason", reason)
		abort() // nothing in flight can end well
	}
	stopAccepting()
	a.drain(server, abort)
	stopWorker()
	handler.Wait()
	report.Wait()
	serving.Wait()
	return reason
}

// listen binds the HTTP front and serves it; fatal hears when that ends by itself.
func (a *app) listen(running context.Context, serving *sync.WaitGroup, fatal chan<- error) (*http.Server, error) {
	address := a.Address
	if address == "" {
		address = "127.0.0.1"
	}
	l, err := (&net.ListenConfig{}).Listen(running, "tcp", net.JoinHostPort(address, strconv.Itoa(a.Port)))
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	unused := &fresh{conns: map[net.Conn]bool{}}
	server := &http.Server{Handler: a.front.Handler(running), ReadHeaderTimeout: 30 * time.Second, ConnState: unused.track,
		BaseContext: func(net.Listener) context.Context { return running }}
	server.RegisterOnShutdown(unused.close)
	url := "http://" + l.Addr().String()
	a.Log.Info(event.Listening, "listening on "+url, "url", url)
	serving.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			fatal <- fmt.Errorf("serve: %w", err)
		}
	})
	return server, nil
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

// drain gives what is in flight its time, then cuts it off.
func (a *app) drain(server *http.Server, abort context.CancelFunc) {
	patience := a.Drain
	if patience == 0 {
		patience = defaultDrain
	}
	cut := time.AfterFunc(patience, abort)
	defer cut.Stop()
	bound, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if server.Shutdown(bound) != nil {
		abort()
		_ = server.Close()
	}
	a.triggers.wait()
}
