package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
)

// Alert is something that an operator is told once, and once again when it is over. It holds nothing of a person.
type Alert struct {
	Name     string    `json:"name"`    // stable: one of the console's
	Subject  string    `json:"subject"` // a destination's, partner's or lane's name; empty for the whole
	Text     string    `json:"text"`
	Raised   time.Time `json:"raised"`
	Ended    time.Time `json:"ended,omitzero"`
	Told     bool      `json:"told"`      // the operator's endpoint has taken the beginning
	ToldOver bool      `json:"told_over"` // and the end
}

// Alerts are kept in the state table until their end was told.
type Alerts struct {
	Table *aztables.Client
	Now   func() time.Time
}

const alertPartition = "alert" // RowKey: name | subject

// row is a key of the table: subjects are names of ours, but a partner's is whatever the settings say.
func (a Alert) row() string {
	return a.Name + "|" + strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\#?`, r) || r < ' ' {
			return '_'
		}
		return r
	}, a.Subject)
}

// List are the alerts that are not over, and those whose end was not told yet, by name and subject. It is one request.
func (a *Alerts) List(ctx context.Context) ([]Alert, error) {
	var out []Alert
	for r, err := range rowsOf(ctx, a.Table, "PartitionKey eq '"+alertPartition+"'", "") {
		if err != nil {
			return nil, fmt.Errorf("read alerts: %w", err)
		}
		out = append(out, parseAlert(r))
	}
	return out, nil
}

func parseAlert(r azure.Row) Alert {
	return Alert{Name: r.Text("Name"), Subject: r.Text("Subject"), Text: r.Text("Text"), Raised: r.Time("Raised"), Ended: r.Time("Ended"),
		Told: r.Flag("Told"), ToldOver: r.Flag("ToldOver")}
}

// Raise notes what is wrong; news says that it was not noted before.
func (a *Alerts) Raise(ctx context.Context, name, subject, text string) (news bool, err error) {
	alert := Alert{Name: name, Subject: subject, Text: text, Raised: a.Now()}
	r, ok, err := get(ctx, a.Table, alertPartition, alert.row())
	if err != nil {
		return false, fmt.Errorf("raise alert: %w", err)
	}
	if have := parseAlert(r); ok && have.Ended.IsZero() {
		return false, nil
	}
	return true, a.Save(ctx, alert)
}

// Save writes an alert as it is now.
func (a *Alerts) Save(ctx context.Context, alert Alert) error {
	return a.upsert(ctx, azure.NewEntity(alertPartition, alert.row()).Text("Name", alert.Name).Text("Subject", alert.Subject).Text("Text", alert.Text).
		Time("Raised", alert.Raised).Time("Ended", alert.Ended).Flag("Told", alert.Told).Flag("ToldOver", alert.ToldOver))
}

func (a *Alerts) upsert(ctx context.Context, e *azure.Entity) error {
	b, replace := e.JSON(), &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeReplace}
	_, err := a.Table.UpsertEntity(ctx, b, replace)
	if azure.NotFound(err) {
		if _, err := a.Table.CreateTable(ctx, nil); err != nil && !azure.Exists(err) {
			return fmt.Errorf("create the state table: %w", azure.Classify(err))
		}
		_, err = a.Table.UpsertEntity(ctx, b, replace)
	}
	if err != nil {
		return fmt.Errorf("write alert: %w", azure.Classify(err))
	}
	return nil
}

// Forget removes an alert that is over and told.
func (a *Alerts) Forget(ctx context.Context, alert Alert) error {
	_, err := a.Table.DeleteEntity(ctx, alertPartition, alert.row(), &aztables.DeleteEntityOptions{IfMatch: to.Ptr(azcore.ETagAny)})
	if err != nil && !azure.NotFound(err) {
		return fmt.Errorf("forget alert: %w", azure.Classify(err))
	}
	return nil
}

const notePartition = "watch"

// Note keeps what a watch has found out, as JSON, under a name; ReadNote reads it into v and leaves v alone when there is
// none.
func (a *Alerts) Note(ctx context.Context, name string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode a note: %w", err)
	}
	return a.upsert(ctx, azure.NewEntity(notePartition, name).Text("Note", string(text)))
}

func (a *Alerts) ReadNote(ctx context.Context, name string, v any) error {
	r, ok, err := get(ctx, a.Table, notePartition, name)
	if err != nil || !ok {
		return err
	}
	return decode(r, "Note", v)
}

// LastRuns are the last runs of all lanes that were ever drained, by lane. It reads the lanes' rows only.
func (r *LaneRuns) LastRuns(ctx context.Context) ([]LaneRun, error) {
	var out []LaneRun
	for row, err := range rowsOf(ctx, r.Table, "PartitionKey ge 'lane|' and PartitionKey lt 'lane}' and RowKey eq '"+lastRun+"'", "") {
		if err != nil {
			return nil, fmt.Errorf("last runs: %w", err)
		}
		var run LaneRun
		if decode(row, "Run", &run) != nil || run.Lane == "" {
			continue // it was looked at and never drained
		}
		out = append(out, run)
	}
	slices.SortFunc(out, func(a, b LaneRun) int { return strings.Compare(a.Lane, b.Lane) })
	return out, nil
}
