package mapping

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
	"leadrelay/internal/partner"
	"leadrelay/internal/partner/cr3dentials"
	"leadrelay/internal/partner/credzu"
	"leadrelay/internal/partner/crf"
	"leadrelay/internal/partner/referral"
)

// samples are every partner's own sample, decoded.
func samples(t *testing.T) map[string]struct {
	event   lead.Event
	payload []byte
} {
	t.Helper()
	env := config.New([]string{"PARTNER_X_SECRET=0123456789abcdef0123456789abcdef", "PARTNER_X_TOKEN=0123456789abcdef0123456789abcdef0123456789abcdef",
		"PARTNER_X_SVIX_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
	out := map[string]struct {
		event   lead.Event
		payload []byte
	}{}
	for name, p := range map[string]struct {
		open   partner.Open
		sample []byte
	}{"crf": {crf.Open, crf.Sample()}, "credzu": {credzu.Open, credzu.Sample()}, "cr3dentials": {cr3dentials.Open, cr3dentials.Sample()}, "referral": {referral.Open, referral.Sample()}} {
		e, err := p.open(env.Instance("PARTNER", "x"), time.Now).Decode(partner.Request{Header: http.Header{}}, p.sample)
		if err != nil {
			t.Fatal(err)
		}
		e.Lead.Partner = name
		out[name] = struct {
			event   lead.Event
			payload []byte
		}{e, p.sample}
	}
	return out
}

// protected are texts of the samples that the default maps keep to themselves.
func protected() []string { return []string{"Veteran", "127.0.0.1", "monthlyAmount", "1995-06-01"} }

func TestDefaultMapsTakeEverySampleAndKeepProtectedDataOut(t *testing.T) {
	for _, crm := range []string{"dataverse", "salesforce"} {
		m, err := Load(crm, "")
		if err != nil {
			t.Fatal(err)
		}
		for name, s := range samples(t) {
			r, err := m.Render(s.event, s.payload)
			if err != nil || len(r.Lead.Fields) == 0 {
				t.Errorf("%s, %s: %v", crm, name, err)
			}
			for _, rec := range append(r.Also, r.Lead) {
				for _, f := range rec.Fields {
					text, _ := f.Value.(string)
					for _, private := range protected() {
						if strings.Contains(text, private) {
							t.Errorf("%s, %s: %s holds %q", crm, name, f.Name, private)
						}
					}
				}
			}
		}
	}
}

func TestWhatIsOffIsWrittenWhenTheLenderTurnsItOn(t *testing.T) {
	for _, crm := range []string{"dataverse", "salesforce"} {
		text, err := Default(crm)
		if err != nil {
			t.Fatal(err)
		}
		m, err := Parse([]byte(strings.ReplaceAll(string(text), ", off: true", "")))
		if err != nil {
			t.Fatal(err)
		}
		all := ""
		for _, s := range samples(t) {
			r, err := m.Render(s.event, s.payload)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range r.Lead.Fields {
				text, _ := f.Value.(string)
				for _, private := range protected() {
					if strings.Contains(text, private) && !f.Sensitive {
						t.Errorf("%s: %s holds %q and is not marked as sensitive", crm, f.Name, private)
					}
				}
				all += text
			}
		}
		for _, private := range protected() {
			if !strings.Contains(all, private) {
				t.Errorf("%s: %q is not written", crm, private)
			}
		}
	}
}

func TestMapForAnotherCRMIsRefused(t *testing.T) {
	if _, err := Load("nosuch", ""); err == nil {
		t.Error("a CRM without a default map")
	}
	if _, err := Load("dataverse", "maps/salesforce.yaml"); err == nil || !strings.Contains(err.Error(), "salesforce") {
		t.Errorf("got %v", err)
	}
}
