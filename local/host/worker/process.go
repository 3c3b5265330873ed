package worker

import (
	"os/exec"
	"runtime"
	"time"

	"leadrelay/local/host/event"
)

// process is one running handler with its process group.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has exited and its output is read
	// code, signal and lastStderr may be read after done.
	code       int
	signal     string
	lastStderr []string // three lines at most
	killed     bool     // by the host
	told       bool     // belongs to the supervisor: the exit is in the log
}

// start runs the handler. The goroutine that starts it keeps its thread until the exit: the kernel's death signal
// (Pdeathsig) is sent when that thread ends, so it must outlive the process.
func start(c Command, port int, errorsOnly bool, log *event.Log) (*process, error) {
	p := &process{cmd: c.cmd(port), done: make(chan struct{})}
	stdout := &lines{emit: func(line string) { console(log, line, false, errorsOnly) }}
	stderr := &lines{emit: func(line string) {
		p.lastStderr = append(p.lastStderr[max(0, len(p.lastStderr)-2):], line)
		console(log, line, true, errorsOnly)
	}}
	p.cmd.Stdout, p.cmd.Stderr = stdout, stderr
	p.cmd.WaitDelay = time.Second // a grandchild may hold the pipes open
	p.cmd.SysProcAttr = attributes()
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := p.cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		_ = p.cmd.Wait() // what matters of it is in ProcessState
		killGroup(p.cmd) // whatever the handler itself left behind
		stdout.flush()
		stderr.flush()
		p.code, p.signal = exit(p.cmd.ProcessState)
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// kill ends the handler and its group at once, as the real host does: SIGKILL, no SIGTERM before it (functions-host.md §1.5).
func (p *process) kill() {
	select {
	case <-p.done:
	default:
		p.killed = true
		killGroup(p.cmd)
		_ = p.cmd.Process.Kill() // where there are no process groups
	}
	<-p.done
}

func console(log *event.Log, line string, stderr, errorsOnly bool) {
	text, category, level := Classify(line, stderr, errorsOnly)
	if category == categoryConsole {
		log.Write(level, event.Console, text, "line", text)
		return
	}
	log.Write(level, event.Console, text, "line", text, "category", category)
}
