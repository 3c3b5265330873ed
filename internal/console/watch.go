package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
)

// The alerts, by their stable names, which log lines and the operator's endpoint get.
const (
	AlertHeld     = "destination-held"
	AlertRed      = "destination-red" // for another reason than a hold or its SAS
	AlertSAS      = "sas-ending"      // within thirty days
	AlertDead     = "dead-letters"    // within a day; over after a day without one
	AlertSilent   = "partner-silent"
	AlertDisabled = "partner-disabled-us" // it says so itself; over when it sends again
	AlertBooks    = "books-broken"
	AlertLate     = "intake-late"
	AlertLane     = "drain-stopped"
)

// lateAfter is when an intake counts as late; Sweep then drains it itself.
const lateAfter = 2 * time.Minute

// booksEvery is how often the watch counts the books: of today and yesterday.
const booksEvery = time.Hour

// Count is what the watch has last found in the books.
type Count struct {
	At         time.Time `json:"at"`
	Receipts   int       `json:"receipts"` // of today and yesterday
	Difference int       `json:"difference"`
}

const booksNote = "books"

// Watch looks at everything once: it writes down the colours of destinations that have changed, raises and ends alerts,
// and tells of each once. late is how late the oldest message of the intake was. An endpoint that does not answer is told
// by the next watch.
func (c *Console) Watch(ctx context.Context, late time.Duration) error {
	count, err := c.countBooks(ctx)
	if err != nil {
		return err
	}
	found, err := c.judgeDestinations(ctx)
	if err != nil {
		return err
	}
	if late >= lateAfter {
		found = append(found, ledger.Alert{Name: AlertLate, Text: "events wait in the intake for more than two minutes; the sweep drains it: see why the trigger does not"})
	}
	if count.Difference != 0 {
		found = append(found, ledger.Alert{Name: AlertBooks, Text: "receipts are not accounted for: leadctl books names them"})
	}
	lanes, err := c.judgeLanes(ctx)
	if err != nil {
		return err
	}
	senders, err := c.sendersOfAll(ctx)
	if err != nil {
		return err
	}
	for _, s := range senders {
		if s.Silent != "" {
			found = append(found, ledger.Alert{Name: AlertSilent, Subject: s.Name, Text: s.Silent})
		}
	}
	if err := c.settle(ctx, append(found, lanes...), senders); err != nil {
		return err
	}
	return c.tell(ctx)
}

// countBooks counts the books, or says what was counted within the hour.
func (c *Console) countBooks(ctx context.Context) (last Count, err error) {
	now := c.Now().UTC()
	if err := c.Alerts.ReadNote(ctx, booksNote, &last); err != nil || now.Sub(last.At).Abs() < booksEvery {
		return last, err
	}
	b, err := c.Books(ctx, "", now.AddDate(0, 0, -1), now)
	if err != nil {
		return last, err
	}
	last = Count{At: now, Difference: b.Difference()}
	for _, d := range b.Days {
		last.Receipts += d.Receipts
	}
	return last, c.Alerts.Note(ctx, booksNote, last)
}

func (c *Console) judgeDestinations(ctx context.Context) ([]ledger.Alert, error) {
	list, err := c.Destinations.Present(ctx)
	if err != nil {
		return nil, err
	}
	all, err := c.healthOfAll(ctx, list)
	if err != nil {
		return nil, err
	}
	var out []ledger.Alert
	for i, h := range all {
		if err := c.Destinations.Coloured(ctx, list[i], h.Colour, h.Reason); err != nil {
			return nil, err
		}
		raise := func(name, text string) {
			out = append(out, ledger.Alert{Name: name, Subject: h.Name, Text: text})
		}
		ending := h.SASDays != nil && *h.SASDays < yellowDays
		switch {
		case h.State == registry.Held:
			raise(AlertHeld, h.Reason)
		case h.Colour == Red && (h.SASDays == nil || *h.SASDays >= redDays):
			raise(AlertRed, h.Reason)
		}
		if ending {
			raise(AlertSAS, "its SAS ends on "+list[i].Expires.UTC().Format(time.DateOnly)+": ask the lender for a new one and set it as address_next")
		}
		if h.Dead > 0 {
			raise(AlertDead, "deliveries were given up: leadctl events list --state dead --destination "+h.Name)
		}
	}
	return out, nil
}

// judgeLanes looks for lanes of the drain whose last run failed, or that were due and did not run.
func (c *Console) judgeLanes(ctx context.Context) ([]ledger.Alert, error) {
	runs, err := c.Runs.LastRuns(ctx)
	if err != nil {
		return nil, err
	}
	var out []ledger.Alert
	for _, r := range runs {
		overdue, ours := c.Lanes[r.Lane]
		switch {
		case !ours: // a lane that was taken away
		case r.Error != "":
			out = append(out, ledger.Alert{Name: AlertLane, Subject: r.Lane, Text: "its last run failed: " + r.Error})
		case overdue(r.Started, c.Now()):
			out = append(out, ledger.Alert{Name: AlertLane, Subject: r.Lane, Text: "it was due and did not run: see whether the drain's timer is on"})
		}
	}
	return out, nil
}

// settle writes down what is new and what is over. A partner that disabled us is heard of again when it sends.
func (c *Console) settle(ctx context.Context, found []ledger.Alert, senders []Sender) error {
	open, err := c.Alerts.List(ctx)
	if err != nil {
		return err
	}
	still := map[[2]string]bool{}
	for _, a := range found {
		still[[2]string{a.Name, a.Subject}] = true
		news, err := c.Alerts.Raise(ctx, a.Name, a.Subject, a.Text)
		if err != nil {
			return err
		}
		if news {
			c.Log.ErrorContext(ctx, "alert", "name", a.Name, "subject", a.Subject, "text", a.Text)
		}
	}
	for _, a := range open {
		if a.Name == AlertDisabled {
			still[[2]string{a.Name, a.Subject}] = !sentSince(senders, a.Subject, a.Raised)
		}
		if !a.Ended.IsZero() || still[[2]string{a.Name, a.Subject}] {
			continue
		}
		a.Ended = c.Now()
		if err := c.Alerts.Save(ctx, a); err != nil {
			return err
		}
		c.Log.InfoContext(ctx, "alert over", "name", a.Name, "subject", a.Subject)
	}
	return nil
}

func sentSince(senders []Sender, name string, at time.Time) bool {
	for _, s := range senders {
		if s.Name == name && s.Last.After(at) {
			return true
		}
	}
	return false
}

// told is the body of one message to the operator's endpoint.
type told struct {
	Type      string    `json:"type"` // "leadrelay.alert"
	Timestamp time.Time `json:"timestamp"`
	Data      struct {
		Name    string `json:"name"`
		Subject string `json:"subject,omitempty"`
		State   string `json:"state"` // raised or over
		Text    string `json:"text"`
	} `json:"data"`
}

// tell tells the operator's endpoint of what it does not know yet, the beginning before the end.
func (c *Console) tell(ctx context.Context) error {
	list, err := c.Alerts.List(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, a := range list {
		if err := c.tellOne(ctx, a); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (c *Console) tellOne(ctx context.Context, a ledger.Alert) error {
	if !a.Told && c.Notify != nil {
		if err := c.post(ctx, a, "raised", a.Raised); err != nil {
			return err
		}
		a.Told = true
		if err := c.Alerts.Save(ctx, a); err != nil {
			return err
		}
	}
	if a.Ended.IsZero() {
		return nil
	}
	if c.Notify != nil {
		if err := c.post(ctx, a, "over", a.Ended); err != nil {
			return err
		}
	}
	return c.Alerts.Forget(ctx, a)
}

func (c *Console) post(ctx context.Context, a ledger.Alert, state string, at time.Time) error {
	m := told{Type: "leadrelay.alert", Timestamp: at.UTC()}
	m.Data.Name, m.Data.Subject, m.Data.State, m.Data.Text = a.Name, a.Subject, state, a.Text
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	id := c.Ledger.Hash.Of("alert", a.Name, a.Subject, a.Raised.UTC().Format(time.RFC3339Nano), state)
	if err := c.Notify(ctx, id, body); err != nil {
		return fmt.Errorf("tell of %s: %w", a.Name, err)
	}
	return nil
}
