package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"leadrelay/local/bench/load"
	"leadrelay/local/bench/measure"
	"leadrelay/local/bench/report"
	"leadrelay/local/bench/sink"
)

// memory sends many leads at c=64 and compares the peak of the first tenth with that of the rest.
func memory(ctx context.Context, b *bench) error {
	s, err := sink.Start(sink.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	c := b.product()
	p, err := c.start(ctx, s.ConnectionString())
	if err != nil {
		return err
	}
	defer func() { _ = p.Stop() }()
	run, err := load.Start(ctx, c.load(p.Address, 64))
	if err != nil {
		return err
	}
	peaks, err := b.peaks(ctx, p, run)
	if stopped := run.Stop(); err == nil {
		err = stopped
	}
	if err != nil {
		return err
	}
	b.report.Measured("rss-flat", b.exact(), once(peaks[1]/peaks[0]), fmt.Sprintf("%d leads: %.1f MB, then %.1f MB", b.opts.leads, peaks[0], peaks[1]))
	b.report.Note(report.Fact{Group: "memory", Name: fmt.Sprintf("peak RSS, %d leads at c=64", b.opts.leads), Run: b.exact(), Value: once(max(peaks[0], peaks[1])), Unit: "MB"})
	return nil
}

// peaks are the peaks of memory in MB up to the first tenth of the leads, and after it.
func (b *bench) peaks(ctx context.Context, p *measure.Process, run *load.Load) (peaks [2]float64, err error) {
	for i, until := range []int64{b.opts.leads / 10, b.opts.leads} {
		for now := run.Now(); now.Good < until; now = run.Now() {
			if now.Bad > 0 {
				return peaks, errors.New("a lead was not accepted")
			}
			select {
			case <-ctx.Done():
				return peaks, ctx.Err()
			case <-time.After(100 * time.Millisecond):
			}
		}
		peak, err := p.Peak()
		if err != nil {
			return peaks, err
		}
		peaks[i] = megabytes(peak)
		b.say("%d leads: peak %.1f MB", run.Now().Good, peaks[i])
		if err := p.ForgetPeak(); err != nil {
			return peaks, err
		}
	}
	return peaks, nil
}
