// Package play is the four partners as senders: what they send, how they prove it, and how they try again.
//
// The partners' documents (seeds/) are its specification; what they leave open and this package had to decide is
// marked as an assumption. The data are invented: reserved phone numbers, mail domains and addresses only.
package play

import (
	"fmt"
	"slices"
	"strings"
)

// Partner is one of the four.
type Partner struct {
	Kind     string   // "crf", as in PARTNER_<NAME>_KIND
	Title    string   // as its document calls it
	Unit     string   // what one notification is: "lead"
	Events   []string // what it can tell, for Options.Event
	Header   string   // the header of a static secret, unless the receiver asked for another
	Schedule Schedule

	checkID func(id string) error
	make    func(d dice, o Options) Notification
}

// Notification is one thing that a partner tells. Every try of it has the same body.
type Notification struct {
	Lead      string // the partner's id of what it is about
	Event     string // the partner's word for what happened
	MessageID string // the Svix message id; only Svix uses it
	Body      []byte
}

// Options say what to make.
type Options struct {
	Seed     uint64 // the same seed makes the same bytes
	Event    string // one of the partner's Events; empty mixes them
	UpdateOf string // the id of the lead that every notification is about; empty makes new ones
}

// Partners are the four, in the order of the documents.
func Partners() []Partner { return []Partner{credzu(), crf(), referral(), cr3dentials()} }

// Find is the partner of a kind.
func Find(kind string) (Partner, error) {
	var kinds []string
	for _, p := range Partners() {
		if p.Kind == kind {
			return p, nil
		}
		kinds = append(kinds, p.Kind)
	}
	return Partner{}, fmt.Errorf("there is no partner %q; there are %s", kind, strings.Join(kinds, ", "))
}

// Generate gives the n-th notification of a seed, whichever others were made before. It fails when the partner does
// not tell such an event or gives its leads no such ids.
func (p Partner) Generate(o Options) (func(n int) Notification, error) {
	if o.Event != "" && !slices.Contains(p.Events, o.Event) {
		return nil, fmt.Errorf("%s does not tell %q; it tells %s", p.Title, o.Event, strings.Join(p.Events, ", "))
	}
	if o.UpdateOf != "" {
		if err := p.checkID(o.UpdateOf); err != nil {
			return nil, err
		}
	}
	return func(n int) Notification {
		made := p.make(roll(o.Seed, uint64(n)), o)
		made.MessageID = MessageID(made.Body)
		return made
	}, nil
}
