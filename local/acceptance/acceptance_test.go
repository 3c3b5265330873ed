// Package acceptance sees leadrelay from the outside: the real handler under the local host on Azurite, driven as a
// partner, a lender and an operator would.
package acceptance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/partner/crf"
	"leadrelay/local/stack"
)

// leadctl is the program under test, built once.
var leadctl string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "leadrelay-acceptance-")
		if err != nil {
			fmt.Println(err)
			return 1
		}
		defer os.RemoveAll(dir)
		leadctl = filepath.Join(dir, "leadctl")
		if out, err := exec.Command("go", "build", "-o", leadctl, "leadrelay/local/leadctl").CombinedOutput(); err != nil {
			fmt.Printf("build leadctl: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// patience is how long a test waits for what must come, on a busy machine.
const patience = 2 * time.Minute

// system is a running `leadctl up --json`.
type system struct {
	t    *testing.T
	cmd  *exec.Cmd
	dir  string // its TMPDIR, which holds the note for other commands and the log
	info stack.Info
	log  *bytes.Buffer
	ours *azure.Account
}

// up starts a system that ends with the test. env are further settings.
func up(t *testing.T, env []string, args ...string) *system {
	t.Helper()
	s := &system{t: t, log: &bytes.Buffer{}, dir: t.TempDir()}
	s.cmd = exec.Command(leadctl, append([]string{"up", "--json"}, args...)...)
	s.cmd.Env = append(s.environ(), env...)
	s.cmd.Stderr = s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.down)
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("up ended before it was ready: %v\n%s", err, s.log)
	}
	if err := json.Unmarshal(line, &s.info); err != nil {
		t.Fatalf("up printed %q", line)
	}
	if s.ours, err = azure.ConnectAccount(s.info.Storage, azure.NewClient()); err != nil {
		t.Fatal(err)
	}
	return s
}

// environ keeps a system apart from other stacks that run on this machine.
func (s *system) environ() []string { return append(os.Environ(), "TMPDIR="+s.dir) }

// down stops the system as Ctrl-C does, and checks that no process stays behind.
func (s *system) down() {
	s.refresh()
	_ = s.cmd.Process.Signal(syscall.SIGINT) // it may have ended
	ended := make(chan error, 1)
	go func() { ended <- s.cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			s.t.Errorf("up ended with %v\n%s", err, s.log)
		}
	case <-time.After(time.Minute):
		_ = s.cmd.Process.Kill()
		s.t.Errorf("up did not stop within a minute")
	}
	for name, pid := range map[string]int{"host": s.info.PIDs.Host, "handler": s.info.PIDs.Handler, "azurite": s.info.PIDs.Azurite} {
		if alive(pid) {
			s.t.Errorf("%s (%d) is still running after up has stopped", name, pid)
		}
	}
	if s.t.Failed() {
		s.t.Logf("the end of what host and handler said:\n%s", s.hostLog())
	}
}

// hostLog is the end of what host and handler said.
func (s *system) hostLog() string {
	files, _ := filepath.Glob(filepath.Join(s.dir, "leadrelay-*", "*.log"))
	var all strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		if len(b) > 6_000 {
			b = b[len(b)-6_000:]
		}
		all.Write(b)
	}
	return all.String()
}

// refresh reads the process ids as they are now: the host and the handler change when they are started again.
func (s *system) refresh() {
	files, _ := filepath.Glob(filepath.Join(s.dir, "leadrelay-*", "up.json"))
	for _, f := range files {
		var note struct{ Info stack.Info }
		if b, err := os.ReadFile(f); err == nil && json.Unmarshal(b, &note) == nil && note.Info.URL != "" {
			s.info.PIDs = note.Info.PIDs
		}
	}
}

// alive tells whether a process of that id runs; a zombie does not.
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return !strings.HasPrefix(rest, "Z")
}

// leadctl runs another command against the system's storage and returns its stdout.
func (s *system) leadctl(args ...string) (string, error) {
	cmd := exec.Command(leadctl, args...)
	cmd.Env = s.environ()
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("leadctl %s: %w: %s", strings.Join(args, " "), err, errOut.String())
	}
	return string(out), err
}

// post sends a body to crf's webhook with its proof, changed by change.
func (s *system) post(body io.Reader, change func(*http.Request)) (status int, answer string, err error) {
	crf := s.info.Partners["crf"]
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, crf.URL, body)
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(crf.Header, crf.Secret)
	if change != nil {
		change(req)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

// accepted posts a lead that must be answered 200.
func (s *system) accepted(body []byte) {
	s.t.Helper()
	status, answer, err := s.post(bytes.NewReader(body), nil)
	if err != nil || status != http.StatusOK {
		s.t.Fatalf("answered %d %s %v", status, answer, err)
	}
}

// drain fires the drain as an operator would. The host may be between two lives.
func (s *system) drain() {
	resp, err := http.Post(s.info.URL+"/admin/functions/Drain", "application/json", strings.NewReader(`{"input":""}`))
	if err == nil {
		resp.Body.Close()
	}
}

// leads counts the rows of the leads table by lead id.
func (s *system) leads() (map[string]int, error) {
	out, err := s.leadctl("leads", "list", "--json")
	if err != nil {
		return nil, err
	}
	seen := map[string]int{}
	for line := range strings.Lines(out) {
		var l struct{ ID string }
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			return nil, fmt.Errorf("leads list printed %q", line)
		}
		seen[l.ID]++
	}
	return seen, nil
}

// inLeads waits until every id is in the leads table, exactly once, and nothing else is.
func (s *system) inLeads(ids []string) {
	s.t.Helper()
	s.eventually(func() string {
		s.drain()
		seen, err := s.leads()
		if err != nil {
			return err.Error()
		}
		missing := 0
		for _, id := range ids {
			if seen[id] == 0 {
				missing++
			}
			if seen[id] > 1 {
				s.t.Fatalf("lead %s has %d rows", id, seen[id])
			}
		}
		if missing > 0 {
			return fmt.Sprintf("%d of %d leads are not in the leads table", missing, len(ids))
		}
		return ""
	})
}

// eventually polls until ok says that nothing is missing.
func (s *system) eventually(ok func() (missing string)) {
	s.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		missing := ok()
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("after %v still: %s", patience, missing)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// leadWith is the document's sample lead under another id, with members changed to other JSON; "" leaves one out.
func leadWith(id string, changes map[string]string) []byte {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(crf.Sample(), &all); err != nil {
		panic(err)
	}
	all["id"] = json.RawMessage(`"` + id + `"`)
	for name, value := range changes {
		if value == "" {
			delete(all, name)
			continue
		}
		all[name] = json.RawMessage(value)
	}
	b, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return b
}
