package console_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/config"
	"leadrelay/internal/console"
	"leadrelay/internal/crm/table"
	"leadrelay/internal/deliver"
	"leadrelay/internal/destination"
	"leadrelay/internal/destination/blob"
	"leadrelay/internal/destination/queue"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner"
	"leadrelay/internal/partner/credzu"
	"leadrelay/internal/partner/crf"
	"leadrelay/internal/receive"
	"leadrelay/internal/registry"
	"leadrelay/local/azuresim"
)

const (
	secret = "0123456789abcdef0123"
	token  = "tokentokentokentoken"
)

// world is a deployment on a simulated account, with lenders' queues and containers in it and a clock that the test moves.
type world struct {
	*testing.T
	*house
	ctx   context.Context
	sim   *azuresim.Server
	names ledger.Names

	mu  sync.Mutex
	now time.Time
	log bytes.Buffer
}

// house is one process of the product: everything in it goes through one way to the storage.
type house struct {
	account *azure.Account
	intake  *ledger.Intake
	door    *receive.Handler
	flow    *deliver.Deliverer
	desk    *console.Console
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	w := &world{T: t, ctx: ctx, names: ledger.Names{Prefix: "desk"}, now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	w.sim = azuresim.New(azuresim.Options{Now: w.clock})
	w.house = w.newHouse()
	if err := ledger.Setup(ctx, w.account, w.names); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	w.now = w.now.Add(d)
	w.mu.Unlock()
	w.flow.Destinations.Forget()
}

// newHouse starts a process.
func (w *world) newHouse() *house {
	w.Helper()
	client := &http.Client{Transport: w.sim.Process()}
	account, err := azure.ConnectAccount(w.sim.ConnectionString(), client)
	if err != nil {
		w.Fatal(err)
	}
	sealer, err := registry.NewSealer(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		w.Fatal(err)
	}
	env := config.New([]string{"PARTNER_CRF_SECRET=" + secret, "PARTNER_CREDZU_TOKEN=" + token})
	partners := map[string]partner.Partner{"crf": crf.Open(env.Instance("PARTNER", "crf"), w.clock), "credzu": credzu.Open(env.Instance("PARTNER", "credzu"), w.clock)}
	hash := ledger.NewHash([]byte("a key of thirty-two bytes, for us"))
	log := slog.New(slog.NewJSONHandler(&locked{w: w}, nil))
	h := &house{account: account, intake: ledger.NewIntake(account, w.names)}
	l := ledger.New(account, w.names, hash, w.clock)
	destinations := registry.New(account.Table(w.names.Destinations()), sealer, nil, w.clock)
	routes := map[string]receive.Route{}
	for name, p := range partners {
		routes[name] = receive.Route{Partner: p, MaxBody: 256 << 10}
	}
	h.door = &receive.Handler{Routes: routes, Intake: h.intake, Hash: hash, Log: log, Now: w.clock}
	h.flow = &deliver.Deliverer{Ledger: l, Intake: h.intake, Destinations: destinations, Partners: partners, Log: log, Now: w.clock,
		Spread: func() float64 { return 0.5 }, Open: func(d registry.Destination, _ int) (destination.Destination, error) {
			open := queue.Open
			if d.Kind == "blob" {
				open = blob.Open
			}
			return open(destination.Options{Address: d.Secrets.Address, Encoding: d.Config.Encoding, Client: client, Now: w.clock})
		}}
	h.desk = &console.Console{Ledger: l, Intake: h.intake, Poison: &ledger.Poison{Container: account.Container(w.names.Poison())},
		Cursors: ledger.Cursors{Table: account.Table(w.names.State())}, Destinations: destinations, Deliver: h.flow, Partners: partners,
		Leads: table.New(account, w.names.Leads(), w.clock), Log: log, Now: w.clock, Tally: &ledger.Tally{Table: account.Table(w.names.State()), Now: w.clock},
		Alerts: &ledger.Alerts{Table: account.Table(w.names.State()), Now: w.clock}, Runs: &ledger.LaneRuns{Table: account.Table(w.names.State()), Now: w.clock}}
	return h
}

// locked is the log of all processes.
type locked struct{ w *world }

func (l *locked) Write(b []byte) (int, error) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	return l.w.log.Write(b)
}

// lender makes a lender's queue or container and registers it.
func (w *world) lender(name, kind string, change ...func(*registry.Spec)) {
	w.Helper()
	signer, err := azure.NewSigner(w.sim.ConnectionString())
	if err != nil {
		w.Fatal(err)
	}
	from, until := w.clock().Add(-time.Hour), w.clock().AddDate(5, 0, 0)
	s := registry.Spec{Name: name, Lender: "Acme", Kind: kind, Address: signer.SignQueue("lender-"+name, "a", from, until)}
	if kind == "blob" {
		s.Address = signer.SignContainer("lender-"+name, "c", from, until)
		_, err = w.account.Container("lender-"+name).Create(w.ctx, nil)
	} else {
		_, err = w.account.Queue("lender-"+name).Create(w.ctx, nil)
	}
	if err != nil {
		w.Fatal(err)
	}
	for _, c := range change {
		c(&s)
	}
	if _, err := w.flow.Destinations.Apply(w.ctx, []registry.Spec{s}, registry.ApplyOptions{}); err != nil {
		w.Fatal(err)
	}
}

// uuid makes the n-th lead id.
func uuid(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// lead is the document's sample lead under an id, changed.
func lead(t testing.TB, id string, changes map[string]any) []byte {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(crf.Sample(), &all); err != nil {
		t.Fatal(err)
	}
	all["id"] = id
	for name, v := range changes {
		all[name] = v
	}
	body, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// post sends a notification in and gives the answer.
func (h *house) post(partner string, body []byte) (status int, receipt string) {
	path := receive.Prefix + partner
	if partner == "credzu" {
		path += "/" + token
	}
	r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
	r.Header.Set("X-Api-Key", secret)
	r.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	h.door.ServeHTTP(rec, r)
	var answer struct{ Receipt string }
	_ = json.Unmarshal(rec.Body.Bytes(), &answer) // a 401 has no body
	return rec.Code, answer.Receipt
}

// accept posts what must be accepted, and handles it a millisecond later.
func (w *world) accept(partner string, body []byte) string {
	w.Helper()
	status, receipt := w.post(partner, body)
	if status != http.StatusOK {
		w.Fatalf("%s was answered %d", partner, status)
	}
	w.handle()
	w.pass(time.Millisecond)
	return receipt
}

// handle delivers what lies in the intake and is due, as the trigger does. What fails comes back a minute later.
func (w *world) handle() {
	w.Helper()
	for w.handleWith(w.house) > 0 {
	}
}

func (w *world) handleWith(h *house) int {
	w.Helper()
	list, err := h.intake.Take(w.ctx, time.Minute)
	if err != nil {
		return 0
	}
	for _, m := range list {
		if h.flow.Deliver(w.ctx, m.Text) == nil {
			_ = m.Remove(w.ctx) // else it comes again
		}
	}
	return len(list)
}

func (w *world) list(f console.Filter) []console.Event {
	w.Helper()
	page, err := w.desk.List(w.ctx, f, 100, "")
	if err != nil {
		w.Fatal(err)
	}
	if page.Next != "" {
		w.Fatal("there are more pages")
	}
	return page.Events
}

func (w *world) show(receipt string) console.Custody {
	w.Helper()
	e, err := w.desk.Show(w.ctx, receipt, false, console.Who{By: "ann"})
	if err != nil {
		w.Fatal(err)
	}
	return e
}

// delivery is the part of a destination in an event's chain.
func (w *world) delivery(receipt, destination string) console.Delivery {
	w.Helper()
	for _, d := range w.show(receipt).Deliveries {
		if d.Destination == destination {
			return d
		}
	}
	return console.Delivery{}
}

// got counts what lies in a lender's queue.
func (w *world) got(name string) int { return len(w.sim.Queue("lender-" + name).Messages()) }

// balanced fails unless the books of the days around now balance, and gives the sum of the receipts.
func (w *world) balanced() (receipts int) {
	w.Helper()
	b, err := w.desk.Books(w.ctx, "", w.clock().AddDate(0, 0, -60), w.clock())
	if err != nil {
		w.Fatal(err)
	}
	for _, d := range b.Days {
		receipts += d.Receipts
		if d.Difference() != 0 || d.Arriving != 0 {
			w.Errorf("the books of %s %s: %+v", d.Day, d.Partner, d)
		}
	}
	return receipts
}

func who() console.Who { return console.Who{By: "ann", Why: "a test"} }

// quiet fails when the log holds something of a person or a secret.
func (w *world) quiet(words ...string) {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, word := range append(words, "sig=", secret, token) {
		if strings.Contains(w.log.String(), word) {
			w.Errorf("the log holds %q", word)
		}
	}
}
