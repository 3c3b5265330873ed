package acceptance

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// must runs a command that must succeed and returns what it printed.
func (s *system) must(args ...string) string {
	s.t.Helper()
	out, err := s.leadctl(args...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func TestEveryPartnerIsPlayedAndAccepted(t *testing.T) {
	s := up(t, quick())
	for _, partner := range []string{"crf", "credzu", "cr3dentials", "referral"} {
		if _, ok := s.info.Partners[partner]; !ok {
			t.Fatalf("up lists no %s", partner)
		}
		s.must("send", partner, "--count", "10", "--seed", "7", "--fast")
	}
	s.eventually(func() string {
		states, err := s.eventStates()
		if err != nil {
			return err.Error()
		}
		if n := states["delivered"]; n < 40 || states["in flight"] > 0 {
			return fmt.Sprintf("the ledger has %v, want 40 delivered", states)
		}
		return ""
	})
}

func TestResentLeadIsAnsweredAndKnownAsADuplicate(t *testing.T) {
	s := up(t, quick())
	id := uuid.NewString()
	s.accepted(leadWith(id, nil))
	s.inLeads([]string{id})
	s.must("resend", "crf", "--id", id)
	s.eventually(func() string {
		list, err := s.leadctl("events", "list", "--lead", id, "--json")
		if err != nil {
			return err.Error()
		}
		var line struct{ Receipt string }
		if err := json.Unmarshal([]byte(strings.SplitN(list, "\n", 2)[0]), &line); err != nil {
			return "events list printed " + list
		}
		out, err := s.leadctl("events", "show", line.Receipt)
		if err != nil {
			return err.Error()
		}
		if !strings.Contains(strings.ToLower(out), "duplicate") || !strings.Contains(out, "leadctl events replay") {
			return "events show tells no duplicate with the line that would replay it:\n" + out
		}
		for _, private := range []string{"bob@somecompany.com", "Lastnameson", "123-456-7890"} {
			if strings.Contains(out, private) {
				s.t.Errorf("events show holds %s", private)
			}
		}
		return ""
	})
	s.inLeads([]string{id})
}

// receiver starts `leadctl receive` on a free port and returns its URL.
func (s *system) receiver(args ...string) string {
	s.t.Helper()
	cmd := exec.Command(leadctl, append([]string{"receive", "--port", "0"}, args...)...)
	cmd.Env = s.environ()
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, after, ok := strings.Cut(lines.Text(), "http://"); ok {
			go func() {
				for lines.Scan() {
				} // so that it never blocks
			}()
			return "http://" + strings.Fields(after)[0]
		}
	}
	s.t.Fatal("the receiver did not say where it listens")
	return ""
}

func TestOperatorRegistersTestsPausesAndExplainsADestination(t *testing.T) {
	s := up(t, quick())
	secret := "whsec_" + "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	url := s.receiver("--svix-secret", secret)
	file := filepath.Join(t.TempDir(), "destinations.yaml")
	yaml := fmt.Sprintf("destinations:\n  - name: hook\n    lender: Acme\n    kind: webhook\n    address: %s/leads\n    secret: %s\n    allow_private: true\n    format: cloudevents\n    filter: lead.amount > 1000000\n", url, secret)
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ args, want string }{
		{"destinations apply --dry-run -f " + file, "created"},
		{"destinations apply -f " + file, "created"},
		{"destinations apply -f " + file, "unchanged"},
		{"destinations list", "hook"},
		{"destinations show hook", "lead.amount > 1000000"},
		{"destinations test hook", "answered 200"},
		{"destinations pause hook", "paused"},
		{"destinations show hook", "paused"},
		{"destinations resume hook", "resumed"},
	} {
		if out := s.must(strings.Fields(step.args)...); !strings.Contains(out, step.want) || strings.Contains(out, "sig=") || strings.Contains(out, secret) {
			t.Errorf("leadctl %s printed\n%s\nwant %q and no secret", step.args, out, step.want)
		}
	}
	id := uuid.NewString()
	s.accepted(leadWith(id, nil))
	s.inLeads([]string{id})
	if out := s.must("destinations", "explain", "--lead", id); !strings.Contains(out, "hook") || !strings.Contains(out, "lead.amount > 1000000 says no") {
		t.Errorf("explain printed\n%s", out)
	}
	if _, err := s.leadctl("destinations", "remove", "hook"); err == nil {
		t.Error("remove asked for no --yes")
	}
	s.must("destinations", "remove", "hook", "--yes")
	if out := s.must("destinations", "list"); strings.Contains(out, "hook") {
		t.Errorf("the removed destination is still listed:\n%s", out)
	}
}
