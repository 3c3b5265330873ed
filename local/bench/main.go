// Command bench measures the product against floors, and says what it missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"leadrelay/local/bench/measure"
	"leadrelay/local/bench/report"
)

const help = `make bench measures what one lead costs, on this machine, on loopback alone.

  make bench                         all of it, some minutes
  make bench ROUNDS=9 DURATION=5s    longer, for narrower spreads
  make bench ONLY=receive,size       some sections; results.json keeps the others as an earlier run found them
  make bench PEERS=1                 the Node program that a user would write, too
  go run ./local/bench --readme      put the tables of results.json into the README again
  go run ./local/bench --json        print results.json in place of the tables

How to read it
  Every candidate first has to pass a gate: a lead is answered by 200 and lies in the queue just once, byte for byte; six
  invalid requests are refused, each with its status. Then the candidates take turns on core 1, in rounds whose order is
  shuffled by a fixed seed; load and storage run on core 0. CPU is what the kernel says the process ran, over the requests
  answered. Compare ratios, which are taken round by round, not microseconds: they depend on the machine and on its day
  (facts/performance.md §7). Latencies are those of a closed loop.
  A round is run again, up to three times, when others used more than 0.15 of a core meanwhile; what stays disturbed is
  marked so. A throughput whose core was not busy is INVALID, and fails the benchmark, because something else than the
  program was measured. Of the targets, only a receive that costs more than c2 fails it; a missed aim is told, no more.

What is not in it: the Functions host, TLS, a network. Each candidate's stdout goes to /dev/null; the product's log line is
part of its cost, the floors write none.

Floors (local/bench/floor): phys, cej and c2 check the API key, decode the lead, check the whole schema by hand, put the
lead into one queue by SAS and answer 200. phys is bare TCP on both sides with generated decode, cej net/http on both sides
with generated decode, c2 net/http on both sides with encoding/json. The product does more: it judges the order of answers,
seals the event, signs its request with the account's key, writes a log line, and its message holds an envelope in base64.

Sections:
`

// options are the command line.
type options struct {
	rounds   int
	duration time.Duration
	warm     time.Duration
	again    int
	patience time.Duration
	leads    int64
	seed     uint64
	only     string
	peers    bool
	json     bool
	readme   bool
	out      string
}

func main() {
	o := options{}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.IntVar(&o.rounds, "rounds", 5, "how many rounds")
	f.DurationVar(&o.duration, "duration", 3*time.Second, "how long each run is measured; at least 2s")
	f.DurationVar(&o.warm, "warm", time.Second, "how long each run warms up first")
	f.IntVar(&o.again, "again", 2, "how often a run that others disturbed is repeated")
	f.DurationVar(&o.patience, "patience", 3*time.Second, "how long to wait before each run for others to leave the machine alone")
	f.Int64Var(&o.leads, "leads", 1_000_000, "how many leads the memory section sends")
	f.Uint64Var(&o.seed, "seed", 8, "of the order of the candidates")
	f.StringVar(&o.only, "only", "", "sections, separated by commas; all of them by default")
	f.BoolVar(&o.peers, "peers", false, "measure the Node peer too")
	f.BoolVar(&o.json, "json", false, "print results.json at the end in place of the tables")
	f.BoolVar(&o.readme, "readme", false, "measure nothing: put the tables of results.json into the README")
	f.StringVar(&o.out, "out", "", "where to write results; default local/bench/results.json")
	f.Usage = func() {
		fmt.Fprint(f.Output(), help)
		for _, s := range sections() {
			fmt.Fprintf(f.Output(), "  %-12s %s\n", s.name, s.about)
		}
		fmt.Fprintln(f.Output(), "\nFlags:")
		f.PrintDefaults()
	}
	if err := f.Parse(os.Args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		os.Exit(2)
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root, err := checkout()
	if err != nil {
		return err
	}
	if o.out == "" {
		o.out = filepath.Join(root, "local", "bench", "results.json")
	}
	if o.readme {
		return writeREADME(root, o.out)
	}
	chosen, err := choose(o.only)
	if err != nil {
		return err
	}
	able := measure.Able()
	if able == nil {
		if err := measure.PinSelf(); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(os.Stderr, "Only exact figures here: %v.\n", able)
	}
	r, err := report.Load(o.out)
	if err != nil {
		return err
	}
	b, err := newBench(ctx, o, root, r)
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.sections(ctx, chosen, able == nil); err != nil {
		return err
	}
	return finish(o, b.report)
}

// finish writes and prints the report. Its error is what makes the benchmark fail.
func finish(o options, r *report.Report) error {
	if err := r.Write(o.out); err != nil {
		return err
	}
	if o.json {
		text, err := r.JSON()
		if err != nil {
			return err
		}
		fmt.Print(string(text))
	} else {
		r.Fresh().Text(os.Stdout)
	}
	if faults := r.Fresh().Faults(); len(faults) > 0 {
		return errors.New(strings.Join(faults, "; "))
	}
	return nil
}

func writeREADME(root, results string) error {
	r, err := report.Load(results)
	if err != nil {
		return err
	}
	for path, put := range map[string]func(string) (string, error){"README.md": r.InREADME, "local/bench/README.md": r.InPage} {
		path = filepath.Join(root, path)
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		with, err := put(string(text))
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(with), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// checkout is the folder that holds go.mod.
func checkout() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("run it in a checkout of leadrelay")
		}
		dir = up
	}
	return "", err
}
