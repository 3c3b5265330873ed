package console_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"leadrelay/internal/console"
	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
)

func TestColourSaysTheWorstAndWhy(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	in := func(days int) time.Time { return now.Add(time.Duration(days)*24*time.Hour + time.Minute) }
	active := registry.Destination{Wanted: registry.Active}
	with := func(change func(*registry.Destination)) registry.Destination {
		d := active
		change(&d)
		return d
	}
	for _, c := range []struct {
		name   string
		d      registry.Destination
		h      console.Health
		colour string
	}{
		{"nothing to say", active, console.Health{}, console.Green},
		{"all well", with(func(d *registry.Destination) { d.Expires = in(30) }), console.Health{Hour: console.Rate{Through: 99, Failed: 1}}, console.Green},
		{"held", with(func(d *registry.Destination) { d.Health.Held, d.Health.Reason = true, "403" }), console.Health{}, console.Red},
		{"address at fault", with(func(d *registry.Destination) { d.Fault = errors.New("no permission a") }), console.Health{}, console.Red},
		{"SAS over in 29 days", with(func(d *registry.Destination) { d.Expires = in(29) }), console.Health{}, console.Yellow},
		{"SAS over in 7 days", with(func(d *registry.Destination) { d.Expires = in(7) }), console.Health{}, console.Yellow},
		{"SAS over in 6 days", with(func(d *registry.Destination) { d.Expires = in(6) }), console.Health{}, console.Red},
		{"SAS over", with(func(d *registry.Destination) { d.Expires = in(-1) }), console.Health{}, console.Red},
		{"nothing through", active, console.Health{Hour: console.Rate{Failed: 10}}, console.Red},
		{"a few failed", active, console.Health{Hour: console.Rate{Failed: 9}}, console.Green},
		{"many failed", active, console.Health{Hour: console.Rate{Through: 8, Failed: 2}}, console.Yellow},
		{"paused", with(func(d *registry.Destination) { d.Wanted = registry.Paused }), console.Health{}, console.Yellow},
		{"in shadow", with(func(d *registry.Destination) { d.Wanted = registry.Shadow }), console.Health{}, console.Green},
		{"waits for long", active, console.Health{Oldest: now.Add(-16 * time.Minute)}, console.Yellow},
		{"waits a little", active, console.Health{Oldest: now.Add(-14 * time.Minute)}, console.Green},
	} {
		colour, reason := console.Colour(c.d, c.h, now)
		if colour != c.colour || (reason == "") != (colour == console.Green) {
			t.Errorf("%s: %s %q, want %s", c.name, colour, reason, c.colour)
		}
	}
}

// hours are the hours of some weeks before a Monday in which a partner sent, as pattern says by weekday and hour.
func hours(until time.Time, weeks int, pattern func(time.Weekday, int) bool) (out []ledger.Hour) {
	for at := until.Add(-time.Duration(weeks) * 7 * 24 * time.Hour); at.Before(until); at = at.Add(time.Hour) {
		if pattern(at.Weekday(), at.Hour()) {
			out = append(out, ledger.Hour{Start: at, Latest: at.Add(30 * time.Minute), Counts: map[string]int64{ledger.AcksAll: 3}})
		}
	}
	return out
}

func TestPartnerIsSilentByItsOwnHabitOnly(t *testing.T) {
	friday := time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC)
	always := func(time.Weekday, int) bool { return true }
	office := func(d time.Weekday, h int) bool { return d >= time.Monday && d <= time.Friday && h >= 8 && h < 17 }
	weekly := func(d time.Weekday, h int) bool { return d == time.Friday && h == 12 }
	for _, c := range []struct {
		name    string
		pattern func(time.Weekday, int) bool
		weeks   int
		quiet   time.Duration
		after   time.Duration
		want    bool
	}{
		{"each hour, for two hours", always, 4, 0, 2 * time.Hour, false},
		{"each hour, for six", always, 4, 0, 6 * time.Hour, true},
		{"in the office, over the weekend", office, 4, 0, 63 * time.Hour, false},
		{"in the office, all of Monday", office, 4, 0, 72 * time.Hour, true},
		{"once a week, for six days", weekly, 4, 0, 6 * 24 * time.Hour, false},
		{"a week old", always, 1, 0, 48 * time.Hour, false},
		{"a week old, with a setting", always, 1, 6 * time.Hour, 8 * time.Hour, true},
		{"with a longer setting", always, 4, 24 * time.Hour, 8 * time.Hour, false},
		{"never", func(time.Weekday, int) bool { return false }, 4, time.Hour, 48 * time.Hour, false},
	} {
		if got := console.Silent(hours(friday, c.weeks, c.pattern), c.quiet, friday.Add(c.after)); got != c.want {
			t.Errorf("%s: silent is %v", c.name, got)
		}
	}
}

func TestHealthTellsRatesBacklogAndTheLastDelivery(t *testing.T) {
	w := newWorld(t).counted()
	w.lender("acme", "queue")
	w.accept("crf", lead(t, uuid(1), nil))
	w.drop("acme")
	w.pass(time.Minute)
	w.accept("crf", lead(t, uuid(2), nil))
	w.accept("crf", lead(t, uuid(3), nil))
	if err := w.desk.Tally.Flush(w.ctx); err != nil {
		t.Fatal(err)
	}
	d, err := w.desk.Destinations.Find(w.ctx, "acme")
	if err != nil {
		t.Fatal(err)
	}
	h, err := w.desk.HealthOf(w.ctx, d)
	if err != nil {
		t.Fatal(err)
	}
	if h.Colour != console.Red || h.State != registry.Held || h.Backlog != 2 || h.Hour.Through != 1 || h.Week.Failed != 1 || h.Last.IsZero() || h.Oldest.IsZero() || *h.SASDays < 1000 {
		t.Errorf("%+v", h)
	}
	s, err := w.desk.Status(w.ctx)
	if err != nil || len(s.Partners) != 2 || s.Partners[1].Day != 3 || s.Partners[1].Cold != 1 || s.Partners[1].P99 == 0 {
		t.Errorf("%+v, %v", s.Partners, err)
	}
	if got := fmt.Sprint(s.Depths.Poison, s.Depths.Spill, s.Books.At.IsZero()); got != "0 0 true" {
		t.Errorf("%s", got)
	}
}
