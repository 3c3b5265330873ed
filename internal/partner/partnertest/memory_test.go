package partnertest_test

import (
	"testing"
	"time"

	"leadrelay/internal/lead"
	"leadrelay/internal/partner"
	"leadrelay/internal/partner/partnertest"
)

func harness() partnertest.Harness {
	return partnertest.Harness{
		Name: "memory",
		Open: partnertest.OpenMemory,
		Setups: []partnertest.Setup{{
			Name:     "header",
			Settings: map[string]string{"SECRET": "Current-memory-secret", "SECRET_OLD": "Former-memory-secret"},
			Prove: func(r *partner.Request, _ []byte, _ time.Time, k partnertest.Key) {
				r.Header.Set("X-Memory-Key", partnertest.Pick(k, "Current-memory-secret", "Former-memory-secret", "Somebody-elses-secret"))
			},
		}},
		Refused: []partnertest.Refused{
			{Name: "short", Settings: map[string]string{"SECRET": "short-secret"}, Says: "at least 16"},
		},
		Sample:   "memory.json",
		Required: []string{"id"},
		Invalid: []partnertest.Invalid{
			{Name: "negative", Old: "10.50", New: "-1", Fault: lead.Fault{Field: "amount", Rule: "gte=0"}},
		},
	}
}

func TestMemoryPassesTheSuite(t *testing.T) { partnertest.Run(t, harness()) }

func FuzzMemory(f *testing.F) { partnertest.Fuzz(f, harness()) }
