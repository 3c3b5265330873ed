package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const (
	aSecret = "a-secret-of-32-characters-or-so!"
	aToken  = "a-token-of-some-length-0123456789"
	aSvix   = "whsec_Q3VycmVudC1zdml4LXNlY3JldC0wMTIzNDU2Nzg5"
)

// leadctl runs a command as a shell does, away from stacks that run on this machine.
func leadctl(t *testing.T, in string, args ...string) (out string, err error) {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	return leadctlContext(t.Context(), in, args...)
}

func leadctlContext(ctx context.Context, in string, args ...string) (string, error) {
	var out bytes.Buffer
	cmd := root()
	cmd.SetArgs(args)
	cmd.SetIn(strings.NewReader(in))
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.ExecuteContext(ctx)
	return out.String(), err
}

// hook is a receiver that keeps what came.
type hook struct {
	*httptest.Server
	mu       sync.Mutex
	bodies   []string
	requests []*http.Request
}

func newHook(t *testing.T, answer func(n int) int) *hook {
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		defer h.mu.Unlock()
		n := len(h.bodies)
		h.bodies, h.requests = append(h.bodies, string(body)), append(h.requests, r)
		w.WriteHeader(answer(n))
		_, _ = w.Write([]byte(`{"status":"accepted","receipt":"01JTEST"}`))
	}))
	t.Cleanup(h.Close)
	return h
}

func ok(int) int { return 200 }

func TestSendPlaysEachPartnerAgainstAnyURL(t *testing.T) {
	for _, c := range []struct {
		kind  string
		flags []string
		proof func(*http.Request) bool
	}{
		{"crf", []string{"--secret", aSecret}, func(r *http.Request) bool { return r.Header.Get("X-Api-Key") == aSecret }},
		{"crf", []string{"--header", "X-Other", "--secret", aSecret}, func(r *http.Request) bool { return r.Header.Get("X-Other") == aSecret }},
		{"credzu", []string{"--token", aToken}, func(r *http.Request) bool { return r.URL.Path == "/hook/"+aToken }},
		{"cr3dentials", []string{"--secret", aSecret, "--hmac-secret", aToken}, func(r *http.Request) bool {
			return r.Header.Get("Secret") == aSecret && len(r.Header.Get("X-Webhook-Signature")) == 64
		}},
		{"referral", []string{"--svix-secret", aSvix}, func(r *http.Request) bool { return strings.HasPrefix(r.Header.Get("Svix-Signature"), "v1,") }},
	} {
		h := newHook(t, ok)
		out, err := leadctl(t, "", append([]string{"send", c.kind, "--url", h.URL + "/hook", "--count", "3", "--seed", "5"}, c.flags...)...)
		if err != nil || len(h.bodies) != 3 || !c.proof(h.requests[0]) {
			t.Errorf("%s: %v, %d came\n%s", c.kind, err, len(h.bodies), out)
		}
		if !strings.Contains(out, "3 accepted") || !strings.Contains(out, "(seed 5)") || !strings.Contains(out, "01JTEST") {
			t.Errorf("%s says\n%s", c.kind, out)
		}
		for _, secret := range []string{aSecret, aToken, aSvix} {
			if strings.Contains(out, secret) {
				t.Errorf("%s shows a secret:\n%s", c.kind, out)
			}
		}
	}
}

func TestSendTakesSecretsFromTheEnvironment(t *testing.T) {
	t.Setenv("LEADCTL_SECRET", aSecret)
	h := newHook(t, ok)
	if out, err := leadctl(t, "", "send", "crf", "--url", h.URL); err != nil || h.requests[0].Header.Get("X-Api-Key") != aSecret {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestSendPrintsTheSameBytesForTheSameSeed(t *testing.T) {
	args := []string{"send", "crf", "--print", "--seed", "7", "--count", "4"}
	once, err := leadctl(t, "", args...)
	again, _ := leadctl(t, "", args...)
	if err != nil || once != again || strings.Count(once, "\n") != 4 {
		t.Errorf("%v\n%s\n%s", err, once, again)
	}
	if fresh, _ := leadctl(t, "", "send", "crf", "--print", "--count", "4"); fresh == once {
		t.Error("without --seed it is the same too")
	}
}

func TestSendSendsAFileAsItIs(t *testing.T) {
	const body = "{ \"id\" : 1,\n \"odd\": 25000.00 }\n"
	file := filepath.Join(t.TempDir(), "lead.json")
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	h := newHook(t, ok)
	if out, err := leadctl(t, "", "send", "crf", "--url", h.URL, "--file", file, "--count", "2"); err != nil || len(h.bodies) != 2 || h.bodies[1] != body {
		t.Errorf("%v %q\n%s", err, h.bodies, out)
	}
	if out, err := leadctl(t, body, "send", "referral", "--url", h.URL, "--file", "-", "--svix-secret", aSvix); err != nil || h.bodies[2] != body {
		t.Errorf("%v %q\n%s", err, h.bodies, out)
	}
	if _, err := leadctl(t, body, "send", "crf", "--url", h.URL, "--file", "-", "--seed", "1"); err == nil {
		t.Error("--file and --seed go together")
	}
}

func TestSendRetriesSaysSoAndFailsOnlyWhenGivenUp(t *testing.T) {
	h := newHook(t, func(n int) int { return []int{503, 500, 200}[n] })
	out, err := leadctl(t, "", "send", "credzu", "--url", h.URL, "--fast")
	if err != nil || !strings.Contains(out, "try 1 of 4  503 in") || !strings.Contains(out, "again in 20s") || !strings.Contains(out, "divided by 100") || h.bodies[0] != h.bodies[2] {
		t.Errorf("%v\n%s", err, out)
	}
	h = newHook(t, func(int) int { return 204 })
	out, err = leadctl(t, "", "send", "credzu", "--url", h.URL, "--fast", "--count", "2")
	if err == nil || err.Error() != "not accepted: 2 of 2 events" || len(h.bodies) != 8 || !strings.Contains(out, "Get Events") {
		t.Errorf("%v, %d tries\n%s", err, len(h.bodies), out)
	}
}

func TestSendTellsScriptsInJSONLines(t *testing.T) {
	h := newHook(t, func(n int) int { return []int{500, 200}[n] })
	out, err := leadctl(t, "", "send", "cr3dentials", "--url", h.URL, "--fast", "--json", "--event", "expired", "--seed", "2", "--update-of", "123")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var first, second struct {
		Lead, Event, Verdict string
		Try, Status          int
		Wait                 int `json:"wait_ms"`
		MS                   float64
	}
	var last struct {
		Summary struct {
			Sent, Accepted, Retried, Tries, Fast int
			Seed                                 uint64
			P50                                  float64 `json:"p50_ms"`
		}
	}
	for i, v := range []any{&first, &second, &last} {
		if len(lines) != 3 || json.Unmarshal([]byte(lines[i]), v) != nil {
			t.Fatalf("line %d of\n%s", i, out)
		}
	}
	if first.Lead != "123" || first.Event != "expired" || first.Status != 500 || first.Verdict != "retry" || first.Wait != 1000 || first.MS <= 0 || second.Try != 2 || second.Verdict != "accepted" {
		t.Errorf("%+v %+v", first, second)
	}
	if s := last.Summary; s.Sent != 1 || s.Accepted != 1 || s.Retried != 1 || s.Tries != 2 || s.Fast != 100 || s.Seed != 2 || s.P50 <= 0 {
		t.Errorf("%+v", s)
	}
}

func TestSendRefusesWhatCannotWork(t *testing.T) {
	for _, args := range [][]string{
		{"send", "crf"}, {"send", "acme"}, {"send", "credzu", "--url", "http://x", "--event", "nope"}, {"send", "crf", "--url", "ftp://x"},
		{"send", "crf", "--url", "http://127.0.0.1:1", "--count", "0"}, {"send", "credzu", "--url", "http://127.0.0.1:1/?a=b", "--token", aToken},
		{"send", "referral", "--url", "http://127.0.0.1:1", "--svix-secret", "no base64"}, {"send", "crf", "--url", "http://127.0.0.1:1", "--update-of", "7"},
		{"resend"}, {"resend", "acme", "--id", "1"}, {"resend", "--id", "1", "--file", "x"}, {"receive", "--fail", "x"}, {"receive", "--header", "X"}, {"receive", "--partner", "acme"},
	} {
		if out, err := leadctl(t, "", args...); err == nil {
			t.Errorf("%q passes:\n%s", args, out)
		} else if strings.Contains(err.Error(), aToken) || strings.Contains(err.Error(), "no base64") {
			t.Errorf("%q: the error shows a secret: %v", args, err)
		}
	}
}

func TestResendSendsAFileOnceMoreAsTheSameMessage(t *testing.T) {
	printed, err := leadctl(t, "", "send", "referral", "--print", "--seed", "8")
	if err != nil {
		t.Fatal(err)
	}
	body := strings.TrimSuffix(printed, "\n")
	h := newHook(t, ok)
	if out, err := leadctl(t, "", "send", "referral", "--seed", "8", "--url", h.URL, "--svix-secret", aSvix); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := leadctl(t, body, "resend", "referral", "--file", "-", "--url", h.URL, "--svix-secret", aSvix)
	if err != nil || h.bodies[0] != h.bodies[1] || h.requests[0].Header.Get("Svix-Id") != h.requests[1].Header.Get("Svix-Id") || !strings.Contains(out, "sent again") {
		t.Errorf("%v\n%s", err, out)
	}
	bad := newHook(t, func(int) int { return 500 })
	if _, err := leadctl(t, body, "resend", "crf", "--file", "-", "--url", bad.URL); err == nil || len(bad.bodies) != 1 {
		t.Errorf("%v after %d tries", err, len(bad.bodies))
	}
}
