package ledger

import (
	"context"
	"fmt"

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
