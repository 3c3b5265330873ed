package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"time"

	"leadrelay/internal/app"
	"leadrelay/local/bench/lead"
	"leadrelay/local/bench/load"
	"leadrelay/local/bench/report"
	"leadrelay/local/bench/sink"
)

// allocations counts what one lead allocates.
func allocations(ctx context.Context, b *bench) error {
	count, bytes, err := allocated(ctx, 2000)
	if err != nil {
		return err
	}
	b.report.Measured("receive-allocs", b.exact(), once(count), fmt.Sprintf("%.0f bytes", bytes))
	for _, mode := range floors() {
		count, err := b.allocatedBy(ctx, b.floor(mode), 2000)
		if err != nil {
			return fmt.Errorf("%s: %w", mode, err)
		}
		b.report.Note(report.Fact{Group: "allocations of one lead", Name: mode, Run: b.exact(), Value: once(count)})
	}
	return nil
}

// allocatedBy is what one lead allocates in a floor, on average over n: the difference of two runs, both of which warm up,
// because a floor tells only at its end.
func (b *bench) allocatedBy(ctx context.Context, c candidate, n int) (float64, error) {
	var counts [2]int64
	for i, leads := range []int{n / 10, n/10 + n} {
		s, err := sink.Start(sink.Options{})
		if err != nil {
			return 0, err
		}
		counts[i], err = allocatedAfter(ctx, c, s, leads)
		s.Close()
		if err != nil {
			return 0, err
		}
	}
	return float64(counts[1]-counts[0]) / float64(n), nil
}

func allocatedAfter(ctx context.Context, c candidate, s *sink.Sink, leads int) (int64, error) {
	p, err := c.start(ctx, s.ConnectionString())
	if err != nil {
		return 0, err
	}
	err = post(p.Address, c, leads)
	_ = p.Stop()
	if err != nil {
		return 0, err
	}
	var count int64
	_, err = fmt.Sscanf(p.Said(), "allocated %d", &count)
	return count, err
}

// post sends leads one after the other over one connection.
func post(address string, c candidate, leads int) error {
	conn, err := load.Dial(address)
	if err != nil {
		return err
	}
	defer conn.Close()
	request := lead.Valid().Wire(address, c.path)
	for range leads {
		status, err := conn.Do(request)
		if err != nil {
			return err
		}
		if status != http.StatusOK {
			return fmt.Errorf("answered %d", status)
		}
	}
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
	c, address := candidate{path: "/webhooks/crf"}, l.Addr().String()
	if err := post(address, c, n/10); err != nil { // warm
		return 0, 0, err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := post(address, c, n); err != nil {
		return 0, 0, err
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(n), float64(after.TotalAlloc-before.TotalAlloc) / float64(n), nil
}
