package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"leadrelay/local/bench/measure"
	"leadrelay/local/bench/report"
)

// bench is one run of the benchmark.
type bench struct {
	opts   options
	root   string // of the checkout
	dir    string // of the programs that were built
	report *report.Report
	gated  bool
	// say tells of progress, a line at a time.
	say func(format string, args ...any)
}

// The programs, by their names in bench.dir.
const (
	handlerProgram = "handler"
	floorProgram   = "floor"
	bareProgram    = "bare"
)

func newBench(ctx context.Context, o options, root string, r *report.Report) (*bench, error) {
	dir, err := os.MkdirTemp("", "leadrelay-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{opts: o, root: root, dir: dir, report: r, say: aloud}
	b.say("building (the first time takes a minute)")
	for name, pkg := range map[string]string{handlerProgram: "./functions/handler", floorProgram: "./local/bench/floor", bareProgram: "./local/bench/bare"} {
		if err := measure.Build(ctx, root, pkg, b.program(name)); err != nil {
			b.close()
			return nil, err
		}
	}
	return b, nil
}

func (b *bench) close() { _ = os.RemoveAll(b.dir) }

func (b *bench) program(name string) string { return filepath.Join(b.dir, name) }

// aloud tells of progress on stderr: stdout is for what was found.
func aloud(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}

// plan is how rounds are run.
func (b *bench) plan() measure.Plan {
	return measure.Plan{Rounds: b.opts.rounds, Seed: b.opts.seed, Again: b.opts.again, Patience: b.opts.patience, Say: b.say}
}

// how says on what and how something was measured.
func (b *bench) how() report.Run {
	return report.Run{Date: time.Now().UTC().Format(time.DateOnly), Machine: machine(), System: system(), Go: runtime.Version(),
		Rounds: b.opts.rounds, Span: b.opts.duration.String(), Seed: b.opts.seed}
}

// exact is how for what is the same however often it is counted.
func (b *bench) exact() report.Run {
	run := b.how()
	run.Rounds, run.Span, run.Seed = 0, "", 0
	return run
}

// once is a spread of one value.
func once(v float64) measure.Spread { return measure.SpreadOf([]float64{v}) }

func machine() string {
	name, cores := "", 0
	b, _ := os.ReadFile("/proc/cpuinfo") // what cannot be read is left out
	for line := range strings.Lines(string(b)) {
		if k, v, _ := strings.Cut(line, ":"); strings.TrimSpace(k) == "model name" {
			name, cores = strings.TrimSpace(v), cores+1
		}
	}
	if name == "" {
		return runtime.GOARCH
	}
	return fmt.Sprintf("%s, %d cores", name, cores)
}

func system() string {
	b, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return runtime.GOOS
	}
	release, _, _ := strings.Cut(strings.TrimSpace(string(b)), "-")
	return "Linux " + release
}
