// Package app puts the house together: settings in, objects out. It alone knows every driver.
package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/customhandler"
	"leadrelay/internal/deliver"
	"leadrelay/internal/drain"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner"
	"leadrelay/internal/receive"
	"leadrelay/internal/schedule"
	"leadrelay/internal/sweep"
)

// App is the whole product: an HTTP handler for partners and three functions for the host.
type App struct {
	backend *Backend
	receive *receive.Handler
	deliver *deliver.Deliverer
	sweep   *sweep.Sweeper
	drain   *drain.Drainer
	lanes   []drain.Lane
	log     *slog.Logger
}

// New reads the settings (DESIGN 4a). All that is wrong with them is told at once. Nothing is called.
func New(environ []string, log *slog.Logger, now func() time.Time) (*App, error) {
	env := config.New(environ)
	b := OpenBackend(env, now)
	a := &App{backend: b, log: log}
	routes := openPartners(env, now)
	byName := map[string]partner.Partner{}
	for name, r := range routes {
		byName[name] = r.Partner
	}
	a.lanes = openLanes(env, b, byName, now)
	timer := readSchedules(env)
	quiet, reactivate := Habits(env)
	notify := openNotifier(env, now)
	keep := time.Duration(env.Global().Int("LEADRELAY_RETENTION_DAYS", 0, 0, 3650)) * 24 * time.Hour
	lease := env.Global().Duration("DRAIN_LEASE", 5*time.Minute)
	if err := env.Err("LEADRELAY_", "PARTNER_", "INBOX_", "CRM_"); err != nil {
		return nil, err
	}
	knowLeads(routes, b.Ledger)
	a.receive = &receive.Handler{Routes: routes, Intake: b.Intake, Hash: b.Hash, Log: log, Now: now, Tally: b.Tally}
	a.deliver = b.Deliverer(byName, log)
	a.deliver.Alarm = alarm(b.alerts(), log)
	desk := b.Console(byName, log)
	desk.Quiet, desk.Reactivate, desk.Notify, desk.Lanes = quiet, reactivate, notify, overdue(a.lanes, timer)
	a.sweep = &sweep.Sweeper{Intake: b.Intake, Ledger: b.Ledger, Deliver: a.deliver, Log: log, Now: now, Keep: keep, Watch: desk.Watch,
		Lock: &ledger.Lock{Container: b.Account.Container(b.Names.Poison()), Name: "sweep.lock"}}
	a.drain = &drain.Drainer{Partners: byName, States: b.states(now), Lease: lease, Log: log, Now: now}
	return a, nil
}

// readSchedules marks the settings as ours that function.json names; the host reads them. It gives the drain's, as far as
// it is understood.
func readSchedules(env *config.Env) schedule.Schedule {
	s := env.Global()
	s.String("SWEEP_SCHEDULE", "")
	timer, _ := schedule.Parse(s.String("DRAIN_SCHEDULE", "")) // the host complains
	return timer
}

// The budgets of the functions: below the five minutes of functionTimeout in host.json, after which the host kills
// the whole process.
const (
	deliverBudget = 2 * time.Minute
	timerBudget   = 4 * time.Minute
)

// Handler answers the Functions host: partners' requests with their own path, invocations as POST /<Function>, and
// GET / to say that we are up.
func (a *App) Handler() http.Handler {
	functions := map[string]http.Handler{
		"/Deliver": customhandler.Handle("Deliver", deliverBudget, a.log, a.onMessage),
		"/Drain":   customhandler.Handle("Drain", timerBudget, a.log, a.onDrain),
		"/Sweep":   customhandler.Handle("Sweep", timerBudget, a.log, a.onSweep),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, isFunction := functions[r.URL.Path]
		switch {
		case strings.HasPrefix(r.URL.Path, receive.Prefix):
			a.receive.ServeHTTP(w, r)
		case isFunction && r.Method == http.MethodPost:
			f.ServeHTTP(w, r)
		case r.URL.Path == "/":
			w.WriteHeader(http.StatusOK)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
}

func (a *App) onMessage(ctx context.Context, i customhandler.Invocation) error {
	text, err := i.Text("message")
	if err != nil {
		return err
	}
	return a.deliver.Deliver(ctx, text)
}

func (a *App) onSweep(ctx context.Context, _ customhandler.Invocation) error {
	_, err := a.sweep.Sweep(ctx)
	return err
}

// onDrain drains every lane; one that fails does not keep the others waiting.
func (a *App) onDrain(ctx context.Context, _ customhandler.Invocation) error {
	var errs []error
	for _, lane := range a.lanes {
		if _, err := a.drain.Run(ctx, lane); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
