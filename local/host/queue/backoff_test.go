package queue

import (
	"testing"
	"time"
)

func TestPollingBacksOffAndStartsOver_6_2(t *testing.T) {
	b := newBackoff(time.Second)
	b.random = func() float64 { return 0.5 } // the middle of ±20 %
	want := []time.Duration{100, 200, 300, 500, 900, 1000, 1000}
	for i, w := range want {
		if got := b.next(); got != w*time.Millisecond {
			t.Errorf("pause %d = %v, want %v", i, got, w*time.Millisecond)
		}
	}
	b.reset()
	if got := b.next(); got != 100*time.Millisecond {
		t.Errorf("after a message = %v", got)
	}
	if got := newBackoff(100 * time.Millisecond).next(); got != 100*time.Millisecond {
		t.Errorf("shortest = %v", got)
	}
	for range 200 {
		b.next() // never beyond
	}
	if got := b.next(); got != time.Second {
		t.Errorf("longest = %v", got)
	}
}
