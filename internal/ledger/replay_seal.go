package ledger

import "leadrelay/internal/lead"

// maxNotes bounds the notes that travel with an event.
const maxNotes = 64

// Seal makes the message of an accepted event: its keys are the event's, hashed, and its envelope names its type and lead.
func Seal(h Hash, e lead.Envelope, event lead.Event) Message {
	e.Type, e.Subject = event.Type, event.Lead.ID
	var parts [8]string // a key has two or three
	m := Message{Envelope: e, Key: h.Of(append(append(parts[:0], "event", e.Partner), event.Key...)...), Notes: event.Notes[:min(len(event.Notes), maxNotes)]}
	if event.Lead.ID != "" {
		m.LeadKey = h.Lead(e.Partner, event.Lead.ID)
	}
	if event.Lead.SubmissionID != "" {
		m.Form = h.Submission(e.Partner, event.Lead.SubmissionID)
	}
	if event.Versioned {
		m.Content = event.Key[len(event.Key)-1]
	}
	return m
}
