// Package table is the built-in CRM: an Azure table with one row for each lead, which people can query and export.
//
// PartitionKey is the partner and RowKey the lead's id, both through [Key]. The columns are those of [Lead]; a column
// that nothing was ever said about is absent. Columns that somebody else adds are left alone.
package table

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
)

// sideBySide is how many rows of one Upsert are written at once.
const sideBySide = 8

// CRM is the leads table. Its errors are as azure.Classify tells them, and Refused for a change that no row can hold.
type CRM struct {
	rows  *azure.Rows
	table *aztables.Client // for what is done now and then
	now   func() time.Time

	entities sync.Pool // *azure.Entity: large, and as many as there are leads
}

var _ crm.CRM = (*CRM)(nil)

// New makes the CRM of a table of our account. Nothing is called; the first write creates a missing table.
func New(a *azure.Account, name string, now func() time.Time) *CRM {
	return &CRM{rows: a.Rows(name), table: a.Table(name), now: now}
}

// Check asks for one row. A table that is not there yet is fine.
func (c *CRM) Check(ctx context.Context) error {
	one, keys := int32(1), "PartitionKey,RowKey"
	_, err := c.table.NewListEntitiesPager(&aztables.ListEntitiesOptions{Top: &one, Select: &keys}).NextPage(ctx)
	if err != nil && !azure.NotFound(err) {
		return fmt.Errorf("leads table: %w", azure.Classify(err))
	}
	return nil
}

// Upsert implements [crm.CRM]. The id of a record is "<PartitionKey>/<RowKey>".
func (c *CRM) Upsert(ctx context.Context, changes []crm.Change) []crm.Outcome {
	outcomes := make([]crm.Outcome, len(changes))
	if len(changes) == 1 {
		outcomes[0] = c.upsert(ctx, &changes[0])
		return outcomes
	}
	slots := make(chan struct{}, sideBySide)
	var wg sync.WaitGroup
	for i := range changes {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			outcomes[i] = c.upsert(ctx, &changes[i])
		})
	}
	wg.Wait()
	return outcomes
}

func (c *CRM) upsert(ctx context.Context, ch *crm.Change) crm.Outcome {
	var key rowKey
	var result crm.Result
	var err error
	switch ch.Event.About {
	case lead.LeadEvent:
		key, result, err = c.put(ctx, ch)
	case lead.Activity:
		key, result, err = c.note(ctx, ch)
	default: // a notice is about no lead
		return crm.Outcome{Result: crm.Unchanged}
	}
	if err != nil {
		return crm.Outcome{Err: fmt.Errorf("leads table: %w", err)}
	}
	return crm.Outcome{ID: key.partition + "/" + key.row, Result: result}
}

// errRace says that somebody else has changed the row since it was read.
var errRace = lead.Errorf(lead.Unavailable, "somebody else is changing the row")

// twice runs one read and write, and once more when the race for the row was lost.
func twice(write func() (crm.Result, error)) (crm.Result, error) {
	r, err := write()
	if errors.Is(err, errRace) {
		r, err = write()
	}
	return r, err
}

// put brings the lead's row to what the change says. A lead that may be new is written before anything is read.
func (c *CRM) put(ctx context.Context, ch *crm.Change) (rowKey, crm.Result, error) {
	l := &ch.Event.Lead
	key, err := keyOf(l.Partner, l.ID)
	if err != nil {
		return key, 0, err
	}
	if len(ch.Payload) > maxPayload {
		return key, 0, lead.Errorf(lead.Refused, "the payload of %d bytes is larger than the %d that a row holds", len(ch.Payload), maxPayload)
	}
	said, e := leadSays(ch), c.entity()
	defer c.entities.Put(e)
	row := func() writer {
		w := writer{e.Reset(key.partition, key.row)}
		said(w)
		c.leadMarks(ch, w)
		return w
	}
	if !ch.Known {
		if err := c.insert(ctx, row().Entity); !errors.Is(err, errRace) {
			return key, crm.Created, err
		}
	}
	result, err := twice(func() (crm.Result, error) {
		old, found, err := c.read(ctx, key)
		switch {
		case err != nil:
			return 0, err
		case !found:
			return crm.Created, c.insert(ctx, row().Entity)
		case said.within(old):
			return crm.Unchanged, nil
		}
		w := row()
		emptyParts(w, old, ch.Payload)
		return crm.Updated, c.merge(ctx, w.Entity, old.ETag)
	})
	return key, result, err
}

// entity is one to be used again.
func (c *CRM) entity() *azure.Entity {
	if e, ok := c.entities.Get().(*azure.Entity); ok {
		return e
	}
	return azure.NewEntity("", "")
}

// note writes an activity into the row of the lead that it is about: the partner's own lead, or else ours that the
// partner refers to. An activity older than the one in the row changes nothing.
func (c *CRM) note(ctx context.Context, ch *crm.Change) (rowKey, crm.Result, error) {
	said := activitySays(ch)
	var key rowKey
	result, err := twice(func() (crm.Result, error) {
		var old azure.Row
		var err error
		key, old, err = c.find(ctx, &ch.Event.Lead)
		switch {
		case err != nil:
			return 0, err
		case said.within(old), activityTime(ch).Before(old.Time(colLastEventAt)):
			return crm.Unchanged, nil
		}
		w := writer{azure.NewEntity(key.partition, key.row)}
		said(w)
		w.moment(colUpdatedAt, edmTime(c.now()))
		return crm.Updated, c.merge(ctx, w.Entity, old.ETag)
	})
	return key, result, err
}

// find reads the row that an activity is about, or fails with [crm.ErrNoLead].
func (c *CRM) find(ctx context.Context, l *lead.Lead) (rowKey, azure.Row, error) {
	key, err := keyOf(l.Partner, l.ID)
	if err != nil {
		return key, azure.Row{}, err
	}
	row, found, err := c.read(ctx, key)
	if found || err != nil {
		return key, row, err
	}
	if l.Ref != "" {
		key, found, err := c.byID(ctx, l.Ref)
		if err != nil {
			return key, azure.Row{}, err
		}
		if found {
			row, found, err = c.read(ctx, key)
			if found || err != nil {
				return key, row, err
			}
		}
	}
	return key, azure.Row{}, &lead.Error{Kind: lead.Unavailable, Err: crm.ErrNoLead}
}
