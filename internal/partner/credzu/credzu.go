// Package credzu is Credzu: what happens to borrowers whose credit it repairs, one event a POST (seed 000).
//
// Its document names no proof, so the address itself is the secret: an unguessable path token. It takes nothing but
// 200 for an answer and gives up after four tries in 85 s.
package credzu

import (
	_ "embed"
	"strconv"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
	"leadrelay/internal/partner"
	"leadrelay/internal/schema"
)

//go:embed testdata/mortgage_ready.json
var sample string

// Sample is the document's sample (seed 000, "Webhook Payload Structure") with the event mortgage_ready.
func Sample() []byte { return []byte(sample) }

// Partner is one configured Credzu.
type Partner struct {
	name   string
	gate   partner.Gate
	schema *schema.Schema[payload]
	events map[string]known
	empty  string // the hash of empty details, which most events have
}

// Open reads TOKEN and TOKEN_OLD; TOKEN must be set.
func Open(s *config.Settings, _ func() time.Time) partner.Partner {
	p := &Partner{name: s.Name(), schema: schema.New[payload](nil), events: events(), empty: lead.HexHash([]byte("{}"))}
	p.gate.Token(s)
	if p.gate.Empty() {
		s.Complain("TOKEN", "set it (openssl rand -hex 32): Credzu sends no proof, so a secret end of the URL, "+
			"/webhooks/%s/{token}, is the only one there is", s.Name())
	}
	return p
}

// Admit judges the path token.
func (p *Partner) Admit(r partner.Request) error { return p.gate.Admit(r) }

// Proof says what is proven.
func (p *Partner) Proof() string { return p.gate.Proof() }

// Verify has nothing to judge: Credzu does not sign bodies.
func (p *Partner) Verify(partner.Request, []byte) error { return nil }

// Decode reads an event. Its key is lead_id, event, timestamp and a hash of details, so that two chat messages in one
// second are two events. An event name that the document does not list is noted.
func (p *Partner) Decode(_ partner.Request, body []byte) (e lead.Event, err error) {
	err = p.schema.Decode(body, func(in *payload, notes []lead.Note) error {
		event, ok := p.events[in.Event]
		if !ok {
			event = known{"credzu." + partner.Word(in.Event), lead.Medium, lead.Unknown}
			notes = append(notes, lead.Note{Code: lead.NoteUnknownEvent, Field: "event"})
		}
		id, at := strconv.FormatInt(*in.LeadID, 10), text(in.Timestamp)
		e = lead.Event{
			Type:     event.kind,
			Key:      []string{id, in.Event, at, p.hash(in.Details)},
			About:    lead.Activity,
			Lead:     lead.Lead{Partner: p.name, ID: id, Ref: text(in.PartnerLeadID), Status: in.Event, Stage: event.stage},
			Occurred: lead.ParseTime(at),
			Priority: event.priority,
			Notes:    notes,
		}
		return nil
	})
	return e, err
}

// hash tells details apart; absent is not the same as empty.
func (p *Partner) hash(d details) string {
	switch string(d) {
	case "":
		return ""
	case "{}":
		return p.empty
	default:
		return lead.HexHash(d)
	}
}

// text is an optional string, empty when null or absent.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
