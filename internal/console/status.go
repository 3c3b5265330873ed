package console

import (
	"context"
	"time"

	"leadrelay/internal/ledger"
)

// Status is everything on one screen.
type Status struct {
	At           time.Time        `json:"at"`
	Late         float64          `json:"intake_late_s"` // of the oldest message that anybody could take
	Depths       ledger.Depths    `json:"depths"`
	Destinations []Health         `json:"destinations"`
	Partners     []Sender         `json:"partners"`
	Drains       []ledger.LaneRun `json:"drains"` // the last run of each lane
	Books        Count            `json:"books"`  // as the watch last counted them; At is zero before it has
	Alerts       []ledger.Alert   `json:"alerts"` // that are not over
}

// Status reads the screen: some ten storage requests, five for each destination and one for each partner, whatever the
// ledger holds.
func (c *Console) Status(ctx context.Context) (Status, error) {
	s := Status{At: c.Now().UTC()}
	late, err := c.Intake.Lateness(ctx, c.Now())
	if err != nil {
		return s, err
	}
	s.Late = max(0, late.Seconds())
	if s.Depths, err = c.Intake.Depths(ctx); err != nil {
		return s, err
	}
	list, err := c.Destinations.Present(ctx)
	if err != nil {
		return s, err
	}
	if s.Destinations, err = c.healthOfAll(ctx, list); err != nil {
		return s, err
	}
	if s.Partners, err = c.sendersOfAll(ctx); err != nil {
		return s, err
	}
	if s.Drains, err = c.Runs.LastRuns(ctx); err != nil {
		return s, err
	}
	if err = c.Alerts.ReadNote(ctx, booksNote, &s.Books); err != nil {
		return s, err
	}
	all, err := c.Alerts.List(ctx)
	for _, a := range all {
		if a.Ended.IsZero() {
			s.Alerts = append(s.Alerts, a)
		}
	}
	return s, err
}
