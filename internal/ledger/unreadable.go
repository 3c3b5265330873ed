package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/oklog/ulid/v2"

	"leadrelay/internal/azure"
)

// UnknownPartner is in the place of the partner of what could not be read.
const UnknownPartner = "unknown"

// KeepUnreadable keeps the bytes of a message that is none of ours as a dead event, so that a person can look at them.
// The same bytes are kept once. Its index rows come after the event, under the receipt that the event has got: the message
// is there until all of them are written. reason holds no part of them.
func (l *Ledger) KeepUnreadable(ctx context.Context, text []byte, reason string) error {
	sum := sha256.Sum256(text)
	now := l.Now()
	receipt, err := ulid.New(ulid.Timestamp(now), bytes.NewReader(sum[:]))
	if err != nil {
		return err // the clock is beyond the year 10889
	}
	e := Event{Key: l.Hash.Of("unreadable", hex.EncodeToString(sum[:])), Receipt: receipt.String(), Partner: UnknownPartner, Type: "unreadable",
		Received: now, State: Dead, Reject: &Rejection{Reason: reason}}
	_, err = l.events.add(ctx, eventEntity(e).Bytes("Message", text))
	if azure.Exists(err) {
		if e, _, err = l.Event(ctx, e.Key); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	o := Opened{Key: e.Key, State: e.State, line: e.line()}
	if o.line.etag, err = l.addIndex(ctx, e); err != nil {
		return err
	}
	return l.settled(ctx, o)
}
