package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
)

// LaneRuns remembers when each lane was last drained and what its last runs came to, in the state table. A run that
// found nothing is remembered as the last one only. Errors are as azure.Classify tells them.
type LaneRuns struct {
	Table *aztables.Client
	Now   func() time.Time
}

// LaneRun is one run of a drain. Its Report is the drain's own, as JSON.
type LaneRun struct {
	Lane    string          `json:"lane"`
	Started time.Time       `json:"started"`
	Report  json.RawMessage `json:"report"`
	Error   string          `json:"error,omitempty"`
}

// keptRuns is how many runs of a lane are kept: rows in a ring, so that nothing has to be removed.
const (
	keptRuns = 50
	lastRun  = "last"
	runRow   = "run|" // + place in the ring
	runRaces = 4      // lost ETags before the summary is given up
)

func runsOf(lane string) string { return "lane|" + lane }

// laneRow is a row of a lane.
type laneRow struct {
	PartitionKey string
	RowKey       string
	Last         string `json:",omitempty"` // of the last row: when the last run began
	Count        int    // of the last row: runs in the ring so far
	Run          string `json:",omitempty"` // the LaneRun as JSON
}

// Last is when a lane's last run began; ok is false when there was none.
func (r *LaneRuns) Last(ctx context.Context, lane string) (at time.Time, ok bool, err error) {
	row, _, err := r.last(ctx, lane)
	if err != nil || row.Last == "" {
		return time.Time{}, false, err
	}
	err = parseTime(row.Last, &at)
	return at, err == nil, err
}

// Begin writes down when a lane was first looked at, so that its schedule counts from then.
func (r *LaneRuns) Begin(ctx context.Context, lane string, at time.Time) error {
	row, etag, err := r.last(ctx, lane)
	if err != nil || etag != "" {
		return err
	}
	row.Last = timeText(at)
	return r.write(ctx, etag, row)
}

// Keep writes down a run; worth says that it is to be kept in the ring, too.
func (r *LaneRuns) Keep(ctx context.Context, run LaneRun, worth bool) error {
	text, err := json.Marshal(run)
	if err != nil {
		return fmt.Errorf("encode a run: %w", err)
	}
	for range runRaces {
		row, etag, err := r.last(ctx, run.Lane)
		if err != nil {
			return err
		}
		row.Last, row.Run = timeText(run.Started), string(text)
		rows := []laneRow{row}
		if worth {
			rows = append(rows, laneRow{PartitionKey: row.PartitionKey, RowKey: fmt.Sprintf("%s%03d", runRow, row.Count%keptRuns), Run: string(text)})
			rows[0].Count++
		}
		if err = r.write(ctx, etag, rows...); err == nil || !azure.Stale(err) && !azure.Exists(err) {
			return err
		}
	}
	return nil // others are busy with the same lane; the summary is in the log
}

// Runs are the kept runs of a lane, newest first.
func (r *LaneRuns) Runs(ctx context.Context, lane string) ([]LaneRun, error) {
	var runs []LaneRun
	filter := "PartitionKey eq '" + runsOf(lane) + "'"
	for pages := r.Table.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: to.Ptr(filter)}); pages.More(); {
		page, err := pages.NextPage(ctx)
		if azure.NotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("runs of lane %s: %w", lane, azure.Classify(err))
		}
		for _, entity := range page.Entities {
			var row laneRow
			var run LaneRun
			if json.Unmarshal(entity, &row) != nil || json.Unmarshal([]byte(row.Run), &run) != nil {
				continue // the last row of a lane that has not been drained yet
			}
			runs = append(runs, run)
		}
	}
	slices.SortFunc(runs, func(a, b LaneRun) int { return b.Started.Compare(a.Started) })
	return slices.CompactFunc(runs, func(a, b LaneRun) bool { return a.Started.Equal(b.Started) }), nil
}

// last is the last row of a lane with its ETag; both are new when there is none.
func (r *LaneRuns) last(ctx context.Context, lane string) (row laneRow, etag azcore.ETag, err error) {
	row = laneRow{PartitionKey: runsOf(lane), RowKey: lastRun}
	resp, err := r.Table.GetEntity(ctx, row.PartitionKey, row.RowKey, nil)
	if azure.NotFound(err) {
		return row, "", nil
	}
	if err != nil {
		return row, "", fmt.Errorf("runs of lane %s: %w", lane, azure.Classify(err))
	}
	if err := json.Unmarshal(resp.Value, &row); err != nil {
		return row, "", fmt.Errorf("runs of lane %s: a row is not ours", lane)
	}
	return row, resp.ETag, nil
}

// write writes the last row, under its ETag, and what goes with it, all or nothing. A missing table is created.
func (r *LaneRuns) write(ctx context.Context, etag azcore.ETag, rows ...laneRow) error {
	var actions []aztables.TransactionAction
	for i, row := range rows {
		b, err := json.Marshal(row)
		if err != nil {
			return fmt.Errorf("encode a run: %w", err)
		}
		a := aztables.TransactionAction{ActionType: aztables.TransactionTypeInsertReplace, Entity: b}
		if i == 0 && etag == "" {
			a.ActionType = aztables.TransactionTypeAdd
		} else if i == 0 {
			a.ActionType, a.IfMatch = aztables.TransactionTypeUpdateReplace, to.Ptr(etag)
		}
		actions = append(actions, a)
	}
	_, err := r.Table.SubmitTransaction(ctx, actions, nil)
	if azure.NotFound(err) {
		if _, err := r.Table.CreateTable(ctx, nil); err != nil && !azure.Exists(err) {
			return azure.Classify(err)
		}
		_, err = r.Table.SubmitTransaction(ctx, actions, nil)
	}
	return azure.Classify(err)
}
