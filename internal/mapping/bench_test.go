package mapping

import (
	"os"
	"testing"

	"github.com/google/uuid"
)

// BenchmarkRender is a lead through the default maps.
func BenchmarkRender(b *testing.B) {
	payload, err := os.ReadFile("../partner/crf/testdata/lead.json")
	if err != nil {
		b.Fatal(err)
	}
	for _, crm := range []string{"dataverse", "salesforce"} {
		m, err := Load(crm, "")
		if err != nil {
			b.Fatal(err)
		}
		b.Run(crm, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Render(event(), payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestIDIsTheVersion5UUIDOfItsParts(t *testing.T) {
	own := uuid.NewSHA1(uuid.NameSpaceURL, []byte("urn:leadrelay"))
	if want, got := uuid.NewSHA1(own, []byte("event\x00crf.lead\x00")).String(), ID("event", "crf.lead"); got != want {
		t.Errorf("want %s, got %s", want, got)
	}
}
