package stack

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// followCoreTools copies the lines of `func start` and polls its URL until it answers: it has no line for scripts.
func (h *host) followCoreTools(run context.Context, out io.Reader) {
	ctx, cancel := context.WithCancel(run)
	var polling sync.WaitGroup
	polling.Go(func() { h.pollCoreTools(ctx) })
	_, _ = io.Copy(h.opts.Log, out) // to the end of the process
	cancel()
	polling.Wait()
}

func (h *host) pollCoreTools(ctx context.Context) {
	h.mu.Lock()
	h.url = "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(h.port))
	u := h.url
	h.mu.Unlock()
	for ctx.Err() == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u+"/webhooks/crf", nil)
		if err != nil {
			return
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusMethodNotAllowed { // our own handler's answer to a GET
				h.on(event{Event: "ready"})
				return
			}
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// portOf is the port of a URL, 0 when it has none.
func portOf(raw string) int {
	u, err := url.Parse(raw)
	if err != nil {
		return 0
	}
	port, _ := strconv.Atoi(u.Port()) // "" is 0
	return port
}

// freePort is a loopback port that was free just now; Core Tools cannot pick one.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
