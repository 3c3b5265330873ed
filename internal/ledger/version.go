package ledger

import (
	"context"
	"errors"
	"sync"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/lead"
)

// lateCopy is how long after an event a copy of it counts as a duplicate although the lead has changed since.
const lateCopy = 10 * time.Minute

// races bounds how often a lost race for a lead's latest version is run again within one call.
const races = 10

// place is which event a message is.
type place struct {
	key     string
	Initial bool      // it is the first version of its lead, by receive time, that the ledger has seen, or no version at all
	old     bool      // it is an event that the ledger has, or once had
	event   azure.Row // the event's row, when it is there and was read
}

// version decides which event a versioned message is, in the history of its lead (DESIGN 3a): the same content as the
// version before it is that version's event; the same as an older one is a duplicate for ten minutes and then a new
// version, noted reverted, whose key carries its own receipt. It leaves the version in the index and, when it is the
// newest, as the lead's latest, in one transaction. Everything is decided from receive times, so redelivery decides alike.
//
// Most messages bring a lead, or a lead's first version: it tries that without a look.
func (l *Ledger) version(ctx context.Context, m *Message) (place, error) {
	_, err := l.index.insertAll(ctx, versionEntity(m, m.Key), latestEntity(m, m.Key, true))
	if err == nil {
		return place{key: m.Key, Initial: true}, nil
	}
	for range races {
		if !azure.Exists(err) && !azure.Stale(err) {
			return place{}, err
		}
		var p place
		if p, err = l.laterVersion(ctx, m); err == nil {
			return p, nil
		}
	}
	return place{}, &lead.Error{Kind: lead.Unavailable, Err: errors.New("the lead's latest version changed under every try")}
}

// laterVersion is version for a lead that has a version. Its error is one that azure.Exists or azure.Stale knows when
// another message of the lead was faster.
func (l *Ledger) laterVersion(ctx context.Context, m *Message) (place, error) {
	latest, own, err := l.latestAndOwn(ctx, m)
	if err != nil {
		return place{}, err
	}
	if own.Text("Receipt") == m.Envelope.ID {
		return place{key: m.Key, event: own}, nil
	}
	if latest.Text("Content") == m.Content {
		return l.latestOrOwn(ctx, m, latest, own)
	}
	p, err := l.olderVersion(ctx, m, own)
	if err != nil || p.old {
		return p, err
	}
	if m.Envelope.Time.After(latest.Time("Received")) {
		_, err = l.index.Transact(ctx, []azure.Write{{Entity: versionEntity(m, p.key)}, {Entity: latestEntity(m, p.key, false), Match: latest.ETag}})
		return p, err
	}
	// A newer version came first; this one stays in the history only.
	_, before, err := l.versionBefore(ctx, m.LeadKey, m.Envelope.ID)
	if err != nil {
		return p, err
	}
	p.Initial = !before
	_, err = l.index.add(ctx, versionEntity(m, p.key))
	return p, ignoreExists(err)
}

// latestAndOwn reads a lead's latest version and the event that has the message's own key, side by side.
func (l *Ledger) latestAndOwn(ctx context.Context, m *Message) (latest, own azure.Row, err error) {
	var wg sync.WaitGroup
	var ownErr error
	wg.Go(func() { own, _, ownErr = l.events.get(ctx, m.Key, eventRow) })
	latest, _, err = l.index.get(ctx, leadPrefix+m.LeadKey, latestRow)
	wg.Wait()
	return latest, own, errors.Join(err, ownErr)
}

// latestOrOwn is the event of a message that says what the latest version says: that version's, unless the message has
// brought an event of its own before the lead changed and came back to it. own is the row under the message's own key.
func (l *Ledger) latestOrOwn(ctx context.Context, m *Message, latest, own azure.Row) (place, error) {
	p := place{key: latest.Text("Key"), Initial: latest.Flag("Initial")}
	if p.key == m.Key {
		p.event = own
		return p, nil
	}
	back := l.revertedKey(m)
	if p.key == back {
		return p, nil
	}
	e, _, err := l.events.get(ctx, back, eventRow)
	if err == nil && e.Text("Receipt") == m.Envelope.ID {
		return place{key: back, event: e}, nil
	}
	return p, err
}

// olderVersion looks for the event among the lead's versions before the latest, which says something else. own is the row
// under the message's own key.
func (l *Ledger) olderVersion(ctx context.Context, m *Message, own azure.Row) (place, error) {
	if own.Key == "" {
		return place{key: m.Key}, nil
	}
	before, ok, err := l.versionBefore(ctx, m.LeadKey, m.Envelope.ID)
	if err != nil {
		return place{}, err
	}
	if ok && before.Text("Content") == m.Content {
		return place{key: before.Text("Key"), old: true}, nil
	}
	if m.Envelope.Time.Sub(own.Time("Received")) <= lateCopy {
		return place{key: m.Key, old: true, event: own}, nil
	}
	p := place{key: l.revertedKey(m)}
	m.Notes = append(m.Notes, lead.Note{Code: lead.NoteReverted})
	p.event, p.old, err = l.events.get(ctx, p.key, eventRow)
	return p, err
}

// revertedKey is the key of a message that brings back an older version of its lead.
func (l *Ledger) revertedKey(m *Message) string { return l.Hash.Of("reverted", m.Key, m.Envelope.ID) }

// versionBefore is the last version of a lead that was received before a receipt: receipts sort by time.
func (l *Ledger) versionBefore(ctx context.Context, leadKey, receipt string) (last azure.Row, ok bool, err error) {
	filter := "PartitionKey eq '" + leadPrefix + leadKey + "' and RowKey ge '" + versionPrefix + "' and RowKey lt '" + versionPrefix + receipt + "'"
	for r, err := range l.indexRows(ctx, filter, "") {
		if err != nil {
			return last, false, err
		}
		last, ok = r, true
	}
	return last, ok, nil
}

func versionEntity(m *Message, key string) *azure.Entity {
	return azure.NewEntity(leadPrefix+m.LeadKey, versionPrefix+m.Envelope.ID).
		Text("Key", key).Text("Content", m.Content).Time("Received", m.Envelope.Time)
}

// latestEntity makes the message's version its lead's latest.
func latestEntity(m *Message, key string, initial bool) *azure.Entity {
	return azure.NewEntity(leadPrefix+m.LeadKey, latestRow).
		Text("Key", key).Text("Content", m.Content).Time("Received", m.Envelope.Time).Text("Receipt", m.Envelope.ID).Flag("Initial", initial)
}
