//go:build unix

package wire

import (
	"net"
	"syscall"
)

// alive tells whether an idle connection is as it was left: nothing has come, not even the end. It does not wait, and does
// not heed the deadline of the last request.
func alive(socket net.Conn) bool {
	s, ok := socket.(syscall.Conn)
	if !ok {
		return true // not a socket, in a test
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false
	}
	var answer error
	err = raw.Control(func(fd uintptr) { _, answer = syscall.Read(int(fd), make([]byte, 1)) })
	return err == nil && answer == syscall.EAGAIN
}
