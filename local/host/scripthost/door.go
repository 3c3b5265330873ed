package scripthost

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"leadrelay/local/host/event"
	"leadrelay/local/host/front"
)

// door is the bound port. It outlives the hosts behind it: while there is none, requests wait at its gate (functions-host.md §1.4).
type door struct {
	gate    *front.Gate
	server  *http.Server
	serving sync.WaitGroup
	failed  chan error // why serving ended by itself
}

// openDoor binds the port and begins to serve it.
func openDoor(ctx context.Context, o Options) (*door, error) {
	address := o.Address
	if address == "" {
		address = "127.0.0.1"
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(address, strconv.Itoa(o.Port)))
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	unused := &fresh{conns: map[net.Conn]bool{}}
	d := &door{gate: front.NewGate(front.DefaultGateWait), failed: make(chan error, 1)}
	d.server = &http.Server{Handler: d.gate, ReadHeaderTimeout: 30 * time.Second, ConnState: unused.track}
	d.server.RegisterOnShutdown(unused.close)
	url := "http://" + l.Addr().String()
	o.Log.Info(event.Listening, "listening on "+url, "url", url)
	d.serving.Go(func() {
		if err := d.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			d.failed <- fmt.Errorf("serve: %w", err)
		}
	})
	return d, nil
}

// close refuses what still waits at the gate and ends the serving. No host is behind the door any more, so there is little to wait for.
func (d *door) close() {
	bound, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	d.gate.Shut(bound, false)
	if d.server.Shutdown(bound) != nil {
		_ = d.server.Close()
	}
	d.serving.Wait()
}
