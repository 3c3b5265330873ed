package worker

import (
	"os"
	"os/exec"
	"syscall"
)

func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }

func killGroup(*exec.Cmd) {}

func exit(state *os.ProcessState) (code int, signal string) { return state.ExitCode(), "" }
