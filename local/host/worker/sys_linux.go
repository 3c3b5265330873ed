package worker

import "syscall"

// attributes give the handler a process group of its own, and have the kernel kill it should the host die unheard.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
