package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"leadrelay/local/stack"
)

// talk tells a person what is going on, in a few calm lines; it is silent for scripts.
type talk struct {
	mu     sync.Mutex
	out    io.Writer
	silent bool
	start  time.Time
}

func newTalk(out io.Writer, silent bool) *talk {
	return &talk{out: out, silent: silent, start: time.Now()}
}

// step says what is being done, with the seconds since the start.
func (t *talk) step(text string) { t.printf("%5.1fs  %s\n", time.Since(t.start).Seconds(), text) }

func (t *talk) printf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.silent {
		fmt.Fprintf(t.out, format, args...)
	}
}

// ready says what a person can do now.
func (t *talk) ready(i stack.Info, log string) {
	crf := i.Partners["crf"]
	t.printf(`
leadrelay is up.
  webhooks    %s/webhooks/<partner>
  lines       %s

Send another lead:
  curl -X POST %s -H '%s: %s' -H 'Content-Type: application/json' \
       --data @internal/partner/crf/testdata/lead.json
  go run ./local/leadctl send crf --count 3
See the leads:
  go run ./local/leadctl leads list

Ctrl-C stops everything.
`, i.URL, log, crf.URL, crf.Header, crf.Secret)
}
