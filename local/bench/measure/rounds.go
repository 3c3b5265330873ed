package measure

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Plan is how rounds are run.
type Plan struct {
	Rounds int
	Seed   uint64 // of the order in which candidates take turns
	// Again is how often a run is repeated that others disturbed; the calmest of all counts.
	Again int
	// Patience is how long to wait before each run for others to leave the machine alone.
	Patience time.Duration
	// Say tells of progress, a line at a time; nil says nothing.
	Say func(format string, args ...any)
}

// Results are the samples of each candidate, by round.
type Results map[string][]Sample

// Run lets every candidate run once in every round. once starts one, measures it and ends it.
func (p Plan) Run(ctx context.Context, candidates []string, once func(ctx context.Context, candidate string) (Sample, error)) (Results, error) {
	order, r := slices.Clone(candidates), rand.New(rand.NewPCG(p.Seed, p.Seed))
	out := Results{}
	for round := range p.Rounds {
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, name := range order {
			s, err := p.calmly(ctx, name, once)
			if err != nil {
				return out, fmt.Errorf("%s, round %d: %w", name, round+1, err)
			}
			out[name] = append(out[name], s)
			p.say("round %d/%d  %-10s %s", round+1, p.Rounds, name, s)
		}
	}
	return out, nil
}

// calmly runs one candidate, again when others disturbed it.
func (p Plan) calmly(ctx context.Context, name string, once func(context.Context, string) (Sample, error)) (best Sample, err error) {
	for run := 1; run <= 1+p.Again; run++ {
		p.awaitCalm(ctx)
		s, err := once(ctx, name)
		if err != nil {
			return s, err
		}
		s.Candidate = name
		if run == 1 || s.Foreign < best.Foreign {
			best = s
		}
		if best.Runs = run; !best.Disturbed() {
			break
		}
	}
	return best, nil
}

// awaitCalm waits a while for others to leave the machine alone.
func (p Plan) awaitCalm(ctx context.Context) {
	const look = 200 * time.Millisecond
	for deadline := time.Now().Add(p.Patience); time.Now().Before(deadline); {
		before, _, err := busy()
		if err != nil || sleep(ctx, look) != nil {
			return
		}
		if after, _, err := busy(); err != nil || (after-before).Seconds() <= Calm*look.Seconds() {
			return
		}
	}
}

func (p Plan) say(format string, args ...any) {
	if p.Say != nil {
		p.Say(format, args...)
	}
}

// String is a sample in a line of progress.
func (s Sample) String() string {
	text := fmt.Sprintf("%7.1f µs  %7.0f/s  p99 %s  its core %.2f  ours %.2f  foreign %.2f", float64(s.PerOne())/1e3, s.Rate(),
		s.Load.Times.Quantile(0.99).Round(time.Microsecond), s.TestCore, s.OwnCore, s.Foreign)
	if s.Runs > 1 {
		text += fmt.Sprintf("  (run %d times)", s.Runs)
	}
	if s.Disturbed() {
		text += "  DISTURBED"
	}
	return text
}
