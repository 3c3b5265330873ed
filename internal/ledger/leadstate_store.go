package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	load(ctx context.Context, key string) (leadState, string, error)
	// store writes a row if its ETag is still the given one (empty: if there is none) and gives the new ETag.
	store(ctx context.Context, key string, st leadState, etag string) (string, error)
	// remove deletes a row; there may be none.
	remove(ctx context.Context, key string) error
}

// tableRows keeps them in an Azure table.
type tableRows struct{ table *aztables.Client }

func (t tableRows) load(ctx context.Context, key string) (leadState, string, error) {
	resp, err := t.table.GetEntity(ctx, key, stateRowKey, nil)
	if azure.NotFound(err) {
		return leadState{}, "", nil
	}
	if err != nil {
		return leadState{}, "", azure.Classify(err)
	}
	var row leadStateRow
	if err := json.Unmarshal(resp.Value, &row); err != nil {
		return leadState{}, "", fmt.Errorf("a row of the lead states is not ours")
	}
	st, err := row.state()
	return st, string(resp.ETag), err
}

func (t tableRows) store(ctx context.Context, key string, st leadState, etag string) (string, error) {
	body, err := json.Marshal(st.row(key))
	if err != nil {
		return "", err
	}
	if etag == "" {
		return t.insert(ctx, body)
	}
	match := azcore.ETag(etag)
	resp, err := t.table.UpdateEntity(ctx, body, &aztables.UpdateEntityOptions{IfMatch: &match, UpdateMode: aztables.UpdateModeReplace})
	if azure.Stale(err) || azure.NotFound(err) {
		return "", errStateRace
	}
	return string(resp.ETag), azure.Classify(err)
}

// insert adds a row, and the table when it is missing.
func (t tableRows) insert(ctx context.Context, body []byte) (string, error) {
	resp, err := t.table.AddEntity(ctx, body, nil)
	if azure.NotFound(err) {
		if _, err := t.table.CreateTable(ctx, nil); err != nil && !azure.Exists(err) {
			return "", azure.Classify(err)
		}
		resp, err = t.table.AddEntity(ctx, body, nil)
	}
	if azure.Exists(err) {
		return "", errStateRace
	}
	return string(resp.ETag), azure.Classify(err)
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
	etag  string
}

func (m *memoryRows) load(ctx context.Context, key string) (leadState, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.rows[key]
	return r.state, r.etag, ctx.Err()
}

func (m *memoryRows) store(ctx context.Context, key string, st leadState, etag string) (string, error) {
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
	r := memoryRow{state: st, etag: strconv.Itoa(m.n)}
	m.rows[key] = r
	return r.etag, nil
}

func (m *memoryRows) remove(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.rows, key)
	return nil
}
