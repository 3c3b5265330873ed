// Package cr3dentials is Cr3dentials: the outcome of a borrower's verification, one a POST (seeds 002 and 004).
//
// A static header, an HMAC in x-webhook-signature, or both prove it. It gives up after 31 s and switches the webhook
// off; a notification carries no time, so only the ledger's dedupe stops a replay.
package cr3dentials

import (
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
	signs  []partner.Signer // one for each secret
	proof  string
	schema *schema.Schema[payload]
}

// Open reads HEADER (default secret) with SECRET and SECRET_OLD, HMAC_SECRET and HMAC_SECRET_OLD. At least one of
// SECRET and HMAC_SECRET must be set; when both are, both must be proven.
func Open(s *config.Settings, _ func() time.Time) partner.Partner {
	p := &Partner{name: s.Name(), schema: schema.New[payload](lookups())}
	p.gate.Header(s, "HEADER", "secret", "SECRET")
	for _, secret := range partner.Rotation(s, "HMAC_SECRET", 1) { // the partner chooses it, so its length is theirs
		p.signs = append(p.signs, partner.NewSigner([]byte(secret.Reveal())))
	}
	if p.gate.Empty() && len(p.signs) == 0 {
		s.Complain("SECRET", "set it (the value of the webhook's authentication header), or %s (the secret that signs "+
			"x-webhook-signature), or both", s.Key("HMAC_SECRET"))
	}
	switch p.proof = p.gate.Proof(); {
	case len(p.signs) == 0:
	case p.proof == "":
		p.proof = "HMAC-SHA256"
	default:
		p.proof += " and HMAC-SHA256"
	}
	return p
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
func (p *Partner) Proof() string { return p.proof }

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

// signed compares each in constant time. To tell apart which of our own secrets signed is no help to anybody.
func (p *Partner) signed(signature string, body []byte) bool {
	for _, signer := range p.signs {
		sum := signer.Sign(body)
		var want [2 * sha256.Size]byte
		hex.Encode(want[:], sum[:])
		if subtle.ConstantTimeCompare(want[:], []byte(signature)) == 1 {
			return true
		}
	}
	return false
}

// Decode reads an outcome. Its key is verificationId, type, data.status and a hash of data: the document dedupes by
// verificationId alone, which would lose what follows a first outcome. Any type is accepted.
func (p *Partner) Decode(_ partner.Request, body []byte) (e lead.Event, err error) {
	err = p.schema.Decode(body, func(in *payload, notes []lead.Note) error {
		priority, stage, ok := outcome(in.Type, text(in.Status))
		if !ok {
			notes = append(notes, lead.Note{Code: lead.NoteUnknownEvent, Field: "type"})
		}
		status := text(in.Data.Status)
		e = lead.Event{
			Type:     "cr3dentials." + partner.Word(in.Type),
			Key:      []string{in.Data.VerificationID, in.Type, status, lead.HexHash(in.Data.Raw)},
			About:    lead.Activity,
			Lead:     lead.Lead{Partner: p.name, ID: in.leadID(), Status: status, State: text(in.Status), Stage: stage},
			Priority: priority,
			Notes:    notes,
		}
		if in.Data.Metadata != nil {
			e.Occurred = lead.ParseTime(text(in.Data.Metadata.VerifiedAt))
		}
		return nil
	})
	return e, err
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
