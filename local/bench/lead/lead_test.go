package lead_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"leadrelay/internal/partner/crf"
	"leadrelay/local/bench/lead"
)

func TestTheLeadIsTheDocumentsSample(t *testing.T) {
	var ours, theirs any
	if err := json.Unmarshal(lead.Lead(), &ours); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(crf.Sample(), &theirs); err != nil {
		t.Fatal(err)
	}
	if len(lead.Lead()) != lead.Size || !reflect.DeepEqual(ours, theirs) {
		t.Errorf("%d bytes, or another lead", len(lead.Lead()))
	}
}

func TestSixRequestsAreInvalidEach(t *testing.T) {
	for name, list := range map[string][]lead.Request{"product": lead.Invalid(), "floors": lead.InvalidToFloors()} {
		if len(list) != 6 {
			t.Errorf("%s: %d", name, len(list))
		}
		for _, r := range list {
			if same := bytes.Equal(r.Body, lead.Lead()); r.Status == 200 || same != (r.Key == "") {
				t.Errorf("%s: %s is not one of its kind", name, r.Name)
			}
		}
	}
}
