package azure

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// Rows are the rows of a table of our own account, for what is done with every event. What is done now and then goes
// through the SDK. Errors are as [Classify] tells them.
type Rows struct{ sdk *aztables.Client }

// Rows is a table of the account, for what is done with every event. Nothing is called.
func (a *Account) Rows(name string) *Rows { return &Rows{sdk: a.Table(name)} }

// Get reads a row; one that is missing is an error that [NotFound] knows.
func (t *Rows) Get(ctx context.Context, partition, key string) (Row, error) {
	resp, err := t.sdk.GetEntity(ctx, partition, key, nil)
	if err != nil {
		return Row{}, Classify(err)
	}
	r, err := ParseRow(resp.Value)
	if r.ETag == "" {
		r.ETag = resp.ETag
	}
	return r, err
}

// Insert adds a row; one that is there is an error that [Exists] knows.
func (t *Rows) Insert(ctx context.Context, e *Entity) (azcore.ETag, error) {
	resp, err := t.sdk.AddEntity(ctx, e.JSON(), nil)
	return resp.ETag, Classify(err)
}

// Merge changes the named properties of a row that is still what it was at the ETag; else the error is one that [Stale]
// knows, or [NotFound]. azcore.ETagAny changes whatever is there.
func (t *Rows) Merge(ctx context.Context, e *Entity, match azcore.ETag) (azcore.ETag, error) {
	return t.update(ctx, e, match, aztables.UpdateModeMerge)
}

// Replace is Merge that drops the properties which are not named.
func (t *Rows) Replace(ctx context.Context, e *Entity, match azcore.ETag) (azcore.ETag, error) {
	return t.update(ctx, e, match, aztables.UpdateModeReplace)
}

func (t *Rows) update(ctx context.Context, e *Entity, match azcore.ETag, mode aztables.UpdateMode) (azcore.ETag, error) {
	resp, err := t.sdk.UpdateEntity(ctx, e.JSON(), &aztables.UpdateEntityOptions{IfMatch: &match, UpdateMode: mode})
	return resp.ETag, Classify(err)
}

// Write is one part of a transaction: an insert where Match is empty, else a merge at that ETag.
type Write struct {
	Entity *Entity
	Match  azcore.ETag
}

// MaxWrites is how many writes one transaction holds.
const MaxWrites = 100

// Transact does all the writes, which are rows of one partition, or none. It gives the ETag of each, in order. Its error is
// that of the first write that failed.
func (t *Rows) Transact(ctx context.Context, writes []Write) ([]azcore.ETag, error) {
	actions := make([]aztables.TransactionAction, len(writes))
	for i, w := range writes {
		actions[i] = aztables.TransactionAction{ActionType: aztables.TransactionTypeAdd, Entity: w.Entity.JSON()}
		if w.Match != "" {
			actions[i].ActionType, actions[i].IfMatch = aztables.TransactionTypeUpdateMerge, &w.Match
		}
	}
	_, err := t.sdk.SubmitTransaction(ctx, actions, nil)
	return make([]azcore.ETag, len(writes)), Classify(err)
}

// Entity is a row to be written. Its methods add a property each and return it; what is empty is left out.
type Entity struct {
	Partition, Key string
	props          []byte // `,"Name":value` each
}

// NewEntity is a row without properties.
func NewEntity(partition, key string) *Entity { return &Entity{Partition: partition, Key: key} }

func (e *Entity) name(name string) {
	e.props = append(append(append(e.props, ',', '"'), name...), '"', ':')
}

// Text adds a string; an empty one is written too when it is to take the place of another.
func (e *Entity) Text(name, v string) *Entity {
	e.name(name)
	b, _ := json.Marshal(v)
	e.props = append(e.props, b...)
	return e
}

// Int adds an Edm.Int32.
func (e *Entity) Int(name string, v int) *Entity {
	e.name(name)
	e.props = strconv.AppendInt(e.props, int64(v), 10)
	return e
}

// Flag adds an Edm.Boolean.
func (e *Entity) Flag(name string, v bool) *Entity {
	e.name(name)
	e.props = strconv.AppendBool(e.props, v)
	return e
}

// Time adds an Edm.DateTime in UTC; the zero time is left out, because Azure's begin in 1601.
func (e *Entity) Time(name string, v time.Time) *Entity {
	if v.IsZero() {
		return e
	}
	e.name(name)
	e.props = append(append(append(e.props, '"'), v.UTC().Format(time.RFC3339Nano)...), '"')
	return e.kind(name, "Edm.DateTime")
}

// Bytes adds an Edm.Binary.
func (e *Entity) Bytes(name string, v []byte) *Entity {
	e.name(name)
	e.props = append(e.props, '"')
	e.props = base64.StdEncoding.AppendEncode(e.props, v)
	e.props = append(e.props, '"')
	return e.kind(name, "Edm.Binary")
}

func (e *Entity) kind(name, edm string) *Entity {
	e.name(name + "@odata.type")
	e.props = append(append(append(e.props, '"'), edm...), '"')
	return e
}

// JSON is the row as Azure takes it.
func (e *Entity) JSON() []byte {
	b := fmt.Appendf(nil, `{"PartitionKey":%q,"RowKey":%q`, e.Partition, e.Key)
	return append(append(b, e.props...), '}')
}

// Row is a row that was read.
type Row struct {
	Partition, Key string
	ETag           azcore.ETag
	props          map[string]any
}

// ParseRow reads a row as Azure writes it, with minimal metadata.
func ParseRow(b []byte) (Row, error) {
	var e aztables.EDMEntity
	if err := json.Unmarshal(b, &e); err != nil {
		return Row{}, fmt.Errorf("a table row that we did not write")
	}
	return Row{Partition: e.PartitionKey, Key: e.RowKey, ETag: azcore.ETag(e.ETag), props: e.Properties}, nil
}

// Text is a string property, empty when it is absent or of another type; so are the others.
func (r Row) Text(name string) string { s, _ := r.props[name].(string); return s }

// Int is an Edm.Int32.
func (r Row) Int(name string) int { n, _ := r.props[name].(int32); return int(n) }

// Flag is an Edm.Boolean.
func (r Row) Flag(name string) bool { b, _ := r.props[name].(bool); return b }

// Time is an Edm.DateTime.
func (r Row) Time(name string) time.Time {
	t, _ := r.props[name].(aztables.EDMDateTime)
	return time.Time(t)
}

// Bytes is an Edm.Binary.
func (r Row) Bytes(name string) []byte { b, _ := r.props[name].(aztables.EDMBinary); return b }
