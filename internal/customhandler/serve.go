package customhandler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Port is the port on which the host expects the handler, from the host's environment; def when no host set one.
func Port(getenv func(string) string, def int) (int, error) {
	for _, name := range []string{"FUNCTIONS_CUSTOMHANDLER_PORT", "FUNCTIONS_HTTPWORKER_PORT"} {
		if v := getenv(name); v != "" {
			port, err := strconv.Atoi(v)
			if err != nil || port < 1 || port > 65535 {
				return 0, fmt.Errorf("%s is not a port", name)
			}
			return port, nil
		}
	}
	return def, nil
}

// grace is how long running invocations may take to end after ctx is done.
const grace = 8 * time.Second

// Serve answers on 127.0.0.1:port until ctx is done, then lets running calls end. It binds loopback only: the host is
// the only caller.
func Serve(ctx context.Context, port int, log *slog.Logger, h http.Handler) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	// a head may take as long as all of a request: only the host calls, and it does not dawdle
	srv := &http.Server{Handler: h, ReadTimeout: time.Minute, IdleTimeout: 5 * time.Minute,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)} // by default it would go to stderr, which the host takes for errors
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err = srv.Shutdown(stop)
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
