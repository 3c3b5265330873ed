// Package worker runs the handler's process: it starts it, waits until it answers, starts it again where the real host would and gives up
// where the real host gives up (functions-host.md §1.2 to §1.6).
package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"leadrelay/local/host/event"
)

// ErrRestarts is why the host stops after the third failure of its handler (§1.5).
var ErrRestarts = errors.New("Exceeded http worker restart retry count. Shutting down Functions Host")

// ErrNeverReady is why the host stops when an invocation has waited too long for the handler (§1.4).
var ErrNeverReady = errors.New("the handler was never ready: Initialization timed out and host is shutting down")

const (
	maxFailures   = 3                // §1.5: one start and two restarts
	failureWindow = 30 * time.Minute // §1.5: failures are forgotten after that
	exitRestart   = 200              // §1.5: the exit code that asks for a restart
)

// Supervisor keeps one handler process. Its exported fields are set before Run.
type Supervisor struct {
	Command        Command
	Port           int           // the same over all restarts (§1.3)
	InitTimeout    time.Duration // §1.4
	RequestTimeout time.Duration // function timeout + 1 min; 0 is unlimited (§3)
	ErrorsOnly     bool          // §1.6
	Log            *event.Log
	Now            func() time.Time // nil is time.Now

	mu       sync.Mutex
	life     int           // counts starts
	ready    bool          // of this life
	doomed   int           // the life that a timeout asked to end
	changed  chan struct{} // closed at every change of the above
	gaveUp   error
	failures int
	last     time.Time
}

// Instance is a handler that was ready: where it listens and which of the starts it is.
type Instance struct {
	URL  string
	Life int
}

// URL is where the handler listens: plain HTTP on the IPv4 loopback (§1.3).
func (s *Supervisor) URL() string { return fmt.Sprintf("http://127.0.0.1:%d", s.Port) }

// Run keeps the handler running until ctx ends (nil), or until the host has to stop (an error). It leaves no process behind.
func (s *Supervisor) Run(ctx context.Context) error {
	for {
		s.update(func() { s.life++; s.ready = false })
		again, err := s.live(ctx)
		s.update(func() { s.ready = false })
		if err != nil || !again {
			return err
		}
		s.Log.Warn("worker.restarting", "restarting the handler")
	}
}

// live is one life of the handler; it reports whether there is to be another.
func (s *Supervisor) live(ctx context.Context) (again bool, err error) {
	p, err := start(s.Command, s.Port, s.ErrorsOnly, s.Log)
	if err != nil {
		// No error event, no retry (§1.4): the first invocation waits, then the host stops.
		s.Log.Error("worker.failed", "Failed to start the handler; the host does not try again", "path", s.Command.Path, "error", err)
		return s.watch(ctx, nil, nil)
	}
	s.Log.Info(event.WorkerStarted, "handler started", "pid", p.cmd.Process.Pid, "port", s.Port)
	polling, stop := context.WithCancel(ctx)
	answer := make(chan error, 1)
	var poll sync.WaitGroup
	poll.Go(func() { answer <- s.await(polling) })
	again, err = s.watch(ctx, p, answer)
	stop()
	poll.Wait()
	p.kill()
	s.exitEvent(p)
	return again, err
}

// watch waits for what ends a life: the host's stop, a timeout that asks for the kill, a failure to get ready, or an exit.
// p is nil when the handler could not be started at all.
func (s *Supervisor) watch(ctx context.Context, p *process, answer <-chan error) (again bool, err error) {
	var exited <-chan struct{}
	if p != nil {
		exited = p.done
	}
	for {
		s.mu.Lock()
		changed, doomed, gaveUp := s.signal(), s.doomed == s.life, s.gaveUp
		s.mu.Unlock()
		if gaveUp != nil || doomed {
			return doomed && gaveUp == nil, gaveUp
		}
		select {
		case <-ctx.Done():
			return false, nil
		case <-changed:
		case err := <-answer:
			answer = nil
			if ctx.Err() != nil {
				return false, nil
			}
			if err != nil {
				s.Log.Error("worker.failed", "Failed to start http worker process", "error", err)
				return s.failed()
			}
			s.Log.Info(event.WorkerReady, "Worker process started and initialized.", "pid", p.cmd.Process.Pid)
			s.update(func() { s.ready = true })
		case <-exited:
			switch s.exitEvent(p) {
			case 0: // nothing: later calls are refused; before readiness, only the timeout will notice (§1.5)
				exited = nil
			case exitRestart:
				return true, nil
			default:
				return s.failed()
			}
		}
	}
}

// failed counts a failure and says whether the handler is started again (§1.5).
func (s *Supervisor) failed() (again bool, err error) {
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	at := now()
	if at.Sub(s.last) > failureWindow {
		s.failures = 0
	}
	s.last = at
	s.failures++
	if s.failures >= maxFailures {
		return false, ErrRestarts
	}
	return true, nil
}

// Ready waits until the handler is ready. After four times the initialization timeout the whole host gives up (§1.4).
func (s *Supervisor) Ready(ctx context.Context) (Instance, error) {
	patience := time.NewTimer(4 * s.InitTimeout)
	defer patience.Stop()
	return s.readiness(ctx, patience.C)
}

// AwaitReady waits until the handler is ready, however long that takes.
func (s *Supervisor) AwaitReady(ctx context.Context) error {
	_, err := s.readiness(ctx, nil)
	return err
}

func (s *Supervisor) readiness(ctx context.Context, patience <-chan time.Time) (Instance, error) {
	for {
		s.mu.Lock()
		ready, life, gaveUp, changed := s.ready, s.life, s.gaveUp, s.signal()
		s.mu.Unlock()
		switch {
		case gaveUp != nil:
			return Instance{}, gaveUp
		case ready:
			return Instance{URL: s.URL(), Life: life}, nil
		}
		select {
		case <-ctx.Done():
			return Instance{}, fmt.Errorf("wait for the handler: %w", ctx.Err())
		case <-patience:
			s.update(func() { s.gaveUp = ErrNeverReady })
		case <-changed:
		}
	}
}

// Kill ends the given life of the handler and starts the next; it does not count as a failure (§1.5, function timeout).
func (s *Supervisor) Kill(life int) {
	s.update(func() { s.doomed = max(s.doomed, life) })
}

func (s *Supervisor) update(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	close(s.signal())
	s.changed = nil
}

// signal returns the channel that the next update closes; s.mu is held.
func (s *Supervisor) signal() chan struct{} {
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

// exitEvent tells once how the handler ended, and returns its exit code.
func (s *Supervisor) exitEvent(p *process) int {
	if p.told {
		return p.code
	}
	p.told = true
	level, message := event.Info, "handler ended"
	args := []any{"pid", p.cmd.Process.Pid, "code", p.code}
	if p.signal != "" {
		args = append(args, "signal", p.signal)
	}
	switch {
	case p.killed:
	case p.code == 0:
		level, message = event.Warning, "handler exited with 0: it is never restarted, every later invocation fails (functions-host.md §1.5)"
	case p.code == exitRestart:
		message = "handler exited with 200: it asks for a restart"
	default:
		level = event.Error
		args = append(args, "stderr", strings.Join(p.lastStderr, " | "))
	}
	s.Log.Write(level, event.WorkerExited, message, args...)
	return p.code
}
