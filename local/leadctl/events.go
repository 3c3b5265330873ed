package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"leadrelay/internal/app"
	"leadrelay/internal/config"
	"leadrelay/internal/console"
)

func eventsCommand(storage *storageFlag) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Look at events, send them again, decide about them, erase them",
		Long: `events shows what became of every event that a partner sent: the ledger is its chain of custody. Lists come from index
rows, a page at a time, the newest first. Payloads are masked; --reveal shows them, and that is written down.`,
		Example: `  leadctl events list --state dead --since 24h
  leadctl events list --lead 4626a582-afb9-48bf-8d86-87e6fe91a842
  leadctl events show 01KAJ3D4T0XQ2Z8J5V9W7M6N1B
  leadctl events replay 01KAJ3D4T0XQ2Z8J5V9W7M6N1B --to acme-queue
  leadctl events replay --state dead --destination acme-queue --since 24h --dry-run
  leadctl events release 01KAJ3D4T0XQ2Z8J5V9W7M6N1B --destination acme-queue --why "called the applicant"`,
	}
	cmd.AddCommand(eventsListCommand(storage), eventsShowCommand(storage), eventsReplayCommand(storage), eventsEraseCommand(storage))
	cmd.AddCommand(eventsDecideCommands(storage)...)
	return cmd
}

// console is what an operator stands before, with the partners that the environment sets.
func (f *storageFlag) console(cmd *cobra.Command) (*console.Console, error) {
	environ, err := f.environ()
	if err != nil {
		return nil, err
	}
	env := config.New(environ)
	b, partners := app.OpenBackend(env, time.Now), app.Partners(env, time.Now)
	if err := env.Err(); err != nil {
		return nil, err
	}
	c := b.Console(partners, slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn})))
	c.Quiet, c.Reactivate = app.Habits(env)
	return c, nil
}

// whoFlags say who does something, and why.
type whoFlags struct{ by, why string }

func (w *whoFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&w.by, "by", "", "who does it (default: the user of this machine); it is written down")
	flags.StringVar(&w.why, "why", "", "why; it is written down")
}

func (w *whoFlags) who() console.Who {
	by := w.by
	if by == "" {
		by = "somebody"
		if u, err := user.Current(); err == nil {
			by = u.Username
		}
	}
	return console.Who{By: by, Why: w.why}
}

// filterFlags say which events are meant.
type filterFlags struct {
	f            console.Filter
	since, until string
}

func (f *filterFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.f.Partner, "partner", "", "the partner's name")
	flags.StringVar(&f.f.Type, "type", "", "the event's type, crf.lead")
	flags.StringVar(&f.f.Destination, "destination", "", "a destination's name or id; --state is then its delivery's")
	flags.StringVar(&f.f.State, "state", "", "one of "+strings.Join(console.States(), ", "))
	flags.StringVar(&f.since, "since", "", "from then on: 2h, 3d, 2026-11-21, 2026-11-21T09:30:00Z")
	flags.StringVar(&f.until, "until", "", "before then")
}

func (f *filterFlags) filter(now time.Time) (console.Filter, error) {
	var errSince, errUntil error
	f.f.Since, errSince = when(f.since, now)
	f.f.Until, errUntil = when(f.until, now)
	return f.f, errors.Join(errSince, errUntil)
}

// when reads a time, a UTC day, or how long ago; empty is the zero time.
func when(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n := 0
		if _, err := fmt.Sscanf(days, "%d", &n); err == nil && n >= 0 && fmt.Sprint(n) == days {
			return now.UTC().AddDate(0, 0, -n), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.UTC().Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly, "2006-01-02T15:04", time.DateTime} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: 2h, 3d, 2026-11-21 or 2026-11-21T09:30:00Z", text)
}
