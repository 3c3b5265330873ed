package console

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
)

// Colours of a destination.
const (
	Green  = "green"
	Yellow = "yellow"
	Red    = "red"
)

// Rate counts the tries of some time.
type Rate struct {
	Through int64 `json:"through"`
	Failed  int64 `json:"failed"`
}

func (r Rate) all() int64 { return r.Through + r.Failed }

// Percent is how many of a hundred tries got through; 100 when none was made.
func (r Rate) Percent() float64 {
	if r.all() == 0 {
		return 100
	}
	return float64(r.Through) * 100 / float64(r.all())
}

// Health is how a destination does. Rates are of tries, from whole hours; they may lack what a killed process had counted
// within its last seconds.
type Health struct {
	ID      string         `json:"id"`
	Name    string         `json:"name"`
	Lender  string         `json:"lender"`
	State   registry.State `json:"state"`
	Colour  string         `json:"colour"`
	Reason  string         `json:"reason,omitempty"`
	Hour    Rate           `json:"hour"`
	Day     Rate           `json:"day"`
	Week    Rate           `json:"week"`
	Dead    int64          `json:"dead"` // given up within a day
	Last    time.Time      `json:"last_delivery,omitzero"`
	Backlog int            `json:"backlog"` // retried, held, or waiting for a person
	More    bool           `json:"more,omitempty"`
	Oldest  time.Time      `json:"oldest_waiting,omitzero"`
	SASDays *int           `json:"sas_days,omitempty"` // nil for a webhook or a URL that does not say
	Created time.Time      `json:"created"`
	Changed time.Time      `json:"changed"`
}

// countedTo bounds the backlog that is counted, of each kind: a page of a table.
const countedTo = 1000

// HealthOf reads how a destination does, in at most five requests.
func (c *Console) HealthOf(ctx context.Context, d registry.Destination) (Health, error) {
	now := c.Now()
	h := Health{ID: d.ID, Name: d.Name, Lender: d.Lender, State: d.State(), Created: d.Created, Changed: d.Changed}
	if !d.Expires.IsZero() {
		days := int(d.Expires.Sub(now).Hours() / 24)
		h.SASDays = &days
	}
	hours, err := c.Tally.Hours(ctx, ledger.ToDestination(d.ID), now.Add(-7*24*time.Hour))
	if err != nil {
		return h, err
	}
	rate := func(back time.Duration) Rate {
		sum := ledger.Sum(hours, now.Add(-back).Truncate(time.Hour))
		return Rate{sum.Counts[ledger.TriesThrough], sum.Counts[ledger.TriesFailed]}
	}
	h.Hour, h.Day, h.Week = rate(time.Hour), rate(24*time.Hour), rate(7*24*time.Hour)
	h.Dead, h.Last = ledger.Sum(hours, now.Add(-24*time.Hour)).Counts[ledger.GivenUp], ledger.Sum(hours, time.Time{}).Latest
	if err := c.backlog(ctx, d.ID, &h); err != nil {
		return h, err
	}
	h.Colour, h.Reason = Colour(d, h, now)
	return h, nil
}

func (c *Console) backlog(ctx context.Context, id string, h *Health) error {
	oldest := func(at time.Time) {
		if h.Oldest.IsZero() || (!at.IsZero() && at.Before(h.Oldest)) {
			h.Oldest = at
		}
	}
	for _, kind := range []ledger.OpenKind{ledger.Retrying, ledger.HeldOnes, ledger.Waiting} {
		list, more, err := c.Ledger.OpenPage(ctx, id, kind, "", countedTo)
		if err != nil {
			return err
		}
		h.Backlog, h.More = h.Backlog+len(list), h.More || more
		if len(list) == 0 {
			continue
		}
		if kind != ledger.Retrying {
			oldest(list[0].Time)
			continue
		}
		row, ok, err := c.Ledger.Delivery(ctx, list[0].Key, id) // its entry says when it is due, not since when it waits
		if err != nil {
			return err
		}
		if ok {
			oldest(row.First)
		}
	}
	return nil
}

// Limits of the colours.
const (
	redDays     = 7
	yellowDays  = 30
	fewTries    = 10 // of an hour: fewer prove nothing
	goodPercent = 90
	waitsLong   = 15 * time.Minute
)

// Colour says how a destination does, and why it is not green; the reason does not change from one minute to the next. The
// first that applies: red when nothing can get through (held, address at fault, SAS over or within a week of its end, no
// try of ten in an hour), yellow when it soon may not or does so badly.
func Colour(d registry.Destination, h Health, now time.Time) (colour, reason string) {
	days := yellowDays
	if !d.Expires.IsZero() {
		days = int(d.Expires.Sub(now).Hours() / 24)
	}
	switch {
	case d.State() == registry.Held:
		return Red, "held: " + d.Health.Reason
	case d.Fault != nil:
		return Red, "its address cannot be used: " + d.Fault.Error()
	case days < redDays:
		return Red, fmt.Sprintf("its SAS ends in %d days", days)
	case d.State() == registry.Active && h.Hour.Through == 0 && h.Hour.Failed >= fewTries:
		return Red, "no try of the last hour got through"
	case days < yellowDays:
		return Yellow, fmt.Sprintf("its SAS ends in %d days", days)
	case d.State() == registry.Paused:
		return Yellow, "paused by a person: its events wait"
	case h.Hour.all() >= fewTries && h.Hour.Percent() < goodPercent:
		return Yellow, fmt.Sprintf("fewer than %d %% of the tries of the last hour got through", goodPercent)
	case !h.Oldest.IsZero() && now.Sub(h.Oldest) > waitsLong:
		return Yellow, "events wait for longer than a quarter of an hour"
	}
	return Green, ""
}

// healthOfAll reads the health of several destinations, a few side by side.
func (c *Console) healthOfAll(ctx context.Context, list []registry.Destination) ([]Health, error) {
	out, errs, places := make([]Health, len(list)), make([]error, len(list)), make(chan struct{}, judgedAtOnce)
	var wg sync.WaitGroup
	for i, d := range list {
		wg.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			out[i], errs[i] = c.HealthOf(ctx, d)
		})
	}
	wg.Wait()
	return out, errors.Join(errs...)
}
