package cr3dentials

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	stdjson "encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
	"leadrelay/internal/partner"
	"leadrelay/internal/partner/partnertest"
)

const (
	header, oldHeader = "Current-cr3-header", "Former-cr3-header"
	key, oldKey       = "Current-cr3-hmac", "Former-cr3-hmac"
	wrong             = "Somebody-elses-secret"
)

func byHeader(r *partner.Request, _ []byte, _ time.Time, k partnertest.Key) {
	r.Header.Set("secret", partnertest.Pick(k, header, oldHeader, wrong))
}

func byHMAC(r *partner.Request, body []byte, _ time.Time, k partnertest.Key) {
	mac := hmac.New(sha256.New, []byte(partnertest.Pick(k, key, oldKey, wrong)))
	mac.Write(body)
	r.Header.Set("x-webhook-signature", hex.EncodeToString(mac.Sum(nil)))
}

func harness() partnertest.Harness {
	headers := map[string]string{"SECRET": header, "SECRET_OLD": oldHeader}
	keys := map[string]string{"HMAC_SECRET": key, "HMAC_SECRET_OLD": oldKey}
	return partnertest.Harness{
		Name: "cr3dentials",
		Open: Open,
		Setups: []partnertest.Setup{
			{Name: "hmac", Settings: keys, Prove: byHMAC, Body: true},
			{Name: "hmac of the compact body", Settings: keys, Body: true,
				Prove: func(r *partner.Request, body []byte, at time.Time, k partnertest.Key) {
					var compact bytes.Buffer // for these samples the same as JSON.stringify, by other code than ours
					if stdjson.Compact(&compact, body) != nil {
						compact.Write(body)
					}
					byHMAC(r, compact.Bytes(), at, k)
				}},
			{Name: "header", Settings: headers, Prove: byHeader},
			{Name: "both", Body: true,
				Settings: map[string]string{"HEADER": "Secret", "SECRET": header, "SECRET_OLD": oldHeader, "HMAC_SECRET": key, "HMAC_SECRET_OLD": oldKey},
				Prove: func(r *partner.Request, body []byte, at time.Time, k partnertest.Key) {
					byHeader(r, body, at, k)
					byHMAC(r, body, at, k)
				}},
		},
		Refused: []partnertest.Refused{
			{Name: "nothing", Says: "PARTNER_CR3DENTIALS_HMAC_SECRET"},
			{Name: "short", Settings: map[string]string{"SECRET": "guessable"}, Says: "PARTNER_CR3DENTIALS_SECRET: must be at least 16"},
			{Name: "old alone", Settings: map[string]string{"SECRET": header, "HMAC_SECRET_OLD": oldKey}, Says: "HMAC_SECRET_OLD: is set without"},
		},
		Sample:   "completed.json",
		Required: []string{"type", "data", "data.verificationId"},
		Free:     []string{"data.proofData", "data.formattedData"},
		Invalid:  invalid(),
	}
}

func invalid() []partnertest.Invalid {
	fault := func(name, old, new, field, rule string) partnertest.Invalid {
		return partnertest.Invalid{Name: name, Old: old, New: new, Fault: lead.Fault{Field: field, Rule: rule}}
	}
	return []partnertest.Invalid{
		fault("empty type", `"verification.completed"`, `""`, "type", "required"),
		fault("empty id", `"ver_abc123"`, `""`, "data.verificationId", "required"),
		fault("number id", `"ver_abc123"`, `5`, "data.verificationId", "type: string"),
		fault("session", `"sessionId": 123`, `"sessionId": true`, "data.sessionId", "type: string or number"),
		fault("time", `2024-01-15T14:30:00Z`, `yesterday`, "data.metadata.verifiedAt", "timestamp"),
		fault("milliseconds", `15000`, `"15000"`, "data.metadata.processingTimeMs", "type: number"),
		fault("status", `"success"`, `1`, "status", "type: string"),
	}
}

func TestSuite(t *testing.T) { partnertest.Run(t, harness()) }

func FuzzCr3dentials(f *testing.F) { partnertest.Fuzz(f, harness()) }

func BenchmarkCost(b *testing.B) { partnertest.Cost(b, harness()) }

func TestAllocates(t *testing.T) { partnertest.Allocates(t, harness(), 0, 6) }

func open(t *testing.T, environ ...string) partner.Partner {
	t.Helper()
	env := config.New(environ)
	p := Open(env.Instance("PARTNER", "cr3dentials"), partnertest.Now)
	if err := env.Err("PARTNER_"); err != nil {
		t.Fatal(err)
	}
	return p
}

func judge(p partner.Partner, body []byte, signature string) error {
	r := partner.Request{Header: http.Header{"X-Webhook-Signature": {signature}}}
	if err := p.Admit(r); err != nil {
		return err
	}
	return p.Verify(r, body)
}

func TestWhatNodeSignsOpens(t *testing.T) {
	node := startNode(t, key)
	p := open(t, "PARTNER_CR3DENTIALS_HMAC_SECRET=a-newer-secret", "PARTNER_CR3DENTIALS_HMAC_SECRET_OLD="+key)
	for _, body := range append(tricky(), string(Sample())) {
		text, signature, ok := node([]byte(body))
		if !ok {
			continue
		}
		for _, sent := range []string{body, text} {
			if err := judge(p, []byte(sent), signature); err != nil {
				t.Errorf("%q: %v", sent, err)
			}
		}
		if err := judge(p, []byte(`{"type":"another"}`), signature); lead.KindOf(err) != lead.Unauthorized {
			t.Errorf("the signature of %q opens another body: %v", body, err)
		}
	}
}

func TestDocumentsTestSignatureIsUnauthorized(t *testing.T) {
	p := open(t, "PARTNER_CR3DENTIALS_HMAC_SECRET="+key)
	if err := judge(p, Sample(), "test-signature"); lead.KindOf(err) != lead.Unauthorized {
		t.Errorf("got %v, want unauthorized", err)
	}
}

func decode(t *testing.T, old, new string) lead.Event {
	t.Helper()
	if !strings.Contains(string(Sample()), old) {
		t.Fatalf("the sample has no %s", old)
	}
	e, err := open(t, "PARTNER_CR3DENTIALS_SECRET="+header).Decode(partner.Request{}, []byte(strings.Replace(string(Sample()), old, new, 1)))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEachOutcomeOfAVerificationIsAnEvent(t *testing.T) {
	first := decode(t, "", "")
	for _, change := range [][2]string{{"verification.completed", "verification.failed"}, {"VERIFIED", "REJECTED"}, {"5000", "5001"}, {"ver_abc123", "ver_abc124"}} {
		if other := decode(t, change[0], change[1]); slices.Equal(first.Key, other.Key) {
			t.Errorf("%s for %s is the same event", change[1], change[0])
		}
	}
}

func TestAnyTypeIsAccepted(t *testing.T) {
	for kind, noted := range map[string]bool{"verification.completed": false, "verification.failed": false, "verification.expired": false,
		"manual_review.completed": false, "VERIFICATION_FAILED": false, "session.started": true} {
		e := decode(t, "verification.completed", kind)
		if got := slices.Contains(e.Notes, lead.Note{Code: lead.NoteUnknownEvent, Field: "type"}); got != noted {
			t.Errorf("%s: notes %v", kind, e.Notes)
		}
		if want := "cr3dentials." + strings.ToLower(kind); e.Type != want {
			t.Errorf("type %s, want %s", e.Type, want)
		}
	}
}

func TestSessionIDIsTheLeadElseTheVerification(t *testing.T) {
	for session, want := range map[string]string{"123": "123", `"s-9"`: "s-9", "null": "ver_abc123", `""`: "ver_abc123"} {
		if e := decode(t, `"sessionId": 123`, `"sessionId": `+session); e.Lead.ID != want {
			t.Errorf("session %s: lead %s, want %s", session, e.Lead.ID, want)
		}
	}
}

func TestMebibyteVerifies(t *testing.T) {
	body := fmt.Appendf(nil, `{ "type": "verification.completed", "status": "success", "data": {"verificationId": "v", "sessionId": 1, "status": "VERIFIED", "proofData": %q}}`,
		strings.Repeat("é", 1<<19-128))
	node := startNode(t, key)
	_, signature, _ := node(body)
	if err := judge(open(t, "PARTNER_CR3DENTIALS_HMAC_SECRET="+key), body, signature); err != nil {
		t.Error(err)
	}
}

func TestHostileNestingIsCheap(t *testing.T) {
	start := time.Now()
	body := []byte(strings.Repeat(`{"1":0,"0":`, 90_000))
	for _, b := range [][]byte{body, []byte(strings.Repeat("[", 1<<20)), []byte(strings.Repeat(`{"1":0,"0":`, deepest) + `"` + strings.Repeat("x", 1<<20) + `"` + strings.Repeat("}", deepest))} {
		stringify(b)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}
