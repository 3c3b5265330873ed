package app

import (
	"context"
	"log/slog"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/console"
	"leadrelay/internal/destination"
	webhookdestination "leadrelay/internal/destination/webhook"
	"leadrelay/internal/drain"
	"leadrelay/internal/httpclient"
	"leadrelay/internal/ledger"
	"leadrelay/internal/schedule"
)

// Habits reads PARTNER_<NAME>_QUIET, and gives for each partner what its document says about being heard of again.
func Habits(env *config.Env) (quiet map[string]time.Duration, reactivate map[string]string) {
	quiet, reactivate = map[string]time.Duration{}, map[string]string{}
	for _, name := range env.Names("PARTNER") {
		s := env.Instance("PARTNER", name)
		if d := s.Duration("QUIET", 0); d > 0 {
			quiet[name] = d
		}
		reactivate[name] = partners()[s.String("KIND", name)].reactivate
	}
	return quiet, reactivate
}

// notifier posts a message to the operator's endpoint, signed as Standard Webhooks say.
type notifier func(ctx context.Context, id string, body []byte) error

// openNotifier reads LEADRELAY_ALERT_URL, _SECRET and _PRIVATE; nil when there is no endpoint.
func openNotifier(env *config.Env, now func() time.Time) notifier {
	s := env.Global()
	url, secrets, private := s.Secret("LEADRELAY_ALERT_URL"), s.Secrets("LEADRELAY_ALERT_SECRET"), s.Bool("LEADRELAY_ALERT_PRIVATE", false)
	if url == "" {
		return nil
	}
	if len(secrets) == 0 {
		s.Complain("LEADRELAY_ALERT_SECRET", "is required with LEADRELAY_ALERT_URL: whsec_ and 24 to 64 bytes in base64")
		return nil
	}
	far, err := webhookdestination.Open(destination.Options{Address: url, Secrets: secrets, AllowPrivate: private, Now: now,
		Client: httpclient.NewClient(httpclient.Options{})})
	if err != nil {
		s.Complain("LEADRELAY_ALERT_URL", "%v", err)
		return nil
	}
	return func(ctx context.Context, id string, body []byte) error {
		ctx, cancel := context.WithTimeout(ctx, notifyTimeout)
		defer cancel()
		_, err := far.Deliver(ctx, destination.Delivery{ID: id, Body: body, ContentType: "application/json", Received: now()})
		return err
	}
}

// notifyTimeout bounds one message; what was not taken is told by the next sweep.
const notifyTimeout = 5 * time.Second

// slack is how much later than due a lane may run: others may take their time before it.
const slack = 15 * time.Minute

// overdue says for each lane whether it was forgotten: it was due after its last run, and again, and is late. The timer,
// DRAIN_SCHEDULE, says when anything of the drain can run.
func overdue(lanes []drain.Lane, timer schedule.Schedule) map[string]func(last, now time.Time) bool {
	out := map[string]func(last, now time.Time) bool{}
	for _, lane := range lanes {
		out[lane.Name] = func(last, now time.Time) bool {
			at := last.In(now.Location())
			for range 2 {
				at = timer.Next(lane.Schedule.Next(at))
			}
			return !at.IsZero() && now.Sub(at) > slack
		}
	}
	return out
}

// alarm is what the deliverer does with an event by which a partner says that it has disabled us.
func alarm(alerts *ledger.Alerts, log *slog.Logger) func(ctx context.Context, partner, text string, at time.Time) error {
	return func(ctx context.Context, partner, text string, _ time.Time) error {
		news, err := alerts.Raise(ctx, console.AlertDisabled, partner, text)
		if news && err == nil {
			log.ErrorContext(ctx, "alert", "name", console.AlertDisabled, "subject", partner, "text", text)
		}
		return err
	}
}
