package ledger

import (
	"context"
	"errors"
	"fmt"

	"leadrelay/internal/azure"
	"leadrelay/internal/lead"
)

// maxClaim bounds an envelope that is read back: the largest body that any partner may send, with room for base64.
const maxClaim = 8 << 20

// Resolve reads the envelope of a message whose envelope lies in the claims; any other message it leaves alone.
func (l *Ledger) Resolve(ctx context.Context, m *Message) error {
	if m.Claim == "" || m.Envelope.Data != nil {
		return nil
	}
	e, err := l.readClaim(ctx, m.Claim)
	if err != nil {
		return err
	}
	m.Envelope = e
	return nil
}

// ErrErased says that an event's payload is gone: its retention is over, or somebody erased the person.
var ErrErased = errors.New("the payload is erased")

// Payload is the envelope of an event as the ledger keeps it. [ErrErased] when it is gone.
func (l *Ledger) Payload(ctx context.Context, e Event) (lead.Envelope, error) {
	switch {
	case e.Claim != "":
		env, err := l.readClaim(ctx, e.Claim)
		if azure.NotFound(err) {
			return env, ErrErased
		}
		return env, err
	case len(e.Envelope) == 0:
		return lead.Envelope{}, ErrErased
	}
	env, err := lead.ParseEnvelope(e.Envelope)
	if err != nil {
		return env, fmt.Errorf("event %s: %w", e.Key, err)
	}
	return env, nil
}

func (l *Ledger) readClaim(ctx context.Context, name string) (lead.Envelope, error) {
	b, err := download(ctx, l.Claims, name)
	if err != nil {
		return lead.Envelope{}, fmt.Errorf("read claim: %w", err)
	}
	e, err := lead.ParseEnvelope(b)
	if err != nil {
		return lead.Envelope{}, fmt.Errorf("claim %s: %w", name, err)
	}
	return e, nil
}
