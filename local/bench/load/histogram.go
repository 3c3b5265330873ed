package load

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// The histogram has 128 steps to each doubling of nanoseconds: a percentile is known to better than 1 %.
const (
	stepBits = 7
	steps    = 1 << stepBits
	buckets  = (64 - stepBits) * steps
)

// Histogram counts durations. Its methods may be used side by side.
type Histogram struct{ counts [buckets]atomic.Int64 }

// Add counts a duration.
func (h *Histogram) Add(d time.Duration) { h.counts[bucket(d)].Add(1) }

func bucket(d time.Duration) int {
	n := uint64(max(d, 0))
	if n < steps {
		return int(n)
	}
	shift := bits.Len64(n) - stepBits - 1
	return (shift+1)*steps + int(n>>shift)&(steps-1)
}

// longest is the longest duration of a bucket.
func longest(i int) time.Duration {
	if i < steps {
		return time.Duration(i)
	}
	shift := i/steps - 1
	return time.Duration((uint64(steps+i%steps)+1)<<shift - 1)
}

// Times is a look at a Histogram.
type Times []int64

// Times is what was counted so far.
func (h *Histogram) Times() Times {
	t := make(Times, buckets)
	for i := range t {
		t[i] = h.counts[i].Load()
	}
	return t
}

func (t Times) less(before Times) Times {
	d := make(Times, len(t))
	for i := range t {
		d[i] = t[i] - before[i]
	}
	return d
}

// Quantile is the duration that a share of all durations did not exceed, 0.99 for p99; zero when there are none.
func (t Times) Quantile(share float64) time.Duration {
	var all, seen int64
	for _, n := range t {
		all += n
	}
	for i, n := range t {
		if seen += n; n > 0 && float64(seen) >= share*float64(all) {
			return longest(i)
		}
	}
	return 0
}
