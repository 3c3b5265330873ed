package partnertest

import (
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
	"leadrelay/internal/partner"
	"leadrelay/internal/schema"
)

// Memory is the family's smallest driver: one header secret, and a lead of three fields. Flows are tested with it.
type Memory struct {
	name   string
	gate   partner.Gate
	schema *schema.Schema[memory]
}

type memory struct {
	ID     string       `json:"id" validate:"required"`
	Amount lead.Decimal `json:"amount" validate:"omitempty,gte=0"`
	Email  string       `json:"email"`
	Extra  schema.Extra `json:",embed" validate:"extra"`
}

// OpenMemory reads HEADER (default X-Memory-Key), SECRET and SECRET_OLD.
func OpenMemory(s *config.Settings, _ func() time.Time) partner.Partner {
	m := &Memory{name: s.Name(), schema: schema.New[memory](nil)}
	m.gate.Header(s, "HEADER", "X-Memory-Key", "SECRET")
	if m.gate.Empty() {
		s.Complain("SECRET", "set it")
	}
	return m
}

// Admit judges the header secret.
func (m *Memory) Admit(r partner.Request) error { return m.gate.Admit(r) }

// Verify has nothing to judge.
func (m *Memory) Verify(partner.Request, []byte) error { return nil }

// Decode reads {"id", "amount", "email"}; only id is required.
func (m *Memory) Decode(_ partner.Request, body []byte) (e lead.Event, err error) {
	err = m.schema.Decode(body, func(in *memory, notes []lead.Note) error {
		e = lead.Event{
			Type:      "memory.lead",
			Key:       []string{in.ID, lead.HexHash(body)},
			Versioned: true,
			Lead:      lead.Lead{Partner: m.name, ID: in.ID, Amount: in.Amount, Contact: lead.Contact{Email: in.Email}},
			Priority:  lead.Medium,
			Notes:     notes,
		}
		return nil
	})
	return e, err
}
