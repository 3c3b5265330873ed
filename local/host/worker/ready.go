package worker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

const pollInterval = 25 * time.Millisecond // WorkerConstants.cs:11

var errNotReady = errors.New("the handler did not answer GET / in time")

// await polls GET / until the handler answers, whatever the answer (functions-host.md §1.4). Only the pauses count towards the
// initialization timeout, as in the real host.
func (s *Supervisor) await(ctx context.Context) error {
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: s.RequestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for waited := time.Duration(0); ; waited += pollInterval {
		answered, err := ping(ctx, client, s.URL()+"/")
		if answered || err != nil {
			return err
		}
		if waited >= s.InitTimeout {
			return errNotReady
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollInterval):
		}
	}
}

// ping reports whether anything answered. A refused connection is no answer; a broken one counts as one.
func ping(ctx context.Context, client *http.Client, url string) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false, fmt.Errorf("ping the handler: %w", err)
	}
	req.Header["User-Agent"] = nil // no extra headers
	resp, err := client.Do(req)
	if err == nil {
		return true, resp.Body.Close()
	}
	var op *net.OpError
	var timeout net.Error
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.As(err, &op) && op.Op == "dial":
		return false, nil
	case errors.As(err, &timeout) && timeout.Timeout():
		return false, fmt.Errorf("GET / is accepted but never answered: %w", err)
	}
	return true, nil
}

// FreePort picks a loopback port by binding and closing it, or checks a fixed one the same way (§1.2, §1.3).
func FreePort(fixed int) (int, error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", fixed))
	if err != nil {
		return 0, fmt.Errorf("pick a port for the handler: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
