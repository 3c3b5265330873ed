package main

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"

	"leadrelay/local/azuresim"
	"leadrelay/local/bench/bare/script"
	"leadrelay/local/bench/tap"
)

// TestFloorMakesTheRequestsOfTheProduct records the product and holds the frozen scripts to it: the same operations in the
// same stages, and bodies of the same size but for 5 %. When the product has changed on purpose, run it with -update.
func TestFloorMakesTheRequestsOfTheProduct(t *testing.T) {
	for name, now := range recorded(t) {
		if *update {
			write(t, name, now)
			continue
		}
		frozen, err := script.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if frozen.Fetch != nil {
			frozen.Steps, now.Steps = append(frozen.Steps, *frozen.Fetch), append(now.Steps, *now.Fetch)
		}
		same(t, name, frozen.Steps, now.Steps)
	}
}

func same(t *testing.T, name string, frozen, now []script.Step) {
	t.Helper()
	a, b := asked(frozen), asked(now)
	if !slices.Equal(names(a), names(b)) {
		t.Errorf("%s: the floor asks\n%q\nand the product\n%q", name, names(a), names(b))
		return
	}
	for i := range a {
		if d := a[i].size - b[i].size; d*20 > b[i].size || -d*20 > b[i].size {
			t.Errorf("%s: the floor's body of %s is %d bytes, the product's %d", name, a[i].name, a[i].size, b[i].size)
		}
	}
}

// ask is a request less its keys.
type ask struct {
	name string
	size int
}

// keys are parts of paths that are fresh, or signatures.
var keys = regexp.MustCompile(`\(.*\)|/@message@|[?].*$`)

// asked are the steps as asks, in order; steps of one stage have none of their own.
func asked(steps []script.Step) []ask {
	var out []ask
	for _, s := range steps {
		out = append(out, ask{fmt.Sprintf("%d %s %s%s %s", s.Stage, s.Method, s.To, keys.ReplaceAllString(s.Path, ""), s.Sign), len(s.Body)})
	}
	slices.SortFunc(out, func(a, b ask) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.size, b.size)) })
	return out
}

func names(all []ask) []string {
	var out []string
	for _, a := range all {
		out = append(out, a.name)
	}
	return out
}

// TestFloorIsBelieved plays every script against a storage that verifies signatures and SAS.
func TestFloorIsBelieved(t *testing.T) {
	sim := azuresim.New(azuresim.Options{VerifySharedKey: true, Now: bubble, Accounts: []azuresim.Account{{Name: azuresim.AccountName, Key: azuresim.AccountKey}, {Name: tap.Lender, Key: azuresim.AccountKey}}})
	defer sim.Close()
	seen := &statuses{next: sim.Process()}
	f, err := newFar(sim.ConnectionString(), "http://127.0.0.1:10001/"+tap.Lender, "http://127.0.0.1:10001/crm")
	if err != nil {
		t.Fatal(err)
	}
	f.transport = seen
	for _, name := range []string{"deliver1", "deliver2", "deliver8", "drain"} {
		s, err := script.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		s.Steps = slices.DeleteFunc(s.Steps, func(s script.Step) bool { return s.To == "crm" })
		for _, step := range s.Steps {
			r, err := f.ready(step)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = r.send(t.Context(), values{fresh: fresh(), message: "id", pop: "pop"}, false) // tables and queues are missing: 404 it is
		}
	}
	if seen.refused != nil {
		t.Error(seen.refused)
	}
}

// bubble is when the scripts were recorded: their SAS are good then.
func bubble() time.Time { return time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC) }

// statuses looks at what answers say about the sender.
type statuses struct {
	next    http.RoundTripper
	refused error
}

func (s *statuses) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.next.RoundTrip(r)
	if err == nil && (resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusBadRequest) && s.refused == nil {
		s.refused = fmt.Errorf("%s %s was answered %s", r.Method, r.URL.Path, resp.Status)
	}
	return resp, err
}
