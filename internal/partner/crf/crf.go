// Package crf is CRF Connect: leads and their updates, one a POST (seed 001).
//
// Connect attaches any headers that we ask for and calls any address that we give it, so a header secret, a second one
// and a path token can prove it, in any combination. An update is the same lead id with other content.
package crf

import (
	_ "embed"
	"strings"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
	"leadrelay/internal/partner"
	"leadrelay/internal/schema"
)

//go:embed testdata/lead.json
var sample string

// Sample is the document's sample lead (seed 001, "Request Payload - Sample"), byte for byte.
func Sample() []byte { return []byte(sample) }

// Partner is one configured CRF Connect.
type Partner struct {
	name   string
	gate   partner.Gate
	schema *schema.Schema[payload]
}

// Open reads HEADER (default X-Api-Key) with SECRET and SECRET_OLD, HEADER2 with SECRET2 and SECRET2_OLD,
// TOKEN and TOKEN_OLD. At least one secret or token must be set.
func Open(s *config.Settings, _ func() time.Time) partner.Partner {
	p := &Partner{name: s.Name(), schema: schema.New[payload](lookups())}
	p.gate.Header(s, "HEADER", "X-Api-Key", "SECRET")
	p.gate.Header(s, "HEADER2", "", "SECRET2")
	p.gate.Token(s)
	if p.gate.Empty() {
		s.Complain("SECRET", "set it (the value of a header that CRF Connect attaches), or %s (a secret end of the URL): "+
			"without a proof anybody could send leads", s.Key("TOKEN"))
	}
	return p
}

// Admit judges the header secrets and the path token.
func (p *Partner) Admit(r partner.Request) error { return p.gate.Admit(r) }

// Proof says what is proven.
func (p *Partner) Proof() string { return p.gate.Proof() }

// Verify has nothing to judge: CRF Connect does not sign bodies.
func (p *Partner) Verify(partner.Request, []byte) error { return nil }

// Decode reads a lead. Its key is the lead's id and a hash of the content: other content is an update.
func (p *Partner) Decode(_ partner.Request, body []byte) (e lead.Event, err error) {
	err = p.schema.Decode(body, func(in *payload, notes []lead.Note) error {
		e = lead.Event{
			Type:      "crf.lead",
			Versioned: true,
			About:     lead.LeadEvent,
			Lead:      in.lead(p.name),
			Priority:  lead.Medium,
			Notes:     notes,
		}
		e.Key = []string{e.Lead.ID, lead.HexHash(body)}
		return nil
	})
	return e, err
}

// lead says the payload in our words.
func (in *payload) lead(name string) lead.Lead {
	l := lead.Lead{
		Partner:      name,
		ID:           strings.ToLower(text(in.ID)),
		SubmissionID: strings.ToLower(text(in.SubmissionID)),
		DuplicateID:  text(in.DuplicateID),
		Status:       text(in.Status),
		State:        text(in.State),
		Stage:        stage(text(in.Status), text(in.State)),
		Created:      lead.ParseTime(text(in.DateCreated)),
		Amount:       in.RequestedAmount,
		Purpose:      text(in.UseOfProceeds),
		Contact:      lead.Contact{First: text(in.FirstName), Last: text(in.LastName), Email: text(in.Email), Phone: text(in.Phone)},
		Business:     lead.Business{Name: text(in.NameOfBusiness), Industry: text(in.Industry), Type: text(in.BusinessType)},
		FraudScore:   in.FraudScore,
	}
	if a := in.BusinessAddress; a != nil {
		l.Address = lead.PostalAddress{Line1: text(a.Line1), Line2: text(a.Line2), City: text(a.City),
			State: text(a.State), Zip: text(a.Zip), County: text(a.County)}
	}
	return l
}

// stage places a status (seed 001, "Lead Status"). A removed lead is lost, whatever its status was.
func stage(status, state string) lead.Stage {
	if state == "Removed" {
		return lead.Lost
	}
	switch status {
	case "Matched", "Reviewed":
		return lead.Open
	case "Contacted":
		return lead.Engaged
	case "Qualified":
		return lead.Qualified
	case "Funded":
		return lead.Won
	case "Disqualified", "Withdrawn":
		return lead.Lost
	default:
		return lead.Unknown
	}
}

// text is an optional string, empty when null or absent.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
