package drain

import "sync"

// crew does jobs, so many side by side at most, in the order in which they are handed to it. A worker is there only while
// there is something to do.
type crew struct {
	size    int
	running *sync.WaitGroup // of the run

	mu   sync.Mutex
	jobs []func()
	busy int
}

// hand adds a job. Whoever hands one over is counted in running.
func (c *crew) hand(job func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.jobs = append(c.jobs, job)
	if c.busy < c.size {
		c.busy++
		c.running.Go(c.work)
	}
}

func (c *crew) work() {
	for job := c.next(); job != nil; job = c.next() {
		job()
	}
}

// next is the next job; nil sends the worker home.
func (c *crew) next() func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.jobs) == 0 {
		c.busy--
		return nil
	}
	job := c.jobs[0]
	c.jobs[0], c.jobs = nil, c.jobs[1:]
	return job
}
