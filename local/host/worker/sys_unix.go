//go:build unix

package worker

import (
	"os"
	"os/exec"
	"syscall"
)

func killGroup(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // no such group: nothing is left of it
}

// exit returns the exit code as .NET counts it, 128 + signal, and the signal's name.
func exit(state *os.ProcessState) (code int, signal string) {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), status.Signal().String()
	}
	return state.ExitCode(), ""
}
