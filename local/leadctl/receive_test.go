package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// receiving runs `leadctl receive --json` until stop, which gives the lines after the first.
func receiving(t *testing.T, args ...string) (url string, stop func() []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	cmd := root()
	cmd.SetArgs(append([]string{"receive", "--json"}, args...))
	cmd.SetOut(in)
	go func() {
		err := cmd.ExecuteContext(ctx)
		_ = in.CloseWithError(io.EOF) // the reader sees the end
		ended <- err
	}()
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	var first struct{ URL string }
	if err := json.Unmarshal([]byte(<-lines), &first); err != nil || !strings.HasPrefix(first.URL, "http://127.0.0.1:") {
		cancel()
		t.Fatalf("it does not say where it listens on loopback: %v %q", err, first.URL)
	}
	return first.URL, func() []string {
		cancel()
		var all []string
		for l := range lines {
			all = append(all, l)
		}
		if err := <-ended; err != nil {
			t.Errorf("receive ended with %v", err)
		}
		return all
	}
}

func TestReceiveMakesASenderRetryAndTellsOfIt(t *testing.T) {
	url, stop := receiving(t, "--partner", "cr3dentials", "--hmac-secret", aSecret, "--drop", "1", "--fail", "503:2")
	out, err := leadctl(t, "", "send", "cr3dentials", "--url", url, "--hmac-secret", aSecret, "--fast", "--seed", "3")
	lines := stop()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if len(lines) != 5 {
		t.Fatalf("%d lines\n%s", len(lines), strings.Join(lines, "\n"))
	}
	for i, want := range []int{0, 503, 503, 200} {
		var l receivedLine
		if err := json.Unmarshal([]byte(lines[i]), &l); err != nil || l.Answer != want || l.Copy != i+1 || l.Proof != "ok" || l.Lead == "" || l.Body != nil {
			t.Errorf("request %d: %v %s", i+1, err, lines[i])
		}
	}
	if last := lines[4]; last != `{"summary":{"requests":4,"bodies":1,"wrong_proofs":0,"hung_up":0,"answers":{"200":1,"503":2,"dropped":1}}}` {
		t.Errorf("summary %s", last)
	}
	if strings.Contains(strings.Join(lines, ""), aSecret) || !strings.Contains(out, "connection was closed") {
		t.Errorf("%s\n%s", lines, out)
	}
}

func TestReceiveHidesPeopleUnlessAsked(t *testing.T) {
	for _, show := range []bool{false, true} {
		args := []string{"--partner", "crf"}
		if show {
			args = append(args, "--show")
		}
		url, stop := receiving(t, args...)
		if out, err := leadctl(t, `{"id":"4626a582-afb9-48bf-8d86-87e6fe91a842","email":"ann@example.com","ficoScore":7}`, "send", "crf", "--url", url, "--file", "-"); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		lines := strings.Join(stop(), "\n")
		if strings.Contains(lines, "ann@example.com") != show || !strings.Contains(lines, "ficoScore") {
			t.Errorf("show %v:\n%s", show, lines)
		}
	}
}

func TestReceiveRefusesAWrongProof(t *testing.T) {
	url, stop := receiving(t, "--secret", aSecret)
	out, err := leadctl(t, "", "send", "crf", "--url", url, "--secret", aToken)
	if lines := stop(); err == nil || !strings.Contains(out, "401 in") || !strings.Contains(lines[0], `"reason":"header X-Api-Key has a wrong value"`) {
		t.Errorf("%v\n%s\n%s", err, out, lines)
	}
}
