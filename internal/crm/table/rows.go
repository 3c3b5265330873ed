package table

import (
	"context"
	"encoding/json"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
	"leadrelay/internal/lead"
)

// writer writes columns down.
type writer struct{ *azure.Entity }

func (w writer) text(name, v string)             { w.Text(name, v) }
func (w writer) moment(name string, t time.Time) { w.Time(name, t) }
func (w writer) bytes(name string, v []byte)     { w.Bytes(name, v) }

func (w writer) number(name string, d lead.Decimal) {
	if d != "" {
		w.Double(name, d.Float())
	}
}

// comparer tells whether a row that was read says everything already.
type comparer struct {
	old  azure.Row
	same bool
}

func (c *comparer) text(name, v string) {
	if name != colPayload { // its hash is compared
		c.same = c.same && c.old.Text(name) == v
	}
}

func (c *comparer) moment(name string, t time.Time) { c.same = c.same && c.old.Time(name).Equal(t) }

// Each number and each part of the payload stands beside a text or a hash that is compared.
func (c *comparer) number(string, lead.Decimal) {}
func (c *comparer) bytes(string, []byte)        {}

// within tells whether a row says all of it.
func (s says) within(old azure.Row) bool {
	c := &comparer{old: old, same: true}
	s(c)
	return c.same
}

// tick is the precision of Edm.DateTime.
const tick = 100 * time.Nanosecond

// read gives a row; there is none when it was not found (nor, perhaps, the table).
func (c *CRM) read(ctx context.Context, key rowKey) (row azure.Row, found bool, err error) {
	row, err = c.rows.Get(ctx, key.partition, key.row)
	if azure.NotFound(err) {
		return azure.Row{}, false, nil
	}
	return row, err == nil, err
}

// insert adds a row, and the table when it is missing. One that is there already is an errRace.
func (c *CRM) insert(ctx context.Context, e *azure.Entity) error {
	_, err := c.rows.Insert(ctx, e)
	if azure.NotFound(err) {
		if err := c.rows.Create(ctx); err != nil && !azure.Exists(err) {
			return err
		}
		_, err = c.rows.Insert(ctx, e)
	}
	if azure.Exists(err) {
		return errRace
	}
	return err
}

// merge writes columns into a row that is still what it was when it was read.
func (c *CRM) merge(ctx context.Context, e *azure.Entity, etag azcore.ETag) error {
	_, err := c.rows.Merge(ctx, e, etag)
	if azure.Stale(err) || azure.NotFound(err) {
		return errRace
	}
	return err
}

// byID looks for a lead by its id alone, whoever sent it. It reads every partition, and finds nothing when the id is
// that of two leads: which of them is meant cannot be told.
func (c *CRM) byID(ctx context.Context, id string) (key rowKey, found bool, err error) {
	filter, keys := "RowKey eq '"+Key(id)+"'", "PartitionKey,RowKey"
	pager := c.table.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter, Select: &keys})
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if azure.NotFound(err) {
			return key, false, nil
		}
		if err != nil {
			return key, false, azure.Classify(err)
		}
		for _, body := range page.Entities {
			var e struct{ PartitionKey, RowKey string }
			if err := json.Unmarshal(body, &e); err != nil {
				return key, false, errNotOurs
			}
			if found {
				return rowKey{}, false, nil
			}
			key, found = rowKey{e.PartitionKey, e.RowKey}, true
		}
	}
	return key, found, nil
}
