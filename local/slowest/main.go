// Command slowest runs `go test -json …` and prints what go test prints, with the slowest tests before its summary.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"sort"
	"strings"
	"time"
)

// shown is how many of the slowest tests are printed.
const shown = 15

func main() {
	if len(os.Args) < 3 || os.Args[1] != "--" {
		fmt.Fprintln(os.Stderr, "usage: slowest -- go test -json ./...")
		os.Exit(2)
	}
	if err := run(os.Args[2:], os.Stdout); err != nil {
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
			fmt.Fprintln(os.Stderr, "slowest:", err)
		}
		os.Exit(1)
	}
}

// event is a line of `go test -json` (cmd/test2json).
type event struct {
	Action      string
	Package     string
	Test        string
	Output      string
	Elapsed     float64 // seconds
	ImportPath  string
	FailedBuild string
}

type result struct {
	name    string
	elapsed time.Duration
}

func run(args []string, out io.Writer) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	readErr := follow(pipe, out)
	return errors.Join(readErr, cmd.Wait())
}

// follow prints the output of failed tests and a line for each package as it ends, then the slowest tests, then go's
// summary once more, whole.
func follow(in io.Reader, out io.Writer) error {
	outputs, summary, slow := map[string][]string{}, []string{}, []result{}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			break
		}
		if err != nil && err != io.EOF { // the last line may lack its end
			return err
		}
		var e event
		if json.Unmarshal(line, &e) != nil {
			fmt.Fprintf(out, "%s", line)
			continue
		}
		key := e.Package + " " + e.Test
		switch {
		case e.Action == "build-output":
			fmt.Fprint(out, e.Output)
		case e.Action == "output" && e.Test == "" && isSummary(e.Output):
			summary = append(summary, e.Output)
			fmt.Fprint(out, e.Output)
		case e.Action == "output":
			outputs[key] = append(outputs[key], e.Output)
		case e.Action == "fail" && e.Test == "":
			flush(out, outputs, key)
		case e.Action == "fail":
			fmt.Fprint(out, strings.Join(outputs[key], ""))
			delete(outputs, key)
		case e.Action == "pass" || e.Action == "skip":
			delete(outputs, key)
		}
		if e.Test != "" && !strings.Contains(e.Test, "/") && (e.Action == "pass" || e.Action == "fail") {
			slow = append(slow, result{e.Test + " (" + strings.TrimPrefix(e.Package, "leadrelay/") + ")", time.Duration(e.Elapsed * float64(time.Second))})
		}
	}
	sort.Slice(slow, func(i, j int) bool { return slow[i].elapsed > slow[j].elapsed })
	fmt.Fprintf(out, "\nslowest of %d tests:\n", len(slow))
	for _, r := range slow[:min(shown, len(slow))] {
		fmt.Fprintf(out, "%8.2fs  %s\n", r.elapsed.Seconds(), r.name)
	}
	fmt.Fprintf(out, "\n%s", strings.Join(summary, ""))
	return nil
}

// flush prints what is left of a package that failed: of the package itself, whose key it gets, and of the tests that
// never ended because their process did.
func flush(out io.Writer, outputs map[string][]string, pkg string) {
	for _, key := range slices.Sorted(maps.Keys(outputs)) {
		if strings.HasPrefix(key, pkg) {
			fmt.Fprint(out, strings.Join(outputs[key], ""))
			delete(outputs, key)
		}
	}
}

func isSummary(line string) bool {
	return strings.HasPrefix(line, "ok  \t") || strings.HasPrefix(line, "FAIL\t") || strings.HasPrefix(line, "---\t")
}
