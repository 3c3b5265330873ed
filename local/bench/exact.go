package main

import (
	"context"
	"os"
	"sync"
	"time"

	"leadrelay/internal/azure"
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
