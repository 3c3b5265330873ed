package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
)

// Tally counts by subject and UTC hour: in memory first, then in the state table, to which several processes add. It is a
// help to people and to alarms, never a proof: what a process has counted within the last seconds is lost when it is
// killed. The books are the proof. A nil Tally counts nothing. One that is used may be used side by side.
type Tally struct {
	Table *aztables.Client
	Now   func() time.Time

	mu      sync.Mutex
	pending map[tallied]*Hour
	since   time.Time  // when the oldest pending count was made
	writer  sync.Mutex // held by the one who writes
}

// tallied is a subject and an hour, counted from 1970.
type tallied struct {
	subject string
	hour    int64
}

func (k tallied) start() time.Time { return time.Unix(k.hour*3600, 0).UTC() }

// Hour is what was counted of a subject within an hour.
type Hour struct {
	Start  time.Time        `json:"start"`
	Counts map[string]int64 `json:"counts"`
	Latest time.Time        `json:"latest,omitzero"` // when it last went well: a try got through, a request came
}

// What is counted of a destination's tries and deliveries.
const (
	TriesThrough = "Through"
	TriesFailed  = "Failed"
	GivenUp      = "Dead" // deliveries that became dead
)

// ToDestination and FromPartner are the subjects of a tally.
func ToDestination(id string) string { return "to|" + id }
func FromPartner(name string) string { return "from|" + name }

const (
	tallyPrefix = "tally|" // PartitionKey: + subject; RowKey: the hour
	hourForm    = "2006010215"
	writeEvery  = 15 * time.Second // so old may a count become before somebody writes it
	writeWithin = 5 * time.Second
	maxHours    = 1000 // of one answer: a page of a table, six weeks
)

// Count adds one to each of the names, at a time, which is the latest of what went well.
func (t *Tally) Count(subject string, at time.Time, names ...string) {
	t.count(subject, at, at, names)
}

// Fault adds one to each of the names, at a time, for what did not go well.
func (t *Tally) Fault(subject string, at time.Time, names ...string) {
	t.count(subject, at, time.Time{}, names)
}

func (t *Tally) count(subject string, at, latest time.Time, names []string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.of(tallied{subject, at.Unix() / 3600})
	for _, name := range names {
		h.Counts[name]++
	}
	if latest.After(h.Latest) {
		h.Latest = latest
	}
}

// of is what is pending of a subject's hour, for who holds mu.
func (t *Tally) of(k tallied) *Hour {
	if len(t.pending) == 0 {
		t.pending, t.since = map[tallied]*Hour{}, t.Now()
	}
	h := t.pending[k]
	if h == nil {
		h = &Hour{Start: k.start(), Counts: map[string]int64{}}
		t.pending[k] = h
	}
	return h
}

// add adds another hour's counts.
func (h *Hour) add(o Hour) {
	for name, n := range o.Counts {
		h.Counts[name] += n
	}
	if o.Latest.After(h.Latest) {
		h.Latest = o.Latest
	}
}

// FlushSoon writes what is due in the background, when nobody is at it. It never waits.
func (t *Tally) FlushSoon() {
	if t == nil {
		return
	}
	t.mu.Lock()
	due := len(t.pending) > 0 && t.Now().Sub(t.since) >= writeEvery
	t.mu.Unlock()
	if !due || !t.writer.TryLock() {
		return
	}
	go func() {
		defer t.writer.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), writeWithin)
		defer cancel()
		_ = t.flush(ctx) // what was not written is kept for the next time
	}()
}

// Flush adds what is pending to the state table, a row at a time, after whoever is at it. What is not written stays
// pending.
func (t *Tally) Flush(ctx context.Context) error {
	if t == nil {
		return nil
	}
	t.writer.Lock()
	defer t.writer.Unlock()
	return t.flush(ctx)
}

// flush is for who holds the writer.
func (t *Tally) flush(ctx context.Context) error {
	t.mu.Lock()
	batch := t.pending
	t.pending = nil
	t.mu.Unlock()
	var err error
	for k, h := range batch {
		if err = t.add(ctx, k, *h); err != nil {
			break
		}
		delete(batch, k)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, h := range batch {
		t.of(k).add(*h)
	}
	return err
}

// add adds to a row, by ETag.
func (t *Tally) add(ctx context.Context, k tallied, h Hour) error {
	keys := aztables.Entity{PartitionKey: tallyPrefix + k.subject, RowKey: k.start().Format(hourForm)}
	for range races {
		sum := Hour{Counts: map[string]int64{}}
		resp, err := t.Table.GetEntity(ctx, keys.PartitionKey, keys.RowKey, nil)
		there := err == nil
		if there {
			sum, err = parseHour(resp.Value)
		}
		if err != nil && !azure.NotFound(err) {
			return fmt.Errorf("tally: %w", azure.Classify(err))
		}
		sum.add(h)
		b, err := sum.row(keys)
		if err != nil {
			return err
		}
		if err = t.write(ctx, b, there, resp.ETag); err == nil {
			return nil
		}
		if !azure.Stale(err) && !azure.Exists(err) {
			return fmt.Errorf("tally: %w", azure.Classify(err))
		}
	}
	return fmt.Errorf("tally: the row changed under every try")
}

func (t *Tally) write(ctx context.Context, b []byte, there bool, etag azcore.ETag) error {
	if there {
		_, err := t.Table.UpdateEntity(ctx, b, &aztables.UpdateEntityOptions{IfMatch: &etag, UpdateMode: aztables.UpdateModeReplace})
		return err
	}
	_, err := t.Table.AddEntity(ctx, b, nil)
	if azure.NotFound(err) {
		if _, err := t.Table.CreateTable(ctx, nil); err != nil && !azure.Exists(err) {
			return err
		}
		_, err = t.Table.AddEntity(ctx, b, nil)
	}
	return err
}

// row is the hour as a row of the table: each count is a property of its own, so that names may come and go.
func (h Hour) row(keys aztables.Entity) ([]byte, error) {
	props := map[string]any{}
	if !h.Latest.IsZero() {
		props["Latest"] = aztables.EDMDateTime(h.Latest.UTC())
	}
	for name, n := range h.Counts {
		props[name] = aztables.EDMInt64(n)
	}
	b, err := json.Marshal(aztables.EDMEntity{Entity: keys, Properties: props})
	if err != nil {
		return nil, fmt.Errorf("encode a tally: %w", err)
	}
	return b, nil
}

func parseHour(b []byte) (Hour, error) {
	var e aztables.EDMEntity
	if err := json.Unmarshal(b, &e); err != nil {
		return Hour{}, errors.New("a row of the tally is not ours")
	}
	h := Hour{Counts: map[string]int64{}}
	h.Start, _ = time.Parse(hourForm, e.RowKey) // ours: we wrote it
	for name, v := range e.Properties {
		switch v := v.(type) {
		case aztables.EDMInt64:
			h.Counts[name] = int64(v)
		case aztables.EDMDateTime:
			if name == "Latest" {
				h.Latest = time.Time(v)
			}
		}
	}
	return h, nil
}

// Hours are the hours of a subject since a time in which anything was counted, oldest first: at most six weeks of them,
// in one request.
func (t *Tally) Hours(ctx context.Context, subject string, since time.Time) ([]Hour, error) {
	if t == nil {
		return nil, nil
	}
	var out []Hour
	filter := fmt.Sprintf("PartitionKey eq '%s' and RowKey ge '%s'", tallyPrefix+subject, since.UTC().Format(hourForm))
	for b, err := range textsOf(ctx, t.Table, filter, "") {
		var h Hour
		if err == nil {
			h, err = parseHour(b)
		}
		if err != nil {
			return nil, fmt.Errorf("read tally: %w", err)
		}
		if out = append(out, h); len(out) == maxHours {
			break
		}
	}
	return out, nil
}

// Sum adds up the hours that begin at a time or later.
func Sum(hours []Hour, since time.Time) Hour {
	sum := Hour{Start: since, Counts: map[string]int64{}}
	for _, h := range hours {
		if !h.Start.Before(since) {
			sum.add(h)
		}
	}
	return sum
}
