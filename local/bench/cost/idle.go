package cost

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"leadrelay/internal/app"
	"leadrelay/internal/azure"
	"leadrelay/internal/config"
	"leadrelay/local/azuresim"
	"leadrelay/local/bench/tap"
)

// Idle is what a deployment does in a month of 30 days in which no lead comes: one instance that stays warm, because its
// timers run every minute.
type Idle struct {
	Operations Operations
	Executions float64
	GBSeconds  float64
	Dollars    float64 // storage operations; the executions lie in the free grant, see List
	List       float64 // the same with executions and time at list price
}

const month = 30 * 24 * time.Hour

// The host's own share. Its look at an empty queue backs off to maxPollingInterval of host.json. Of each timer it writes a
// status blob at every run and renews the blob lease that makes it the only one, of 60 s, at half time.
const (
	poll        = 5 * time.Second
	timers      = 2 // Sweep and Drain
	everyMinute = float64(month / time.Minute)
)

// CountIdle runs sweeps and drains of an idle deployment, whole as the handler has them, and adds the host's share.
func (p Prices) CountIdle(ctx context.Context) (Idle, error) {
	out := Idle{Operations: Operations{}, Executions: timers * everyMinute}
	sim := azuresim.New(azuresim.Options{})
	if err := sim.Start(); err != nil {
		return out, err
	}
	defer sim.Close()
	handler, err := idleHandler(ctx, sim)
	if err != nil {
		return out, err
	}
	for range 2 { // the first of a day does more
		sim.Forget()
		for _, function := range []string{"/Sweep", "/Drain"} {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodPost, function, strings.NewReader(`{"Data":{},"Metadata":{}}`)))
			if w.Code != http.StatusOK {
				return out, fmt.Errorf("%s of an idle deployment failed: %s", function, w.Body)
			}
		}
	}
	out.Operations.add(sim.Log(), everyMinute)
	out.Operations["queue GetMessages"] += float64(month / poll)
	out.Operations["blob PutBlob"] += timers * everyMinute
	out.Operations["blob RenewLease"] += timers * 2 * everyMinute
	out.GBSeconds = out.Executions * p.LeastExecution * p.Memory
	bill, err := out.Operations.Bill()
	for m, n := range bill {
		out.Dollars += n / 10_000 * p.Per10000[m]
	}
	out.List = out.Dollars + out.Executions/million*p.PerMillionExecutions + out.GBSeconds*p.GBSecond
	return out, err
}

// idleHandler is the product with a partner, and a lane that drains an empty queue of its own account into the leads table.
func idleHandler(ctx context.Context, sim *azuresim.Server) (http.Handler, error) {
	sign, err := azure.NewSigner(sim.ConnectionString())
	if err != nil {
		return nil, err
	}
	now, key := time.Now(), base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), 32))
	environ := []string{"AzureWebJobsStorage=" + sim.ConnectionString(), "LEADRELAY_SEAL_KEY=" + key, "LEADRELAY_HASH_KEY=" + key,
		"PARTNER_CRF_SECRET=" + tap.Secret, "INBOX_MAIN_KIND=queue", "INBOX_MAIN_URL=" + sign.SignQueue("leadrelay-idle", "up", now.AddDate(0, 0, -1), now.AddDate(1, 0, 0)).Reveal()}
	env := config.New(environ)
	store := app.OpenStore(env, time.Now)
	if store.Account == nil {
		return nil, errors.New("the simulator's account cannot be opened")
	}
	if err := store.Setup(ctx); err != nil {
		return nil, err
	}
	if _, err := store.Account.Queue("leadrelay-idle").Create(ctx, nil); err != nil {
		return nil, err
	}
	a, err := app.New(environ, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		return nil, err
	}
	return a.Handler(), nil
}
