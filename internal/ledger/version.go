package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
	"leadrelay/internal/lead"
)

// lateCopy is how long after an event a copy of it counts as a duplicate although the lead has changed since.
const lateCopy = 10 * time.Minute

// races bounds how often a lost race for a lead's latest version is run again within one call.
const races = 10

// version decides which event a versioned message is, in the history of its lead (DESIGN 3a): the same content as the
// version before it is that version's event; the same as an older one is a duplicate for ten minutes and then a new
// version, noted reverted, whose key carries its own receipt. It leaves the version in the index and, when it is the
// newest, as the lead's latest. Everything is decided from receive times, so redelivery decides alike.
func (l *Ledger) version(ctx context.Context, m *Message) (key string, err error) {
	partition := leadPrefix + m.LeadKey
	for range races {
		latest, ok, err := get(ctx, l.Index, partition, latestRow)
		if err != nil {
			return "", err
		}
		if ok && latest.text("Content") == m.Content {
			return l.latestOrOwn(ctx, m, latest.text("Key"))
		}
		key = m.Key
		if ok {
			known := false
			if key, known, err = l.olderVersion(ctx, m); err != nil || known {
				return key, err
			}
		}
		if err := l.addVersion(ctx, m, key); err != nil {
			return "", err
		}
		if ok && !m.Envelope.Time.After(latest.time("Received")) {
			return key, nil // a newer version came first; this one stays in the history only
		}
		if err := l.setLatest(ctx, m, key, latest, ok); err == nil {
			return key, nil
		} else if !azure.Exists(err) && !azure.Stale(err) {
			return "", azure.Classify(err)
		}
	}
	return "", &lead.Error{Kind: lead.Unavailable, Err: errors.New("the lead's latest version changed under every try")}
}

// latestOrOwn is the event of a message that says what the latest version says: that version's, unless the message has
// brought an event of its own before the lead changed and came back to it.
func (l *Ledger) latestOrOwn(ctx context.Context, m *Message, latest string) (key string, err error) {
	for _, own := range []string{m.Key, l.Hash.Of("reverted", m.Key, m.Envelope.ID)} {
		if own == latest {
			break
		}
		e, ok, err := get(ctx, l.Events, own, eventRow)
		if err != nil {
			return "", err
		}
		if ok && e.text("Receipt") == m.Envelope.ID {
			return own, nil
		}
	}
	return latest, nil
}

// olderVersion looks for the event among the lead's versions before the latest. known says that key is an event that
// the ledger has, or once had: a redelivery or a duplicate.
func (l *Ledger) olderVersion(ctx context.Context, m *Message) (key string, known bool, err error) {
	older, ok, err := get(ctx, l.Events, m.Key, eventRow)
	if err != nil || !ok {
		return m.Key, false, err
	}
	if older.text("Receipt") == m.Envelope.ID {
		return m.Key, true, nil
	}
	before, ok, err := l.versionBefore(ctx, m.LeadKey, m.Envelope.ID)
	if err != nil {
		return "", false, err
	}
	if ok && before.text("Content") == m.Content {
		return before.text("Key"), true, nil
	}
	if m.Envelope.Time.Sub(older.time("Received")) <= lateCopy {
		return m.Key, true, nil
	}
	key = l.Hash.Of("reverted", m.Key, m.Envelope.ID)
	m.Notes = append(m.Notes, lead.Note{Code: lead.NoteReverted})
	_, known, err = get(ctx, l.Events, key, eventRow)
	return key, known, err
}

// versionBefore is the last version of a lead that was received before a receipt: receipts sort by time.
func (l *Ledger) versionBefore(ctx context.Context, leadKey, receipt string) (last row, ok bool, err error) {
	filter := "PartitionKey eq '" + leadPrefix + leadKey + "' and RowKey ge '" + versionPrefix + "' and RowKey lt '" + versionPrefix + receipt + "'"
	pages := l.Index.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter})
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return row{}, false, azure.Classify(err)
		}
		for _, b := range page.Entities {
			if last, err = parseRow(b); err != nil {
				return row{}, false, err
			}
			ok = true
		}
	}
	return last, ok, nil
}

func (l *Ledger) addVersion(ctx context.Context, m *Message, key string) error {
	b, err := entity(leadPrefix+m.LeadKey, versionPrefix+m.Envelope.ID, map[string]any{"Key": key, "Content": m.Content, "Received": m.Envelope.Time})
	if err != nil {
		return err
	}
	return ignoreExists(l.add(ctx, l.Index, b))
}

// setLatest makes the message's version the lead's latest, if latest is still what was read.
func (l *Ledger) setLatest(ctx context.Context, m *Message, key string, latest row, exists bool) error {
	b, err := entity(leadPrefix+m.LeadKey, latestRow, map[string]any{"Key": key, "Content": m.Content, "Received": m.Envelope.Time, "Receipt": m.Envelope.ID})
	if err != nil {
		return err
	}
	if !exists {
		return l.add(ctx, l.Index, b)
	}
	_, err = l.Index.UpdateEntity(ctx, b, &aztables.UpdateEntityOptions{IfMatch: &latest.etag, UpdateMode: aztables.UpdateModeReplace})
	return azure.Classify(err)
}

// add inserts a row; a missing table is created, once.
func (l *Ledger) add(ctx context.Context, t *aztables.Client, b []byte) error {
	_, err := t.AddEntity(ctx, b, nil)
	if azure.NotFound(err) {
		if _, err := t.CreateTable(ctx, nil); err != nil && !azure.Exists(err) {
			return azure.Classify(err)
		}
		_, err = t.AddEntity(ctx, b, nil)
	}
	return azure.Classify(err)
}

func ignoreExists(err error) error {
	if azure.Exists(err) {
		return nil
	}
	return err
}
