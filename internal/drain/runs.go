package drain

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"leadrelay/internal/inbox"
	"leadrelay/internal/ledger"
)

// Run is a run that was remembered.
type Run struct {
	Lane    string    `json:"lane"`
	Started time.Time `json:"started"`
	Report  Report    `json:"report"`
	Error   string    `json:"error,omitempty"` // why it stopped, or what is to be mended
}

// ReadRuns gives the remembered runs of a lane, newest first: the last one, and of those before the last 50 that found
// something or failed.
func ReadRuns(ctx context.Context, kept *ledger.LaneRuns, lane string) ([]Run, error) {
	rows, err := kept.Runs(ctx, lane)
	if err != nil {
		return nil, err
	}
	runs := make([]Run, len(rows))
	for i, row := range rows {
		runs[i] = Run{Lane: row.Lane, Started: row.Started, Error: row.Error}
		if err := json.Unmarshal(row.Report, &runs[i].Report); err != nil {
			return nil, fmt.Errorf("lane %s: the report of a run is not ours", lane)
		}
	}
	return runs, nil
}

// remember writes the run down. That it cannot is told in the log: the leads are where they belong all the same.
func (r *run) remember(err error) {
	if r.lane.Runs == nil {
		return
	}
	report, _ := json.Marshal(r.report) // numbers only
	kept := ledger.LaneRun{Lane: r.lane.Name, Started: r.started, Report: report}
	if err != nil {
		kept.Error = err.Error()
	}
	if err := r.lane.Runs.Keep(r.settles.Within(settleTimeout), kept, r.report.Taken > 0 || kept.Error != ""); err != nil {
		r.Log.WarnContext(r.ctx, "run not remembered", "lane", r.lane.Name, "error", err.Error())
	}
}

// left is how many messages are in the inbox now, as far as it tells.
func (r *run) left() int {
	counted, ok := r.lane.Inbox.(inbox.Counted)
	if !ok {
		return LeftUnknown
	}
	n, err := counted.Count(r.settles.Within(settleTimeout))
	if err != nil {
		return LeftUnknown // the SAS may lack the permission, which doctor tells
	}
	return n
}
