package receiver

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
	"leadrelay/internal/partner"
	"leadrelay/internal/partner/cr3dentials"
	"leadrelay/internal/partner/credzu"
	"leadrelay/internal/partner/crf"
	"leadrelay/internal/partner/referral"
)

// The verdicts on a proof; "not asked" is the third.
const (
	right = "ok"
	wrong = "wrong"
)

// Proof is what a sender must prove; what is empty is not asked for. Kind, a partner, says whose payloads these are.
type Proof struct {
	Kind       string
	Header     string
	Secret     config.Secret // the value of Header
	Token      config.Secret // the last segment of the path
	HMACSecret config.Secret // x-webhook-signature, hex HMAC-SHA256 of the body
	SvixSecret config.Secret // svix-… or webhook-…, Standard Webhooks
}

// Verifier judges requests by leadrelay's own drivers.
type Verifier struct {
	gate   partner.Gate
	token  bool
	signed []partner.Partner
	kind   partner.Partner // decodes; nil when nobody said whose payloads these are
}

// NewVerifier fails when a secret cannot be one, and names its flag.
func NewVerifier(p Proof, now func() time.Time) (*Verifier, error) {
	env := config.New([]string{
		"PARTNER_PLAY_HEADER=" + p.Header, "PARTNER_PLAY_SECRET=" + p.Secret.Reveal(), "PARTNER_PLAY_TOKEN=" + p.Token.Reveal(),
		"PARTNER_HMAC_HMAC_SECRET=" + p.HMACSecret.Reveal(), "PARTNER_SVIX_SVIX_SECRET=" + p.SvixSecret.Reveal(),
	})
	v := &Verifier{token: p.Token != ""}
	if p.Secret != "" {
		v.gate.Header(env.Instance("PARTNER", "play"), "HEADER", "X-Api-Key", "SECRET")
	}
	v.gate.Token(env.Instance("PARTNER", "play"))
	if p.HMACSecret != "" {
		v.signed = append(v.signed, cr3dentials.Open(env.Instance("PARTNER", "hmac"), now))
	}
	if p.SvixSecret != "" {
		v.signed = append(v.signed, referral.Open(env.Instance("PARTNER", "svix"), now))
	}
	if err := env.Err(); err != nil {
		return nil, errors.New(strings.NewReplacer("PARTNER_PLAY_", "--", "PARTNER_HMAC_HMAC_SECRET", "--hmac-secret",
			"PARTNER_SVIX_SVIX_SECRET", "--svix-secret", "SECRET:", "secret:", "TOKEN:", "token:", "HEADER:", "header:").Replace(err.Error()))
	}
	if p.Kind != "" {
		open, ok := map[string]partner.Open{"crf": crf.Open, "credzu": credzu.Open, "cr3dentials": cr3dentials.Open, "referral": referral.Open}[p.Kind]
		if !ok {
			return nil, fmt.Errorf("there is no partner %q", p.Kind)
		}
		v.kind = open(config.New(nil).Instance("PARTNER", p.Kind), now) // to decode only, so what it complains of is no matter
	}
	return v, nil
}

// judge writes into rec what it finds.
func (v *Verifier) judge(rec *Record, req *http.Request) {
	r := partner.Request{Header: req.Header}
	if v.token {
		r.Token = path.Base(req.URL.Path)
	}
	if !v.gate.Empty() || len(v.signed) > 0 {
		rec.Proof = right
		if err := v.proven(r, rec.Body); err != nil {
			rec.Proof, rec.Reason = wrong, reason(err)
		}
	}
	if v.kind == nil {
		rec.Event, rec.Lead = Identify(rec.Body)
		return
	}
	if err := lead.WellFormed(rec.Body); err != nil {
		rec.Faults = reason(err)
		return
	}
	e, err := v.kind.Decode(r, rec.Body)
	if err != nil {
		rec.Faults = reason(err)
		return
	}
	rec.Event, rec.Lead = word(e.Type), word(e.Lead.ID)
}

func (v *Verifier) proven(r partner.Request, body []byte) error {
	if !v.gate.Empty() {
		if err := v.gate.Admit(r); err != nil {
			return err
		}
	}
	bare := partner.Request{Header: r.Header} // the gates of these have no token
	for _, p := range v.signed {
		if err := p.Admit(bare); err != nil {
			return err
		}
		if err := p.Verify(bare, body); err != nil {
			return err
		}
	}
	return nil
}

// reason is an error without its kind.
func reason(err error) string {
	text := err.Error()
	for _, kind := range []lead.Kind{lead.Unauthorized, lead.Invalid} {
		text = strings.TrimPrefix(text, kind.String()+": ")
	}
	return text
}

// Identify finds ids where any of the partners, or a CloudEvent, has them. They are no personal data; anything that does
// not look like an id is left out.
func Identify(body []byte) (event, id string) {
	var b struct {
		Event, Type, Source string
		EventName           string `json:"event_name"`
		ID                  any    `json:"id"`
		Subject             string
		LeadID              any `json:"lead_id"`
		ReferralID          any `json:"referral_id"`
		Data                struct{ SessionID, VerificationID any }
	}
	_ = json.Unmarshal(body, &b) // what is not JSON has none
	for _, name := range []string{b.Event, b.EventName, b.Type} {
		if event == "" {
			event = word(name)
		}
	}
	for _, v := range []any{b.LeadID, b.ReferralID, b.Data.SessionID, b.Data.VerificationID, b.Subject, b.ID} {
		if id == "" && v != nil {
			if n, ok := v.(float64); ok {
				v = fmt.Sprintf("%.0f", n)
			}
			id = word(fmt.Sprint(v))
		}
	}
	return event, id
}

// word is s if it looks like a name or an id.
func word(s string) string {
	if len(s) > 80 || strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("._:/|-", c)
	}) {
		return ""
	}
	return s
}
