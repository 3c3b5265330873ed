// Package partnertest is the suite that every partner passes, and the family's in-memory driver. Only tests import it.
//
// A driver's test file is a [Harness]: how it is configured, how its sender proves itself, what is documented.
// Its samples are testdata/*.json; beside each, <sample>.golden.json is the event it means (go test -update writes them).
package partnertest

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
	"leadrelay/internal/partner"
)

// Harness is one driver as the suite sees it.
type Harness struct {
	Name    string // the instance's name, "crf"
	Open    partner.Open
	Setups  []Setup   // the ways it can be configured; each must hold on its own
	Refused []Refused // settings that it must complain about
	Sample  string    // the sample whose bytes, members and values are changed to see what happens
	// Required are the paths of Sample whose absence or null is Invalid, and said so; every other may be missing.
	Required []string
	// Free are the paths of Sample at and under which the document leaves everything open; "data.*" leaves open
	// the members of data, which itself must be an object.
	Free    []string
	Invalid []Invalid
}

// Setup is one way to configure a driver and to prove oneself to it.
type Setup struct {
	Name     string
	Settings map[string]string // without PARTNER_<NAME>_; holds old secrets beside the current ones
	// Prove adds all proofs to r, as the sender does who knows the secret k at the time at.
	Prove func(r *partner.Request, body []byte, at time.Time, k Key)
	Body  bool // a proof covers the body
	Timed bool // a proof ages: five minutes, both ways
}

// Key says which secret a sender knows.
type Key int

// The current secret and the old one open; the wrong one does not.
const (
	Current Key = iota
	Old
	Wrong
)

// Pick is the secret that k means.
func Pick(k Key, current, old, wrong string) string { return [...]string{current, old, wrong}[k] }

// Refused are settings that cannot work.
type Refused struct {
	Name     string
	Settings map[string]string
	Says     string // part of the complaint
}

// Invalid is an authentic, well-formed body that breaks the document: From, or Sample when empty, with Old replaced by New.
type Invalid struct {
	Name     string
	From     string // a file under testdata
	Old, New string
	Fault    lead.Fault
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	t.Run("NoSettingsIsAComplaint", func(t *testing.T) { complains(t, h, Refused{Says: ": set it"}) })
	for _, r := range h.Refused {
		t.Run("SettingsAreRefused/"+r.Name, func(t *testing.T) { complains(t, h, r) })
	}
	for _, s := range h.Setups {
		t.Run("Proof/"+s.Name, func(t *testing.T) { proofs(t, h, s) })
	}
	t.Run("SampleDecodesToItsGoldenEvent", func(t *testing.T) { goldens(t, h) })
	t.Run("SamePayloadSameKey", func(t *testing.T) { sameKey(t, h) })
	t.Run("MissingFieldPassesUnlessRequired", func(t *testing.T) { missing(t, h) })
	t.Run("WrongTypeNamesFieldAndRule", func(t *testing.T) { wrongTypes(t, h) })
	t.Run("UnknownFieldIsAcceptedAndNoted", func(t *testing.T) { unknown(t, h) })
	t.Run("InvalidNamesFieldAndRule", func(t *testing.T) { invalids(t, h) })
	t.Run("MalformedIsInvalidNotAPanic", func(t *testing.T) { malformed(t, h) })
}

// Now is when the suite runs by the driver's clock.
func Now() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

// open makes the driver; its settings must be complete and all of them known.
func open(t testing.TB, h Harness, s Setup) partner.Partner {
	t.Helper()
	env := config.New(environ(h, s.Settings))
	p := h.Open(env.Instance("PARTNER", h.Name), Now)
	if err := env.Err("PARTNER_"); err != nil {
		t.Fatalf("complaints about good settings: %v", err)
	}
	return p
}

func environ(h Harness, settings map[string]string) []string {
	var out []string
	for name, value := range settings {
		out = append(out, "PARTNER_"+strings.ToUpper(h.Name)+"_"+name+"="+value)
	}
	return out
}

func complains(t *testing.T, h Harness, r Refused) {
	env := config.New(environ(h, r.Settings))
	if p := h.Open(env.Instance("PARTNER", h.Name), Now); p == nil {
		t.Fatal("Open gave nil: it complains and goes on")
	}
	err := env.Err()
	if err == nil || !strings.Contains(err.Error(), r.Says) {
		t.Fatalf("got %v, want a complaint with %q", err, r.Says)
	}
	for name, value := range r.Settings {
		if strings.Contains(name, "SECRET") && strings.Contains(err.Error(), value) {
			t.Errorf("the complaint shows %s", name)
		}
	}
}

// samples are the names of the documented samples.
func samples(t testing.TB) []string {
	t.Helper()
	names, err := filepath.Glob("testdata/*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("no samples in testdata: %v", err)
	}
	names = slices.DeleteFunc(names, func(n string) bool { return strings.HasSuffix(n, goldenSuffix) })
	for i, name := range names {
		names[i] = filepath.Base(name)
	}
	return names
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// names are the headers of r in order.
func names(r partner.Request) []string { return slices.Sorted(maps.Keys(r.Header)) }
