package azuresim_test

import (
	"testing"

	"leadrelay/local/azuresim"
	"leadrelay/local/azurite/azuritetest"
)

// step is one call and what can be seen of its answer. azure is set where Azurite is wrong or not strict: what Azure
// documents instead, and so what azuresim says.
type step struct {
	name  string
	do    func(w *world) string
	azure string
	why   string // the source of azure
}

// noCode is the source of many exceptions.
const noCode = "§2, §6: 400s of Azurite's router have neither code nor body"

// TestSameCallsGiveTheSameAnswersAsAzurite runs every operation that the product uses against both.
func TestSameCallsGiveTheSameAnswersAsAzurite(t *testing.T) {
	real := newWorld(t, azuritetest.Start(t).ConnectionString(), nil)
	server := azuresim.New(azuresim.Options{VerifySharedKey: true})
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	socket := newWorld(t, server.ConnectionString(), nil)
	_, memory := inMemory(t, azuresim.Options{VerifySharedKey: true})
	for _, area := range []struct {
		name  string
		steps []step
	}{
		{"queues", queueSteps()}, {"blobs", blobSteps()}, {"leases", leaseSteps()}, {"appends and blocks", appendSteps()}, {"entities", entitySteps()},
		{"queries", querySteps()}, {"transactions", transactionSteps()}, {"SAS", sasSteps()}, {"raw", rawSteps()},
	} {
		t.Run(area.name, func(t *testing.T) {
			for _, s := range area.steps {
				azurite, got, direct := s.do(real), s.do(socket), s.do(memory)
				want := azurite
				if s.azure != "" {
					want = s.azure
					if azurite == s.azure {
						t.Errorf("%s: Azurite says %q as Azure does: it is no exception any more", s.name, azurite)
					}
				}
				if got != want {
					t.Errorf("%s:\n  azuresim %q\n  want     %q\n  Azurite  %q", s.name, around(got, want), around(want, got), around(azurite, got))
				}
				if direct != got {
					t.Errorf("%s: %q without a socket, %q with", s.name, around(direct, got), around(got, direct))
				}
			}
		})
	}
}

// around is what is worth showing of a where it differs from b.
func around(a, b string) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	from, to := max(0, i-120), min(len(a), i+200)
	return a[from:to]
}
