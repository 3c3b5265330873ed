package crmtest

import (
	"encoding/json"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
)

// The private things in the suite's leads: none may stand in an error.
const (
	privateEmail = "barbara.private@example.com"
	privatePhone = "555-0143-987"
	privateName  = "Privatelastname"
)

// received is when the suite's first event was received; later ones come a minute apart.
func received() time.Time { return time.Date(2026, 3, 2, 10, 30, 0, 123456700, time.UTC) }

// said is what one version of a lead says; empty is null in the payload.
type said struct{ email, city, status string }

// leadChange is a lead event of the n-th minute with a payload as CRF Connect would send it.
func leadChange(partner, id string, n int, s said) crm.Change {
	l := lead.Lead{
		Partner: partner, ID: id, SubmissionID: "3295f494-0607-43ce-afff-28b5b71838e2", DuplicateID: "Ks645Ke3aO0/RklhkHxHz2Q=",
		Status: s.status, State: "Submitted", Stage: lead.Open, Created: received().Add(-time.Hour),
		Amount: "25000.00", Purpose: "Working Capital",
		Contact:    lead.Contact{First: "Barbara", Last: privateName, Email: s.email, Phone: privatePhone},
		Business:   lead.Business{Name: "Some Company LLC.", Industry: "Retail", Type: "Corporation"},
		Address:    lead.PostalAddress{Line1: "1234 Options Ave.", City: s.city, State: "Minnesota", Zip: "55234", County: "Hennepin"},
		FraudScore: "0.15",
	}
	payload := encode(map[string]any{
		"id": id, "submissionId": l.SubmissionID, "duplicateId": l.DuplicateID, "dateCreated": l.Created,
		"status": orNull(s.status), "state": l.State, "requestedAmount": json.Number(l.Amount), "useOfProceeds": l.Purpose,
		"nameOfBusiness": l.Business.Name, "industry": l.Business.Industry, "businessType": l.Business.Type,
		"businessAddress": map[string]any{"line1": l.Address.Line1, "line2": nil, "city": orNull(s.city), "state": l.Address.State, "zip": l.Address.Zip, "county": l.Address.County},
		"firstName":       l.Contact.First, "lastName": l.Contact.Last, "email": orNull(s.email), "phone": l.Contact.Phone,
		"fraudScore": json.Number(l.FraudScore),
	})
	return crm.Change{
		Event:   lead.Event{Type: "crf.lead", Key: []string{id, s.email, s.city, s.status}, Versioned: true, About: lead.LeadEvent, Lead: l},
		Version: version(n), Payload: payload,
	}
}

// activityChange is something that happened to a lead in the n-th minute.
func activityChange(partner, id, word string, n int) crm.Change {
	at := received().Add(time.Duration(n) * time.Minute)
	return crm.Change{
		Event: lead.Event{
			Type: "credzu." + word, Key: []string{id, word}, About: lead.Activity, Lead: lead.Lead{Partner: partner, ID: id},
			Occurred: at, Priority: lead.High,
		},
		Version: version(n), Payload: encode(map[string]any{"event": word, "lead_id": id, "timestamp": at, "details": map[string]any{}}),
	}
}

func version(n int) lead.Version {
	return lead.Version{Time: received().Add(time.Duration(n) * time.Minute), Receipt: "01ARZ3NDEKTSV4RRFFQ69G5FA" + string(rune('A'+n%20))}
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // the values above are JSON
	}
	return b
}
