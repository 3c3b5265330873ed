package stack

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// host keeps a Functions host running: one that stops is started again on the same port, as the platform does.
type host struct {
	opts    Options
	root    string
	exe     string
	environ []string

	ready  chan struct{} // closed when the host is ready for the first time
	failed chan struct{} // closed when it cannot be kept running
	err    error
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	said    []string // the last different errors of host and handler, for who waits in vain
	url     string
	port    int
	pid     int
	handler int
	cmd     *exec.Cmd
}

func newHost(opts Options, root, exe string, environ []string) *host {
	return &host{opts: opts, root: root, exe: exe, environ: environ, port: opts.Port,
		ready: make(chan struct{}), failed: make(chan struct{}), done: make(chan struct{}), cancel: func() {}}
}

// Limits of the supervision.
const (
	readyWithin  = 2 * time.Minute // the first start
	restartPause = time.Second
	starts       = 5 // a host that ends this often before it was ever ready is broken
	stopWithin   = 15 * time.Second
)

// start runs the host until stop, and returns when it is ready.
func (h *host) start(ctx context.Context) error {
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	h.cancel = cancel
	go h.supervise(run)
	select {
	case <-h.ready:
		return nil
	case <-h.failed:
		return h.err
	case <-time.After(readyWithin):
		return h.explain("the Functions host was not ready within two minutes")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// supervise starts the host again whenever it ends, until run is done.
func (h *host) supervise(run context.Context) {
	defer close(h.done)
	for n := 0; ; n++ {
		err := h.once(run)
		if run.Err() != nil {
			return
		}
		if !h.wasReady() && n+1 >= starts {
			h.err = h.explain(fmt.Sprintf("the Functions host does not start: %v", err))
			close(h.failed)
			return
		}
		h.opts.Say("the Functions host ended; starting it again")
		select {
		case <-time.After(restartPause):
		case <-run.Done():
			return
		}
	}
}

// explain adds to a text what host and handler said last.
func (h *host) explain(text string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.said) > 0 {
		text += "; its last errors:\n  " + strings.Join(h.said, "\n  ")
	}
	return errors.New(text)
}

// errorsKept is how many different errors are kept: as many as somebody may have made in the settings.
const errorsKept = 20

// note keeps an error of host or handler. The host tells most things again whenever it starts the handler again: what
// is told again is not kept again.
func (h *host) note(line string) {
	line = strings.TrimRight(line, " \r\n")
	if line == "" || slices.Contains(h.said, line) {
		return
	}
	if h.said = append(h.said, line); len(h.said) > errorsKept {
		h.said = h.said[1:]
	}
}

func (h *host) wasReady() bool {
	select {
	case <-h.ready:
		return true
	default:
		return false
	}
}

// once runs one host process to its end.
func (h *host) once(run context.Context) error {
	cmd := h.command()
	cmd.Dir, cmd.Env, cmd.Stderr = h.root, h.environ, h.opts.Log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	h.mu.Lock()
	h.cmd, h.pid = cmd, cmd.Process.Pid
	h.mu.Unlock()
	ended := make(chan struct{})
	var stopping sync.WaitGroup
	stopping.Go(func() { h.endWith(run, cmd, ended) })
	if h.opts.CoreTools {
		h.followCoreTools(run, out)
	} else {
		h.follow(out)
	}
	err = cmd.Wait()
	close(ended)
	stopping.Wait()
	return err
}

func (h *host) command() *exec.Cmd {
	h.mu.Lock()
	defer h.mu.Unlock()
	port := strconv.Itoa(h.port)
	if h.opts.CoreTools {
		return exec.Command("func", "start", "--port", port)
	}
	args := []string{"--root", h.root, "--port", port, "--json"}
	if h.opts.Lease != "" {
		args = append(args, "--message-lease", h.opts.Lease)
	}
	return exec.Command(h.exe, args...)
}

// endWith ends the process when run is done: SIGTERM first, and SIGKILL to its whole group if that does not do.
func (h *host) endWith(run context.Context, cmd *exec.Cmd, ended <-chan struct{}) {
	select {
	case <-ended:
		return
	case <-run.Done():
	}
	_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-ended:
	case <-time.After(stopWithin):
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}

// event is a line of the stand-in host's --json output.
type event struct {
	Event   string `json:"event"`
	Level   string `json:"level"`
	Message string `json:"message"`
	Error   string `json:"error"`
	URL     string `json:"url"`
	PID     int    `json:"pid"`
	Code    int    `json:"code"`
}

// follow reads the stand-in host's lines to their end.
func (h *host) follow(out io.Reader) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) == nil {
			h.on(e)
		}
		fmt.Fprintf(h.opts.Log, "%s\n", lines.Bytes())
	}
	_, _ = io.Copy(io.Discard, out) // a line beyond the buffer must not block the host
}

func (h *host) on(e event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if e.Level == "error" {
		text := e.Message
		if e.Error != "" {
			text += ": " + e.Error
		}
		h.note(text)
	}
	switch e.Event {
	case "listening":
		h.url, h.port = e.URL, portOf(e.URL)
	case "worker.started":
		h.handler = e.PID
	case "worker.exited":
		h.handler = 0
		if e.Code == 0 { // the host never starts such a handler again; the platform would notice and replace the host
			_ = h.cmd.Process.Signal(syscall.SIGTERM)
		}
	case "ready":
		if !h.wasReady() {
			close(h.ready)
		}
	}
}

// where is the URL and the two process ids, as they are now.
func (h *host) where() (url string, pid, handler int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.url, h.pid, h.handler
}

func (h *host) stop() error {
	h.cancel()
	select {
	case <-h.done:
		return nil
	case <-time.After(stopWithin + 5*time.Second):
		return errors.New("the Functions host did not stop")
	}
}
