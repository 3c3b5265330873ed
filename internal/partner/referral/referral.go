// Package referral is the referral partner whose notifications Svix signs and delivers (seed 003): what became of a
// referral, one a POST, and a notice when our endpoint was switched off.
//
// Three headers prove it: an id, a timestamp and signatures over both and the body. It tries five times in seven days
// and switches the endpoint off after five days of failures.
package referral

import (
	"cmp"
	_ "embed"
	"strings"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
	"leadrelay/internal/partner"
	"leadrelay/internal/schema"
)

//go:embed testdata/created.json
var sample string

// Sample is the document's "Success Payload Example" (seed 003).
func Sample() []byte { return []byte(sample) }

// Partner is one configured referral partner.
type Partner struct {
	name   string
	gate   partner.Gate // empty: a path token is never right
	keys   []partner.Signer
	now    func() time.Time
	schema *schema.Schema[payload]
}

// Open reads SVIX_SECRET and SVIX_SECRET_OLD; SVIX_SECRET must be set. If the notice that our endpoint was switched
// off comes from another endpoint of Svix with a secret of its own, that secret goes into SVIX_SECRET_OLD.
func Open(s *config.Settings, now func() time.Time) partner.Partner {
	p := &Partner{name: s.Name(), now: now, keys: readKeys(s), schema: schema.New[payload](lookups())}
	if len(p.keys) == 0 {
		s.Complain("SVIX_SECRET", "set it: the signing secret of the endpoint, whsec_…, from the partner")
	}
	return p
}

// Admit judges that the signature's headers are there, well-formed and within five minutes of now.
func (p *Partner) Admit(r partner.Request) error {
	if err := p.gate.Admit(r); err != nil {
		return err
	}
	s, err := readSignature(r)
	if err != nil {
		return err
	}
	return s.age(p.now())
}

// Proof says what is proven.
func (p *Partner) Proof() string { return "Svix signature" }

// Verify judges the signature over the bytes as they came.
func (p *Partner) Verify(r partner.Request, body []byte) error {
	s, err := readSignature(r)
	if err != nil {
		return err
	}
	if !s.by(p.keys, body) {
		return lead.Errorf(lead.Unauthorized, "no signature is of this id, timestamp and body")
	}
	return nil
}

// Decode reads a notification. Its key is the id that Svix gave the message, which every try of it repeats; a payload
// that came without headers is keyed by referral_id, status and content.
func (p *Partner) Decode(r partner.Request, body []byte) (e lead.Event, err error) {
	err = p.schema.Decode(body, func(in *payload, notes []lead.Note) error {
		name := cmp.Or(text(in.EventName), text(in.Type))
		if name == "" {
			return partner.Invalid(lead.Fault{Field: "event_name", Rule: "required"})
		}
		e = lead.Event{Key: p.key(r, in, body), Occurred: lead.ParseTime(text(in.ReferralDate))}
		switch {
		case disabled(name):
			e.Type, e.About, e.Priority = "referral.endpoint_disabled", lead.Notice, lead.Critical
			e.Alarm = "the referral partner has switched our endpoint off after days of failures: mend it, then enable it in the partner's portal"
		case text(in.ReferralID) == "" && name == "REFERRAL_CREATED":
			return partner.Invalid(lead.Fault{Field: "referral_id", Rule: "required"})
		case text(in.ReferralID) == "": // an event that the document does not list, about no referral
			e.Type, e.About = "referral."+partner.Word(name), lead.Notice
			notes = append(notes, lead.Note{Code: lead.NoteUnknownEvent, Field: nameField(in)})
		default:
			e.Lead = in.lead(p.name, e.Occurred)
			notes = append(notes, in.place(&e, name)...)
		}
		e.Notes = notes
		return nil
	})
	if err != nil {
		return lead.Event{}, err
	}
	return e, nil
}

// place says what an event about a referral is: its type, its urgency and what is odd about it.
func (in *payload) place(e *lead.Event, name string) []lead.Note {
	status := text(in.Status)
	e.About, e.Priority = lead.Activity, lead.Medium
	switch {
	case name != "REFERRAL_CREATED":
		e.Type = "referral." + partner.Word(name)
		return []lead.Note{{Code: lead.NoteUnknownEvent, Field: nameField(in)}}
	case status == "FAILED":
		// No referral came to be, so no record waits for this: it is told, and kept with its failure message.
		e.Type, e.About, e.Priority, e.Lead.Stage = "referral.failed", lead.Notice, lead.High, lead.Lost
	case status == "CREATED":
		e.Type, e.About, e.Lead.Stage = "referral.created", lead.LeadEvent, lead.Open
	case status == "":
		e.Type, e.About = "referral.created", lead.LeadEvent
		return []lead.Note{{Code: lead.NoteAbsentField, Field: "status"}}
	default: // a status added yesterday; the lookup has noted it
		e.Type = "referral." + partner.Word(status)
	}
	return nil
}

func nameField(in *payload) string {
	if text(in.EventName) != "" {
		return "event_name"
	}
	return "type"
}

func (p *Partner) key(r partner.Request, in *payload, body []byte) []string {
	if len(r.Header) > 0 {
		if s, err := readSignature(r); err == nil {
			return []string{s.id}
		}
	}
	return []string{text(in.ReferralID), text(in.Status), lead.HexHash(body)}
}

// lead says the referral in our words. client_reference_id is the id that we gave it when we referred.
func (in *payload) lead(name string, created time.Time) lead.Lead {
	l := lead.Lead{Partner: name, ID: text(in.ReferralID), Status: text(in.Status), Created: created}
	if lead.IsUUID(l.ID) {
		l.ID = strings.ToLower(l.ID)
	}
	if d := in.Details; d != nil {
		l.Ref, l.Purpose = text(d.ClientReferenceID), text(d.ServiceRequired)
	}
	if c := in.Company; c != nil {
		l.Business.Name = text(c.Name)
	}
	if c := in.Contact; c != nil {
		l.Contact = lead.Contact{First: text(c.FirstName), Last: text(c.LastName), Email: text(c.Email),
			Phone: cmp.Or(text(c.PhoneNumber), text(c.MobileNumber))}
		if a := c.Address; a != nil {
			l.Address = lead.PostalAddress{Line1: text(a.Street), City: text(a.City), State: text(a.State), Zip: text(a.PostCode)}
		}
	}
	return l
}

// text is an optional string, empty when null or absent.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
