// Package load sends fixed requests as fast as they are answered: a closed loop over bare TCP.
//
// Each connection sends its next request when the last one is answered, so a slow answer holds back the requests behind it
// and the percentiles are those of a client that waits, not of arrivals at a rate (coordinated omission;
// facts/performance.md §1). It is meant for CPU per request, with the program under test as the limit.
package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Options say what is sent.
type Options struct {
	Address     string // host:port
	Connections int
	// Request gives request n, from 0, whole as it goes over the wire; what it gives is not changed. See [Post].
	Request func(n int64) []byte
	Status  int // that every answer must have
}

// Load is a load that runs. Its methods may be used side by side.
type Load struct {
	opts  Options
	next  atomic.Int64
	stats stats
	stop  atomic.Bool
	wait  sync.WaitGroup
	fault atomic.Pointer[string] // the first
}

// stats are what all connections count together.
type stats struct {
	good, bad atomic.Int64
	times     Histogram
}

// Start opens the connections and begins. It fails if one cannot be opened.
func Start(ctx context.Context, o Options) (*Load, error) {
	l := &Load{opts: o}
	var dialer net.Dialer
	for range o.Connections {
		c, err := dialer.DialContext(ctx, "tcp", o.Address)
		if err != nil {
			l.Stop()
			return nil, fmt.Errorf("load: %w", err)
		}
		l.wait.Add(1)
		go l.run(newClient(c))
	}
	return l, nil
}

// run is one connection.
func (l *Load) run(c *Client) {
	defer l.wait.Done()
	defer c.net.Close()
	for !l.stop.Load() {
		request := l.opts.Request(l.next.Add(1) - 1)
		started := time.Now()
		status, err := c.Do(request)
		switch {
		case err != nil:
			l.fail(err.Error())
			return
		case status != l.opts.Status:
			l.fail(fmt.Sprintf("answered %d, not %d", status, l.opts.Status))
			continue
		}
		l.stats.times.Add(time.Since(started))
		l.stats.good.Add(1)
	}
}

func (l *Load) fail(what string) {
	l.stats.bad.Add(1)
	l.fault.CompareAndSwap(nil, &what)
}

// Result is what was answered up to a moment; the difference of two, [Result.Less], is what was answered between.
type Result struct {
	Good  int64 // answers with the status that was asked for
	Bad   int64 // other answers, and connections that broke
	Times Times // of the good ones
}

// Now is what was answered so far.
func (l *Load) Now() Result {
	return Result{Good: l.stats.good.Load(), Bad: l.stats.bad.Load(), Times: l.stats.times.Times()}
}

// Less is what was answered after an earlier look.
func (r Result) Less(before Result) Result {
	return Result{Good: r.Good - before.Good, Bad: r.Bad - before.Bad, Times: r.Times.less(before.Times)}
}

// Stop lets each connection finish its request, ends them, and says what went wrong first, if anything did.
func (l *Load) Stop() error {
	l.stop.Store(true)
	l.wait.Wait()
	if fault := l.fault.Load(); fault != nil {
		return errors.New("load: " + *fault)
	}
	return nil
}
