package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/console"
	"leadrelay/internal/ledger"
)

// told is what the operator's endpoint was told, in order: "name subject state".
type told struct {
	down  bool
	lines []string
	ids   map[string]bool
}

func (o *told) notify(_ context.Context, id string, body []byte) error {
	var m struct {
		Data struct{ Name, Subject, State, Text string }
	}
	if o.down || json.Unmarshal(body, &m) != nil {
		return errors.New("503")
	}
	if o.ids == nil {
		o.ids = map[string]bool{}
	}
	o.ids[id] = true
	o.lines = append(o.lines, strings.TrimSpace(m.Data.Name+" "+m.Data.Subject)+" "+m.Data.State)
	return nil
}

func (w *world) watch(late time.Duration) error {
	w.Helper()
	if err := w.desk.Tally.Flush(w.ctx); err != nil {
		w.Fatal(err)
	}
	w.flow.Destinations.Forget()
	return w.desk.Watch(w.ctx, late)
}

func TestEachAlertIsToldOnceAndItsEndOnce(t *testing.T) {
	w, operator := newWorld(t), &told{}
	w.desk.Notify = operator.notify
	w.lender("acme", "queue")
	want := func(lines ...string) {
		t.Helper()
		if fmt.Sprint(operator.lines) != fmt.Sprint(lines) || len(operator.ids) != len(lines) {
			t.Errorf("told %q, want %q", operator.lines, lines)
		}
	}
	for range 2 {
		if err := w.watch(0); err != nil {
			t.Fatal(err)
		}
	}
	want()
	w.drop("acme")
	w.accept("crf", lead(t, uuid(1), nil))
	operator.down = true
	if w.watch(0) == nil {
		t.Error("an endpoint that is down is no error")
	}
	operator.down = false
	for range 3 {
		if err := w.watch(0); err != nil {
			t.Fatal(err)
		}
	}
	want("destination-held acme raised")
	d, err := w.desk.Destinations.Find(w.ctx, "acme")
	if err != nil || d.Health.Colour != console.Red || d.Health.Turned.IsZero() {
		t.Errorf("the health row says %+v, %v", d.Health, err)
	}
	w.pass(time.Minute) // Azure takes its time to delete a queue
	if _, err := w.account.Queue("lender-acme").Create(w.ctx, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.desk.Destinations.Mended(w.ctx, d.ID); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.watch(3 * time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	want("destination-held acme raised", "destination-held acme over", "intake-late raised")
	if err := w.watch(0); err != nil {
		t.Fatal(err)
	}
	want("destination-held acme raised", "destination-held acme over", "intake-late raised", "intake-late over")
	if n := strings.Count(w.log.String(), `"msg":"alert","name"`); n != 2 {
		t.Errorf("%d alerts are logged", n)
	}
	w.quiet("Test", "sig=")
}

func TestPartnerThatDisabledUsIsHeardOfAgain(t *testing.T) {
	w, operator := newWorld(t).counted(), &told{}
	w.desk.Notify = operator.notify
	if _, err := w.desk.Alerts.Raise(w.ctx, console.AlertDisabled, "crf", "it has switched us off"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.watch(0); err != nil {
			t.Fatal(err)
		}
	}
	w.pass(time.Minute)
	w.accept("crf", lead(t, uuid(1), nil))
	if err := w.watch(0); err != nil {
		t.Fatal(err)
	}
	if want := "[partner-disabled-us crf raised partner-disabled-us crf over]"; fmt.Sprint(operator.lines) != want {
		t.Errorf("told %v", operator.lines)
	}
}

func TestLaneThatStoppedIsAnAlert(t *testing.T) {
	w, operator := newWorld(t), &told{}
	w.desk.Notify = operator.notify
	w.desk.Lanes = map[string]func(last, now time.Time) bool{
		"fine": func(last, now time.Time) bool { return false }, "forgotten": func(last, now time.Time) bool { return true },
		"broken": func(last, now time.Time) bool { return false }}
	for _, r := range []ledger.LaneRun{{Lane: "fine"}, {Lane: "forgotten"}, {Lane: "broken", Error: "the CRM refuses the token"}, {Lane: "taken away", Error: "x"}} {
		r.Started, r.Report = w.clock(), []byte("{}")
		if err := w.desk.Runs.Keep(w.ctx, r, true); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.watch(0); err != nil {
		t.Fatal(err)
	}
	if want := "[drain-stopped broken raised drain-stopped forgotten raised]"; fmt.Sprint(operator.lines) != want {
		t.Errorf("told %v", operator.lines)
	}
}

// counted makes the flows count.
func (w *world) counted() *world {
	w.door.Tally, w.flow.Tally = w.desk.Tally, w.desk.Tally
	return w
}

// drop takes a lender's queue away.
func (w *world) drop(name string) {
	w.Helper()
	if _, err := w.account.Queue("lender-"+name).Delete(w.ctx, nil); err != nil {
		w.Fatal(err)
	}
}
