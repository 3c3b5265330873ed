package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
)

// table is a table of the ledger: its rows for what is done with every event, the SDK for what is done now and then.
type table struct {
	*azure.Rows
	sdk *aztables.Client
}

func openTable(a *azure.Account, name string) table { return table{a.Rows(name), a.Table(name)} }

// get reads a row; a missing one is ok false.
func (t table) get(ctx context.Context, partition, key string) (r azure.Row, ok bool, err error) {
	r, err = t.Get(ctx, partition, key)
	if azure.NotFound(err) {
		return azure.Row{}, false, nil
	}
	return r, err == nil, err
}

// add inserts a row; a missing table is created, once.
func (t table) add(ctx context.Context, e *azure.Entity) (azcore.ETag, error) {
	etag, err := t.Insert(ctx, e)
	if azure.NotFound(err) {
		if err := t.create(ctx); err != nil {
			return "", err
		}
		etag, err = t.Insert(ctx, e)
	}
	return etag, err
}

// insertAll inserts rows of one partition, all or none, and gives the ETag of each; a missing table is created, once.
func (t table) insertAll(ctx context.Context, rows ...*azure.Entity) ([]azcore.ETag, error) {
	if len(rows) == 1 {
		etag, err := t.add(ctx, rows[0])
		return []azcore.ETag{etag}, err
	}
	writes := make([]azure.Write, len(rows))
	for i, e := range rows {
		writes[i].Entity = e
	}
	etags, err := t.Transact(ctx, writes)
	if azure.NotFound(err) {
		if err := t.create(ctx); err != nil {
			return nil, err
		}
		etags, err = t.Transact(ctx, writes)
	}
	return etags, err
}

func (t table) create(ctx context.Context) error {
	return ignoreExists(t.Create(ctx))
}

// upsert writes a row whatever was there.
func (t table) upsert(ctx context.Context, e *azure.Entity) (azcore.ETag, error) {
	resp, err := t.sdk.UpsertEntity(ctx, e.JSON(), &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeReplace})
	return resp.ETag, azure.Classify(err)
}

// remove deletes a row; there may be none.
func (t table) remove(ctx context.Context, partition, key string) error {
	_, err := t.sdk.DeleteEntity(ctx, partition, key, nil)
	if azure.NotFound(err) {
		return nil
	}
	return azure.Classify(err)
}

func ignoreExists(err error) error {
	if azure.Exists(err) {
		return nil
	}
	return err
}

// get reads a row by the SDK; a missing one is ok false.
func get(ctx context.Context, t *aztables.Client, partition, key string) (r azure.Row, ok bool, err error) {
	resp, err := t.GetEntity(ctx, partition, key, nil)
	if azure.NotFound(err) {
		return azure.Row{}, false, nil
	}
	if err != nil {
		return azure.Row{}, false, azure.Classify(err)
	}
	r, err = azure.ParseRow(resp.Value)
	if r.ETag == "" {
		r.ETag = resp.ETag
	}
	return r, err == nil, err
}

// rowsOf reads rows page by page; columns are all when empty. No table is no rows.
func rowsOf(ctx context.Context, t *aztables.Client, filter, columns string) iter.Seq2[azure.Row, error] {
	return func(yield func(azure.Row, error) bool) {
		for b, err := range textsOf(ctx, t, filter, columns) {
			var r azure.Row
			if err == nil {
				r, err = azure.ParseRow(b)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// textsOf reads rows as rowsOf does, as Azure writes them.
func textsOf(ctx context.Context, t *aztables.Client, filter, columns string) iter.Seq2[[]byte, error] {
	o := &aztables.ListEntitiesOptions{Filter: &filter}
	if columns != "" {
		o.Select = &columns
	}
	return func(yield func([]byte, error) bool) {
		for pages := t.NewListEntitiesPager(o); pages.More(); {
			page, err := pages.NextPage(ctx)
			if azure.NotFound(err) {
				return
			}
			if err != nil {
				yield(nil, azure.Classify(err))
				return
			}
			for _, b := range page.Entities {
				if !yield(b, nil) {
					return
				}
			}
		}
	}
}

// page reads one page of at most max rows; more says that there are further ones. No table is no rows.
func (t table) page(ctx context.Context, filter string, max int) (rows []azure.Row, more bool, err error) {
	top := int32(max)
	page, err := t.sdk.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter, Top: &top}).NextPage(ctx)
	if azure.NotFound(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, azure.Classify(err)
	}
	for _, b := range page.Entities {
		r, err := azure.ParseRow(b)
		if err != nil {
			return nil, false, err
		}
		rows = append(rows, r)
	}
	return rows, page.NextRowKey != nil, nil
}

func stateOf(r azure.Row) State { return State(r.Text("State")) }

// decode fills v from a property that holds JSON; an empty property leaves v alone.
func decode(r azure.Row, name string, v any) error {
	text := r.Text(name)
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return fmt.Errorf("row %s: property %s is not what we wrote", r.Key, name)
	}
	return nil
}

// encoded is v as JSON for a property, empty when v is the empty value that omitempty would leave out.
func encoded(v any) string {
	b, err := json.Marshal(v)
	if err != nil || string(b) == "null" {
		return ""
	}
	return string(b)
}
