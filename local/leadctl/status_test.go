package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/azure"
)

func TestStatusShowsEverythingAndShadowAnswersForThePast(t *testing.T) {
	sim, l := newBooks(t)
	receipt := ulidNow()
	come(t, l, receipt)
	signer, err := azure.NewSigner(sim.ConnectionString())
	if err != nil {
		t.Fatal(err)
	}
	address := signer.SignQueue("shade", "a", time.Now().Add(-time.Hour), time.Now().AddDate(0, 0, 5))
	file := filepath.Join(t.TempDir(), "destinations.yaml")
	spec := fmt.Sprintf("destinations:\n- {name: shade, lender: Acme, kind: queue, state: shadow, address: %q}\n", address.Reveal())
	if err := os.WriteFile(file, []byte(spec), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, want string }{
		{"destinations apply -f " + file, "created"},
		{"destinations list", "shadow"},
		{"destinations show shade", "red its SAS ends in 4 days"},
		{"destinations show shade --json", `"health":{`},
		{"destinations shadow shade --since 7d", "1 of 1 events"},
		{"destinations shadow shade --json", `"gets":true`},
		{"status", "its SAS ends in 4 days"},
		{"status", "crf"},
	} {
		out, err := leadctl(t, "", strings.Fields(c.args)...)
		if err != nil || !strings.Contains(out, c.want) || strings.Contains(out, "sig=") {
			t.Errorf("%s does not say %q: %v\n%s", c.args, c.want, err, out)
		}
	}
	out, err := leadctl(t, "", "status", "--json")
	if err != nil || !json.Valid([]byte(out)) {
		t.Errorf("%v\n%s", err, out)
	}
}
