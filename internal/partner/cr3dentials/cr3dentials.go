// Package cr3dentials is Cr3dentials: the outcome of a borrower's verification, one a POST (seeds 002 and 004).
//
// A static header, an HMAC in x-webhook-signature, or both prove it. It gives up after 31 s and switches the webhook
// off; a notification carries no time, so only the ledger's dedupe stops a replay.
package cr3dentials

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/hex"
	"strings"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
	"leadrelay/internal/partner"
	"leadrelay/internal/schema"
)

// signatureHeader is from the document's "Verify Webhook Signatures".
const signatureHeader = "X-Webhook-Signature"

//go:embed testdata/completed.json
var sample string

// Sample is the document's "Default Webhook Payload" (seed 004), byte for byte.
func Sample() []byte { return []byte(sample) }

// Partner is one configured Cr3dentials.
type Partner struct {
	name   string
	gate   partner.Gate
	signs  []func(body []byte) []byte // the hex HMAC-SHA256 of a body, one for each secret
	schema *schema.Schema[payload]
}

// Open reads HEADER (default secret) with SECRET and SECRET_OLD, HMAC_SECRET and HMAC_SECRET_OLD. At least one of
// SECRET and HMAC_SECRET must be set; when both are, both must be proven.
func Open(s *config.Settings, _ func() time.Time) partner.Partner {
	p := &Partner{name: s.Name(), schema: schema.New[payload](lookups())}
	p.gate.Header(s, "HEADER", "secret", "SECRET")
	for _, secret := range partner.Rotation(s, "HMAC_SECRET", 1) { // the partner chooses it, so its length is theirs
		p.signs = append(p.signs, func(body []byte) []byte { return sign(secret, body) })
	}
	if p.gate.Empty() && len(p.signs) == 0 {
		s.Complain("SECRET", "set it (the value of the webhook's authentication header), or %s (the secret that signs "+
			"x-webhook-signature), or both", s.Key("HMAC_SECRET"))
	}
	return p
}

func sign(secret config.Secret, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write(body)
	return hex.AppendEncode(nil, mac.Sum(nil))
}

// Admit judges the header secret and that there is one signature of the right form, when one is due.
func (p *Partner) Admit(r partner.Request) error {
	if err := p.gate.Admit(r); err != nil {
		return err
	}
	_, err := p.signature(r)
	return err
}

// Proof says what is proven.
func (p *Partner) Proof() string {
	switch gate := p.gate.Proof(); {
	case len(p.signs) == 0:
		return gate
	case gate == "":
		return "HMAC-SHA256"
	default:
		return gate + " and HMAC-SHA256"
	}
}

// signature is the one that r carries, empty when none is due.
func (p *Partner) signature(r partner.Request) (string, error) {
	if len(p.signs) == 0 {
		return "", nil
	}
	value, err := partner.OneHeader(r, signatureHeader)
	if err != nil {
		return "", err
	}
	if len(value) != 2*sha256.Size || strings.Trim(value, "0123456789abcdef") != "" {
		return "", lead.Errorf(lead.Unauthorized, "header %s is not 64 hexadecimal digits in lower case", signatureHeader)
	}
	return value, nil
}

// Verify judges the signature: over the bytes as they came ("the exact payload we send"), else over what the
// document's own sample signs, JSON.stringify of the parsed body.
func (p *Partner) Verify(r partner.Request, body []byte) error {
	signature, err := p.signature(r)
	if err != nil || len(p.signs) == 0 {
		return err
	}
	if p.signed(signature, body) {
		return nil
	}
	if again, ok := stringify(body); ok && p.signed(signature, again) {
		return nil
	}
	return lead.Errorf(lead.Unauthorized, "header %s does not sign this body", signatureHeader)
}

func (p *Partner) signed(signature string, body []byte) bool {
	open := 0
	for _, sign := range p.signs {
		open |= subtle.ConstantTimeCompare(sign(body), []byte(signature))
	}
	return open == 1
}

// Decode reads an outcome. Its key is verificationId, type, data.status and a hash of data: the document dedupes by
// verificationId alone, which would lose what follows a first outcome. Any type is accepted.
func (p *Partner) Decode(_ partner.Request, body []byte) (lead.Event, error) {
	in, notes, err := p.schema.Decode(body)
	if err != nil {
		return lead.Event{}, err
	}
	hash := lead.ContentHash(in.Data.Raw)
	priority, stage, ok := outcome(in.Type, text(in.Status))
	if !ok {
		notes = append(notes, lead.Note{Code: lead.NoteUnknownEvent, Field: "type"})
	}
	e := lead.Event{
		Type:     "cr3dentials." + partner.Word(in.Type),
		Key:      []string{in.Data.VerificationID, in.Type, text(in.Data.Status), hex.EncodeToString(hash[:])},
		About:    lead.Activity,
		Lead:     lead.Lead{Partner: p.name, ID: in.leadID(), Status: text(in.Data.Status), State: text(in.Status), Stage: stage},
		Priority: priority,
		Notes:    notes,
	}
	if in.Data.Metadata != nil {
		e.Occurred = lead.ParseTime(text(in.Data.Metadata.VerifiedAt))
	}
	return e, nil
}

// leadID is the session, "Your session ID from when you created the verification"; without one the verification.
func (in *payload) leadID() string {
	if s := in.Data.SessionID; s != nil && *s != "" {
		return string(*s)
	}
	return in.Data.VerificationID
}

// text is an optional string, empty when null or absent.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
