package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"time"

	"leadrelay/internal/app"
	"leadrelay/internal/azure"
	"leadrelay/local/bench/load"
	"leadrelay/local/bench/sink"
)

// size is the handler as it is deployed.
func size(_ context.Context, b *bench) error {
	info, err := os.Stat(b.program(handlerProgram))
	if err != nil {
		return err
	}
	b.report.Measured("size", b.exact(), once(megabytes(info.Size())), "")
	return nil
}

// writers is how many put side by side.
const writers = 64

// connections lets 64 writers put side by side, again and again.
func connections(ctx context.Context, b *bench) error {
	n, err := opened(ctx, 20)
	if err != nil {
		return err
	}
	b.report.Measured("connections", b.exact(), once(float64(n)), "20 puts each")
	return nil
}

// opened is how many connections 64 writers open who put a message each, side by side, so many times. Storage takes a
// moment, so that they really meet.
func opened(ctx context.Context, times int) (int64, error) {
	s, err := sink.Start(sink.Options{Delay: 2 * time.Millisecond})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	account, err := azure.ConnectAccount(s.ConnectionString(), azure.NewClient())
	if err != nil {
		return 0, err
	}
	queue := account.Messages(prefix + "-intake")
	var wait sync.WaitGroup
	faults := make(chan error, writers*times)
	for range times {
		for range writers {
			wait.Go(func() {
				if _, err := queue.PutBase64(ctx, []byte("{}"), 0); err != nil {
					faults <- err
				}
			})
		}
		wait.Wait()
	}
	if len(faults) > 0 {
		return 0, <-faults
	}
	return s.Counts().Opened, nil
}

// allocations counts what one lead allocates.
func allocations(ctx context.Context, b *bench) error {
	count, bytes, err := allocated(ctx, 2000)
	if err != nil {
		return err
	}
	b.report.Measured("receive-allocs", b.exact(), once(count), fmt.Sprintf("%.0f bytes", bytes))
	return nil
}

// allocated is what one lead allocates, on average over n, from its first byte on the socket to its answer: the whole
// product in this process, over a real server, with its log written to nowhere. The load and the sink allocate nothing.
func allocated(ctx context.Context, n int) (count, bytes float64, err error) {
	s, err := sink.Start(sink.Options{})
	if err != nil {
		return 0, 0, err
	}
	defer s.Close()
	log, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return 0, 0, err
	}
	defer log.Close()
	a, err := app.New(settings(s.ConnectionString()), slog.New(slog.NewJSONHandler(log, nil)), time.Now)
	if err != nil {
		return 0, 0, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, 0, err
	}
	server := &http.Server{Handler: a.Handler(), ReadHeaderTimeout: time.Minute}
	defer server.Close()
	go func() { _ = server.Serve(l) }() // ends by Close
	address := l.Addr().String()
	c, err := load.Dial(address)
	if err != nil {
		return 0, 0, err
	}
	defer c.Close()
	request := candidate{path: "/webhooks/crf"}.load(address, 1).Request(0)
	var before, after runtime.MemStats
	for i := range n + n/10 {
		if i == n/10 { // warm by now
			runtime.ReadMemStats(&before)
		}
		if status, err := c.Do(request); err != nil || status != 200 {
			return 0, 0, fmt.Errorf("answered %d: %w", status, err)
		}
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(n), float64(after.TotalAlloc-before.TotalAlloc) / float64(n), nil
}
