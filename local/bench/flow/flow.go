// Package flow measures Deliver and Drain: the real handler, called as the Functions host calls it, against floors that make
// the same requests and nothing else.
//
// The storage is the benchmark's sink, to which every lead is a first one; where the ledger has to hold something it is
// local/azuresim. What is divided by is events and messages; what is compared are rounds of both, one after the other.
package flow

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"leadrelay/internal/app"
	"leadrelay/internal/azure"
	"leadrelay/internal/config"
	"leadrelay/internal/registry"
	"leadrelay/local/azuresim"
	"leadrelay/local/bench/lead"
	"leadrelay/local/bench/measure"
	"leadrelay/local/bench/sink"
	"leadrelay/local/bench/tap"
)

// Bench is how the flows are measured.
type Bench struct {
	Plan    measure.Plan
	Warm    time.Duration
	Span    time.Duration // of one candidate in one round
	Handler string        // the built programs
	Bare    string
	// Messages are how many one run of a drain takes; 0 means 12,000.
	Messages int64
}

// key is the seal key and the hash key of every deployment here; it protects nothing.
func key() string { return base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))) }

// settings are those of a handler on a storage account.
func settings(connection string) []string {
	return []string{"AzureWebJobsStorage=" + connection, "LEADRELAY_SEAL_KEY=" + key(), "LEADRELAY_HASH_KEY=" + key(), "PARTNER_CRF_SECRET=" + lead.Key}
}

// start starts a program on the core of the program under test; it learns its port as the host tells it.
func start(ctx context.Context, path string, env []string, args ...string) (*measure.Process, error) {
	address, err := measure.FreeAddress()
	if err != nil {
		return nil, err
	}
	_, port, _ := strings.Cut(address, ":")
	return measure.Start(ctx, measure.Program{Path: path, Args: args, Env: append(env, "FUNCTIONS_CUSTOMHANDLER_PORT="+port), Address: address})
}

// sas is a lender's queue of the sink, as the lender pastes it.
func sas(connection, queue, permissions string) (config.Secret, error) {
	sign, err := azure.NewSigner(connection)
	if err != nil {
		return "", err
	}
	now := time.Now()
	return sign.SignQueue(queue, permissions, now.AddDate(0, 0, -1), now.AddDate(1, 0, 0)), nil
}

// destinations makes n queues of lenders, every one of which wants what filter(i) says; empty wants everything.
func destinations(connection string, n int, filter func(i int) string) ([]registry.Spec, error) {
	var specs []registry.Spec
	for i := range n {
		name := fmt.Sprintf("%s-%d", tap.Lender, i)
		address, err := sas(connection, name, "a")
		if err != nil {
			return nil, err
		}
		specs = append(specs, registry.Spec{Name: name, Lender: "Acme", Kind: "queue", Address: address, Config: registry.Config{Filter: filter(i)}})
	}
	return specs, nil
}

func everything(int) string { return "" }

// put registers destinations with the product's own code, on a simulated account, and makes their sealed rows be there in the
// sink.
func put(ctx context.Context, s *sink.Sink, specs []registry.Spec) error {
	sim := azuresim.New(azuresim.Options{PageSize: len(specs) + 1})
	if err := sim.Start(); err != nil {
		return err
	}
	defer sim.Close()
	env := config.New(settings(sim.ConnectionString()))
	b := app.OpenBackend(env, time.Now)
	if b.Destinations == nil {
		return env.Err()
	}
	if _, err := b.Destinations.Apply(ctx, specs, registry.ApplyOptions{}); err != nil {
		return fmt.Errorf("register destinations: %w", err)
	}
	rows, err := rows(sim, b.Names.Destinations())
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := s.PutRow(b.Names.Destinations(), row); err != nil {
			return err
		}
	}
	return nil
}

// rows are the entities of a table as its list writes them.
func rows(sim *azuresim.Server, table string) ([]string, error) {
	r, err := http.NewRequest(http.MethodGet, endpoint(sim.ConnectionString(), "Table")+"/"+table+"()", nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "SharedKeyLite "+azuresim.AccountName+":it is believed")
	r.Header.Set("X-Ms-Version", "2019-02-02")
	r.Header.Set("Accept", "application/json;odata=minimalmetadata")
	resp, err := sim.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("list %s: %d: %w", table, resp.StatusCode, err)
	}
	return values(body)
}

// endpoint is that of a service in a connection string.
func endpoint(connection, service string) string {
	_, rest, _ := strings.Cut(connection, service+"Endpoint=")
	address, _, _ := strings.Cut(rest, ";")
	return strings.TrimRight(address, "/")
}
