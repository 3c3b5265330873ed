//go:build !linux

package sink

import "time"

// alarm sleeps as Go does, up to a millisecond longer than it should. The benchmark measures on Linux only.
type alarm struct{}

func newAlarm() (*alarm, error) { return &alarm{}, nil }

func (*alarm) run()   {}
func (*alarm) close() {}

func (*alarm) sleep(d time.Duration, _ chan struct{}) { time.Sleep(d) }
