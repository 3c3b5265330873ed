//go:build unix && !linux

package worker

import "syscall"

// attributes give the handler a process group of its own.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
