package ledger

import (
	"strconv"
	"time"
)

// What is counted of a partner's authentic requests, beside the time that each answer took.
const (
	AcksAll    = "All"
	AcksFailed = "Failed" // answered with 5xx: the event is not ours yet
	AcksCold   = "Cold"   // the first request of a process: the partner waited for its start too, which is not in the time
)

const ackPrefix = "Ms" // + the upper bound of a step of the histogram in milliseconds

// ackSteps are the upper bounds of the histogram, in milliseconds; the budgets of the partners are among them: 10 s is
// when Cr3dentials gives a try up, after 31 s it has given up all of them, after 85 s Credzu has. The last is for all that
// took longer.
func ackSteps() []int64 {
	return []int64{10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 31_000, 85_000, 1 << 40}
}

// Answered counts an authentic request of a partner that was answered.
func (t *Tally) Answered(partner string, at time.Time, took time.Duration, failed, cold bool) {
	names := []string{AcksAll}
	for _, step := range ackSteps() {
		if took <= time.Duration(step)*time.Millisecond || step == 1<<40 {
			names = append(names, ackPrefix+strconv.FormatInt(step, 10))
			break
		}
	}
	if failed {
		names = append(names, AcksFailed)
	}
	if cold {
		names = append(names, AcksCold)
	}
	t.Count(FromPartner(partner), at, names...)
}

// Within says which upper bound of the histogram, in milliseconds, a share of the answers kept, from 0 to 1; 0 when nothing
// was counted.
func (h Hour) Within(share float64) int64 {
	total, seen := int64(0), int64(0)
	for _, step := range ackSteps() {
		total += h.Counts[ackPrefix+strconv.FormatInt(step, 10)]
	}
	for _, step := range ackSteps() {
		if seen += h.Counts[ackPrefix+strconv.FormatInt(step, 10)]; total > 0 && float64(seen) >= share*float64(total) {
			return step
		}
	}
	return 0
}

// Over counts the answers that took longer than a budget, which is one of the steps.
func (h Hour) Over(budget time.Duration) (n int64) {
	for _, step := range ackSteps() {
		if step > budget.Milliseconds() {
			n += h.Counts[ackPrefix+strconv.FormatInt(step, 10)]
		}
	}
	return n
}
