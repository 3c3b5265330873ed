package console

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"leadrelay/internal/ledger"
)

// Sender is how a partner does: what it sent, and how fast it was answered.
type Sender struct {
	Name   string    `json:"name"`
	Last   time.Time `json:"last,omitzero"` // its last authentic request
	Day    int64     `json:"day"`           // authentic requests within a day
	Failed int64     `json:"failed"`        // of them, answered with 5xx
	Cold   int64     `json:"cold"`          // of them, the first of a process
	P50    int64     `json:"p50_ms"`        // half of the answers took no longer; a step of a histogram
	P99    int64     `json:"p99_ms"`
	Over10 int64     `json:"over_10s"` // Cr3dentials gives a try up
	Over31 int64     `json:"over_31s"` // it has given up all tries, and switches us off
	Over85 int64     `json:"over_85s"` // Credzu has given up
	Silent string    `json:"silent,omitempty"`
}

const habitWeeks = 4

// SenderOf reads how a partner does, in one request.
func (c *Console) SenderOf(ctx context.Context, name string) (Sender, error) {
	now := c.Now()
	hours, err := c.Tally.Hours(ctx, ledger.FromPartner(name), now.AddDate(0, 0, -7*habitWeeks))
	if err != nil {
		return Sender{Name: name}, err
	}
	day, all := ledger.Sum(hours, now.Add(-24*time.Hour).Truncate(time.Hour)), ledger.Sum(hours, time.Time{})
	s := Sender{Name: name, Last: all.Latest, Day: day.Counts[ledger.AcksAll], Failed: day.Counts[ledger.AcksFailed], Cold: day.Counts[ledger.AcksCold],
		P50: day.Within(0.5), P99: day.Within(0.99), Over10: day.Over(10 * time.Second), Over31: day.Over(31 * time.Second), Over85: day.Over(85 * time.Second)}
	if Silent(hours, c.Quiet[name], now) {
		s.Silent = fmt.Sprintf("nothing has come since %s UTC. %s", s.Last.UTC().Format("2006-01-02 15:04"), c.reactivation(name))
	}
	return s, nil
}

// Rules of silence.
const (
	shortestSilence = 2 * time.Hour
	leastHabit      = 14 * 24 * time.Hour
	surprise        = 7.0 // nats: by the habit, such a silence comes once in a thousand times
)

// Silent says whether a partner is quiet for much longer than its habit, from the hours of the last four weeks in which
// something came.
//
// quiet, where a setting gives it, decides alone. Otherwise there must be two weeks of habit. Its habit for an hour of the
// week is the share of the weeks in which something came in that hour, with one week more in which nothing did. The share
// of the weeks in which nothing came, multiplied over the whole hours since the last request, is how likely the silence
// is: below one in a thousand, and for two hours or more, the partner is silent. So nights and Sundays without leads
// prove nothing, and a partner that sends in each hour of the day is missed after a few of them.
func Silent(hours []ledger.Hour, quiet time.Duration, now time.Time) bool {
	var came []time.Time
	last := time.Time{}
	for _, h := range hours {
		if h.Counts[ledger.AcksAll] == 0 {
			continue
		}
		came = append(came, h.Start)
		if h.Latest.After(last) {
			last = h.Latest
		}
	}
	switch {
	case len(came) == 0:
		return false // never, or not for a month: that was told
	case quiet > 0:
		return now.Sub(last) > quiet
	case last.Sub(came[0]) < leastHabit || now.Sub(last) < shortestSilence:
		return false
	}
	weeks := math.Ceil(last.Sub(came[0]).Hours() / (7 * 24))
	share := map[int]float64{}
	for _, at := range came {
		share[hourOfWeek(at)] += 1 / (weeks + 1)
	}
	missed := 0.0
	for at := last.UTC().Truncate(time.Hour).Add(time.Hour); !at.Add(time.Hour).After(now); at = at.Add(time.Hour) {
		missed -= math.Log(1 - min(share[hourOfWeek(at)], weeks/(weeks+1)))
	}
	return missed >= surprise
}

func hourOfWeek(at time.Time) int { return int(at.UTC().Weekday())*24 + at.UTC().Hour() }

// reactivation is what a partner's document says about being heard of again.
func (c *Console) reactivation(name string) string {
	if text := c.Reactivate[name]; text != "" {
		return text
	}
	return "Ask it whether it still sends to us."
}

// sendersOfAll reads how the partners do that have settings, or whose events the ledger has.
func (c *Console) sendersOfAll(ctx context.Context) ([]Sender, error) {
	known, err := c.senders(ctx, "")
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, name := range append(known, slices.Collect(maps.Keys(c.Partners))...) {
		names[name] = true
	}
	var out []Sender
	for _, name := range slices.Sorted(maps.Keys(names)) {
		s, err := c.SenderOf(ctx, name)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}
