package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// KeepUnreadable keeps the bytes of a message that is none of ours as a dead event, so that a person can look at them.
// The same bytes are kept once. reason holds no part of them.
func (l *Ledger) KeepUnreadable(ctx context.Context, text []byte, reason string) error {
	sum := sha256.Sum256(text)
	digest := hex.EncodeToString(sum[:])
	e := Event{Key: l.Hash.Of("unreadable", digest), Receipt: digest, Partner: "unknown", Type: "unreadable", Received: l.Now(), State: Dead, Reject: &Rejection{Reason: reason}}
	if err := l.addDay(ctx, e); err != nil {
		return err
	}
	b, err := entity(e.Key, eventRow, map[string]any{
		"Receipt": e.Receipt, "Partner": e.Partner, "Type": e.Type, "Received": e.Received, "State": string(Dead),
		"Reject": encoded(e.Reject), "Message": aztables.EDMBinary(text)})
	if err != nil {
		return err
	}
	return ignoreExists(l.add(ctx, l.Events, b))
}
