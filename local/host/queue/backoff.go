package queue

import (
	"math/rand/v2"
	"time"
)

const shortestPoll = 100 * time.Millisecond // functions-host.md §6.2

// backoff is the pause between two looks at an empty queue: 100 ms first, then doubling with ±20 % up to the longest (§6.2).
type backoff struct {
	longest time.Duration
	tries   int
	random  func() float64
}

func newBackoff(longest time.Duration) *backoff {
	return &backoff{longest: longest, random: rand.Float64}
}

func (b *backoff) next() time.Duration {
	d := shortestPoll
	if b.tries > 0 {
		d += time.Duration(float64(shortestPoll) * float64(uint64(1)<<min(b.tries-1, 40)) * (0.8 + 0.4*b.random()))
	}
	if d >= b.longest {
		return b.longest
	}
	b.tries++
	return d
}

// reset starts over: a message was found.
func (b *backoff) reset() { b.tries = 0 }
