package scripthost

import (
	"net"
	"net/http"
	"sync"
)

// fresh are the connections that have not carried a request yet. A server's Shutdown waits five seconds for them; there is nothing to wait for.
type fresh struct {
	mu    sync.Mutex
	conns map[net.Conn]bool
}

// track is the server's ConnState hook.
func (f *fresh) track(conn net.Conn, state http.ConnState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if state == http.StateNew {
		f.conns[conn] = true
	} else {
		delete(f.conns, conn)
	}
}

// close closes them all.
func (f *fresh) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for conn := range f.conns {
		_ = conn.Close() // the server notices
	}
}
