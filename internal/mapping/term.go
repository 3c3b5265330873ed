package mapping

import (
	"strings"

	"leadrelay/internal/lead"
)

// term reads one thing that we know of an event in our own terms. What the partner did not say is null.
type term func(s *source) any

// terms are the event's lead and the event itself by the paths that reach them: "lead.contact.email".
func terms() map[string]term {
	out := map[string]term{
		"lead.amount":     func(s *source) any { return orNull(s.event.Lead.Amount) },
		"lead.fraudScore": func(s *source) any { return orNull(s.event.Lead.FraudScore) },
		"lead.stage":      func(s *source) any { return s.event.Lead.Stage.String() },
		"lead.created":    func(s *source) any { return orNull(zulu(s.event.Lead.Created)) },
		"event.type":      func(s *source) any { return s.event.Type },
		"event.word":      func(s *source) any { return word(s.event) },
		"event.key":       func(s *source) any { return s.id },
		"event.occurred":  func(s *source) any { return orNull(zulu(s.event.Occurred)) },
		"event.priority":  func(s *source) any { return s.event.Priority.String() },
	}
	for path, of := range map[string]func(*lead.Lead) string{
		"partner": func(l *lead.Lead) string { return l.Partner }, "id": func(l *lead.Lead) string { return l.ID },
		"ref": func(l *lead.Lead) string { return l.Ref }, "submissionId": func(l *lead.Lead) string { return l.SubmissionID },
		"duplicateId": func(l *lead.Lead) string { return l.DuplicateID }, "status": func(l *lead.Lead) string { return l.Status },
		"state": func(l *lead.Lead) string { return l.State }, "purpose": func(l *lead.Lead) string { return l.Purpose },
		"contact.first": func(l *lead.Lead) string { return l.Contact.First }, "contact.last": func(l *lead.Lead) string { return l.Contact.Last },
		"contact.email": func(l *lead.Lead) string { return l.Contact.Email }, "contact.phone": func(l *lead.Lead) string { return l.Contact.Phone },
		"business.name": func(l *lead.Lead) string { return l.Business.Name }, "business.industry": func(l *lead.Lead) string { return l.Business.Industry },
		"business.type": func(l *lead.Lead) string { return l.Business.Type },
		"address.line1": func(l *lead.Lead) string { return l.Address.Line1 }, "address.line2": func(l *lead.Lead) string { return l.Address.Line2 },
		"address.city": func(l *lead.Lead) string { return l.Address.City }, "address.state": func(l *lead.Lead) string { return l.Address.State },
		"address.zip": func(l *lead.Lead) string { return l.Address.Zip }, "address.county": func(l *lead.Lead) string { return l.Address.County },
	} {
		out["lead."+path] = func(s *source) any { return orNull(of(&s.event.Lead)) }
	}
	return out
}

// orNull is a text, or null when it is empty.
func orNull[T ~string](v T) any {
	if v == "" {
		return nil
	}
	return v
}

// nested are the terms as objects: for a path that reaches more than one.
func (s *source) nested(terms map[string]term) any {
	root := map[string]any{}
	for path, read := range terms {
		m, steps := root, strings.Split(path, ".")
		for _, step := range steps[:len(steps)-1] {
			inner, ok := m[step].(map[string]any)
			if !ok {
				inner = map[string]any{}
				m[step] = inner
			}
			m = inner
		}
		m[steps[len(steps)-1]] = read(s)
	}
	return root
}
