package ledger

import (
	"context"
	"errors"
	"strconv"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
)

const stateRowKey = "s"

// errStateRace says that a row is no longer what it was when it was read.
var errStateRace = errors.New("the row has changed")

// stateRows is where the rows lie.
type stateRows interface {
	// load gives a row and its ETag; both are zero when there is none.
	load(ctx context.Context, key string) (leadState, azcore.ETag, error)
	// store writes a row if its ETag is still the given one (empty: if there is none) and gives the new ETag.
	store(ctx context.Context, key string, st leadState, etag azcore.ETag) (azcore.ETag, error)
	// remove deletes a row; there may be none.
	remove(ctx context.Context, key string) error
}

// tableRows keeps them in an Azure table.
type tableRows struct {
	rows  *azure.Rows
	table *aztables.Client // for what is rare
}

func (t tableRows) load(ctx context.Context, key string) (leadState, azcore.ETag, error) {
	row, err := t.rows.Get(ctx, key, stateRowKey)
	if azure.NotFound(err) {
		return leadState{}, "", nil
	}
	if err != nil {
		return leadState{}, "", err
	}
	st, err := parseState(row)
	return st, row.ETag, err
}

func (t tableRows) store(ctx context.Context, key string, st leadState, etag azcore.ETag) (azcore.ETag, error) {
	if etag == "" {
		return t.insert(ctx, st.entity(key))
	}
	etag, err := t.rows.Replace(ctx, st.entity(key), etag)
	if azure.Stale(err) || azure.NotFound(err) {
		return "", errStateRace
	}
	return etag, err
}

// insert adds a row, and the table when it is missing.
func (t tableRows) insert(ctx context.Context, e *azure.Entity) (azcore.ETag, error) {
	etag, err := t.rows.Insert(ctx, e)
	if azure.NotFound(err) {
		if _, err := t.table.CreateTable(ctx, nil); err != nil && !azure.Exists(err) {
			return "", azure.Classify(err)
		}
		etag, err = t.rows.Insert(ctx, e)
	}
	if azure.Exists(err) {
		return "", errStateRace
	}
	return etag, err
}

func (t tableRows) remove(ctx context.Context, key string) error {
	_, err := t.table.DeleteEntity(ctx, key, stateRowKey, nil)
	if azure.NotFound(err) {
		return nil
	}
	return azure.Classify(err)
}

// memoryRows keeps them in memory.
type memoryRows struct {
	mu   sync.Mutex
	rows map[string]memoryRow
	n    int
}

type memoryRow struct {
	state leadState
	etag  azcore.ETag
}

func (m *memoryRows) load(ctx context.Context, key string) (leadState, azcore.ETag, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.rows[key]
	return r.state, r.etag, ctx.Err()
}

func (m *memoryRows) store(ctx context.Context, key string, st leadState, etag azcore.ETag) (azcore.ETag, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if m.rows[key].etag != etag {
		return "", errStateRace
	}
	if m.rows == nil {
		m.rows = map[string]memoryRow{}
	}
	m.n++
	r := memoryRow{state: st, etag: azcore.ETag(strconv.Itoa(m.n))}
	m.rows[key] = r
	return r.etag, nil
}

func (m *memoryRows) remove(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.rows, key)
	return nil
}
