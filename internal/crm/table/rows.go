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

// columns are the properties of a row. A time.Time is written as Edm.DateTime, []byte as Edm.Binary, float64 as
// Edm.Double, everything else as a string.
type columns map[string]any

// with adds other columns to a copy.
func (c columns) with(other columns) columns {
	out := make(columns, len(c)+len(other))
	for name, v := range c {
		out[name] = v
	}
	for name, v := range other {
		out[name] = v
	}
	return out
}

// within tells whether a row that was read already says all of this.
func (c columns) within(old columns) bool {
	for name, v := range c {
		switch v := v.(type) {
		case time.Time:
			if !old.time(name).Equal(v.Truncate(tick)) {
				return false
			}
		case string:
			if name != colPayload && old.text(name) != v { // its hash is compared
				return false
			}
		case float64, []byte: // each stands beside a text or a hash that is compared
		}
	}
	return true
}

func (c columns) text(name string) string { s, _ := c[name].(string); return s }

func (c columns) time(name string) time.Time {
	t, _ := c[name].(aztables.EDMDateTime)
	return time.Time(t)
}

func (c columns) bytes(name string) []byte {
	b, _ := c[name].(aztables.EDMBinary)
	return b
}

// tick is the precision of Edm.DateTime.
const tick = 100 * time.Nanosecond

// encode makes the entity's JSON. A float64 is annotated: left alone, 25000 would become Edm.Int32 and 25000.5 Edm.Double.
func (c columns) encode(key rowKey) ([]byte, error) {
	props := make(map[string]any, len(c)+1)
	for name, v := range c {
		switch v := v.(type) {
		case time.Time:
			props[name] = aztables.EDMDateTime(v.UTC().Truncate(tick))
		case []byte:
			props[name] = aztables.EDMBinary(v)
		case float64:
			props[name], props[name+"@odata.type"] = v, "Edm.Double"
		default:
			props[name] = v
		}
	}
	b, err := json.Marshal(aztables.EDMEntity{Entity: aztables.Entity{PartitionKey: key.partition, RowKey: key.row}, Properties: props})
	if err != nil {
		return nil, lead.Errorf(lead.Refused, "a column cannot be written as JSON") // the error of json may quote the value
	}
	return b, nil
}

// read gives a row, nil when there is none (or no table).
func (c *CRM) read(ctx context.Context, key rowKey) (columns, azcore.ETag, error) {
	resp, err := c.table.GetEntity(ctx, key.partition, key.row, nil)
	if azure.NotFound(err) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	var e aztables.EDMEntity
	if err := json.Unmarshal(resp.Value, &e); err != nil {
		return nil, "", errNotOurs
	}
	return e.Properties, resp.ETag, nil
}

// insert adds a row, and the table when it is missing.
func (c *CRM) insert(ctx context.Context, key rowKey, row columns) error {
	body, err := row.encode(key)
	if err != nil {
		return err
	}
	_, err = c.table.AddEntity(ctx, body, nil)
	if azure.NotFound(err) {
		if _, err := c.table.CreateTable(ctx, nil); err != nil && !azure.Exists(err) {
			return err
		}
		_, err = c.table.AddEntity(ctx, body, nil)
	}
	if azure.Exists(err) {
		return errRace
	}
	return err
}

// merge writes columns into a row that is still what it was when it was read.
func (c *CRM) merge(ctx context.Context, key rowKey, row columns, etag azcore.ETag) error {
	body, err := row.encode(key)
	if err != nil {
		return err
	}
	_, err = c.table.UpdateEntity(ctx, body, &aztables.UpdateEntityOptions{IfMatch: &etag, UpdateMode: aztables.UpdateModeMerge})
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
			return key, false, err
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
