// Package crash kills leadrelay at every storage request of every flow and looks what is left: nothing is lost, and at
// most the one doubtful send is repeated.
//
// The storage is local/azuresim, which does the killing: request n of a dry run's count, before or after it is carried
// out. A killed program's later requests reach nobody; the next life begins with nothing but what is stored.
package crash

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"leadrelay/internal/azure"
	"leadrelay/internal/config"
	"leadrelay/internal/crm/table"
	"leadrelay/internal/deliver"
	"leadrelay/internal/destination"
	blobdestination "leadrelay/internal/destination/blob"
	queuedestination "leadrelay/internal/destination/queue"
	"leadrelay/internal/drain"
	"leadrelay/internal/inbox"
	queueinbox "leadrelay/internal/inbox/queue"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner"
	"leadrelay/internal/partner/crf"
	"leadrelay/internal/receive"
	"leadrelay/internal/registry"
	"leadrelay/internal/sweep"
	"leadrelay/local/azuresim"
)

const secret = "0123456789abcdef"

// house is a deployment on a simulated storage account, with a lender's queue and container in another account.
type house struct {
	*testing.T
	sim     *azuresim.Server
	now     time.Time
	names   ledger.Names
	life    *life
	deaths  int
	answers map[string]int // lead ids that were answered 200
}

// life is one run of the program, from its start to its death.
type life struct {
	dead     bool
	ctx      context.Context
	client   *http.Client
	account  *azure.Account
	ledger   *ledger.Ledger
	intake   *ledger.Intake
	registry *registry.Registry
	deliver  *deliver.Deliverer
	sweep    *sweep.Sweeper
	receive  *receive.Handler
	drain    *drain.Drainer
	lane     drain.Lane
}

const lender = "lender"

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{T: t, now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC), names: ledger.Names{Prefix: "leadrelay"}, answers: map[string]int{}}
	h.sim = azuresim.New(azuresim.Options{Now: func() time.Time { return h.now }, Deletion: -1,
		Accounts: []azuresim.Account{{Name: azuresim.AccountName, Key: azuresim.AccountKey}, {Name: lender, Key: azuresim.AccountKey}}})
	t.Cleanup(h.sim.Close)
	h.born()
	must(t, ledger.Setup(h.life.ctx, h.life.account, h.names))
	theirs := h.theirs()
	if _, err := theirs.Queue("leads").Create(h.life.ctx, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := theirs.Container("leads").Create(h.life.ctx, nil); err != nil {
		t.Fatal(err)
	}
	sign, err := azure.NewSigner(h.sim.ConnectionStringOf(lender))
	must(t, err)
	from, until := h.now.AddDate(0, 0, -1), h.now.AddDate(2, 0, 0)
	_, err = h.life.registry.Apply(h.life.ctx, []registry.Spec{
		{Name: "queue", Lender: "Acme", Kind: "queue", Address: sign.SignQueue("leads", "a", from, until)},
		{Name: "blob", Lender: "Acme", Kind: "blob", Address: sign.SignContainer("leads", "c", from, until)},
	}, registry.ApplyOptions{})
	must(t, err)
	h.born()
	return h
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (h *house) theirs() *azure.Account {
	a, err := azure.ConnectAccount(h.sim.ConnectionStringOf(lender), &http.Client{Transport: h.sim.Process()})
	must(h.T, err)
	return a
}

// born starts the program anew.
func (h *house) born() {
	h.Helper()
	clock := func() time.Time { return h.now }
	l := &life{ctx: context.Background(), client: &http.Client{Transport: h.sim.Process(), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	var err error
	l.account, err = azure.ConnectAccount(h.sim.ConnectionString(), l.client)
	must(h.T, err)
	sealer, err := registry.NewSealer(bytes.Repeat([]byte("k"), 32))
	must(h.T, err)
	hash := ledger.NewHash([]byte("a key"))
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	settings := config.New([]string{"PARTNER_CRF_SECRET=" + secret})
	from := crf.Open(settings.Instance("PARTNER", "crf"), clock)
	partners := map[string]partner.Partner{"crf": from}
	l.ledger, l.intake = ledger.New(l.account, h.names, hash, clock), ledger.NewIntake(l.account, h.names)
	l.registry = registry.New(l.account.Table(h.names.Destinations()), sealer, nil, clock)
	l.deliver = &deliver.Deliverer{Ledger: l.ledger, Intake: l.intake, Destinations: l.registry, Partners: partners, Open: h.opener(l), Log: log, Now: clock, Spread: func() float64 { return 0.5 }}
	l.sweep = &sweep.Sweeper{Intake: l.intake, Ledger: l.ledger, Deliver: l.deliver, Log: log, Now: clock, Lock: &ledger.Lock{Container: l.account.Container(h.names.Poison()), Name: "sweep.lock"}}
	l.receive = &receive.Handler{Routes: map[string]receive.Route{"crf": {Partner: from, MaxBody: 256 << 10}}, Intake: l.intake, Hash: hash, Log: log, Now: clock}
	l.drain = &drain.Drainer{Partners: partners, States: ledger.NewLeadStates(l.account, h.names.State(), hash.Of, clock), Log: log, Now: clock, Margin: time.Millisecond}
	h.life = l
	l.lane = drain.Lane{Name: "main", Inbox: h.inbox(noPoison{}), PartnerName: "crf", Partner: from, CRM: table.New(l.account, h.names.Leads(), clock), CRMName: "table"}
}

// inbox is the lender's queue as its drain sees it.
func (h *house) inbox(kept inbox.Poison) inbox.Inbox {
	h.Helper()
	sign, err := azure.NewSigner(h.sim.ConnectionStringOf(lender))
	must(h.T, err)
	in, err := queueinbox.Open(inbox.Options{Lane: "main", Address: sign.SignQueue("leads", "up", h.now.AddDate(0, 0, -1), h.now.AddDate(2, 0, 0)),
		Poison: kept, Client: h.life.client, Now: func() time.Time { return h.now }})
	must(h.T, err)
	return in
}

type noPoison struct{}

func (noPoison) Keep(context.Context, string, inbox.Message, string) error {
	return fmt.Errorf("nothing here is to be buried")
}

func (h *house) opener(l *life) func(registry.Destination, int) (destination.Destination, error) {
	return func(d registry.Destination, _ int) (destination.Destination, error) {
		open := queuedestination.Open
		if d.Kind == "blob" {
			open = blobdestination.Open
		}
		return open(destination.Options{Address: d.Secrets.Address, Encoding: d.Config.Encoding, Client: l.client, Now: func() time.Time { return h.now }})
	}
}

// crashAt arms the kill switch for request n from now.
func (h *house) crashAt(n int, when azuresim.When) {
	l := h.life
	h.sim.CrashAt(h.sim.Count()+n, when, func() { l.dead = true })
}

// revive begins another life if the last one has ended. Leases of the dead end first.
func (h *house) revive() {
	if h.life.dead {
		h.deaths++
		h.now = h.now.Add(11 * time.Minute)
		h.born()
	}
}

// post sends a lead as CRF Connect does, until it is accepted.
func (h *house) post(body []byte) {
	h.Helper()
	for range 5 {
		r := httptest.NewRequest(http.MethodPost, "/webhooks/crf", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Api-Key", secret)
		w := httptest.NewRecorder()
		h.life.receive.ServeHTTP(w, r)
		accepted := w.Code == http.StatusOK && !h.life.dead
		h.revive()
		if accepted {
			return
		}
	}
	h.Fatal("the lead was never accepted")
}

// trigger hands what is in the intake to the deliverer, as the Functions host does, until nothing is visible.
func (h *house) trigger() {
	h.Helper()
	for range 200 {
		q := h.life.intake.Queue
		resp, err := q.DequeueMessages(h.life.ctx, &azqueue.DequeueMessagesOptions{NumberOfMessages: to.Ptr(int32(1)), VisibilityTimeout: to.Ptr(int32(600))})
		if h.life.dead {
			h.revive()
			continue
		}
		must(h.T, err)
		if len(resp.Messages) == 0 {
			return
		}
		m := resp.Messages[0]
		text, err := base64.StdEncoding.DecodeString(*m.MessageText)
		must(h.T, err)
		if err := h.life.deliver.Deliver(h.life.ctx, text); err == nil {
			_, err = q.DeleteMessage(h.life.ctx, *m.MessageID, *m.PopReceipt, nil)
			if err != nil && !h.life.dead {
				h.Fatal(err)
			}
		} else if !h.life.dead {
			_, err = q.UpdateMessage(h.life.ctx, *m.MessageID, *m.PopReceipt, *m.MessageText, &azqueue.UpdateMessageOptions{VisibilityTimeout: to.Ptr(int32(60))})
			if err != nil && !h.life.dead {
				h.Fatal(err)
			}
		}
		h.revive()
	}
	h.Fatal("the intake does not run empty")
}

// sweeps runs a sweep that must succeed, again when it is killed.
func (h *house) sweeps() {
	h.Helper()
	must(h.T, h.trySweep())
}

// trySweep runs a sweep, again when it is killed. Faults that are injected may make it fail.
func (h *house) trySweep() error {
	for range 5 {
		_, err := h.life.sweep.Sweep(h.life.ctx)
		if !h.life.dead {
			return err
		}
		h.revive()
	}
	return nil
}

// drains empties the lender's queue into the leads table, again when it is killed.
func (h *house) drains() {
	h.Helper()
	for range 5 {
		_, err := h.life.drain.Run(h.life.ctx, h.life.lane)
		if !h.life.dead {
			must(h.T, err)
			return
		}
		h.revive()
	}
}

// settle lets time pass, with triggers and sweeps, until nothing is open any more.
func (h *house) settle() {
	h.Helper()
	for range 12 {
		h.trigger()
		h.sweeps()
		h.trigger()
		if h.open() == 0 {
			return
		}
		h.now = h.now.Add(15 * time.Minute)
	}
	h.Errorf("%d rows are still open", h.open())
}

// open counts the ledger's events in flight or held, and what lies in intake, spill and poison.
func (h *house) open() int {
	n := len(h.sim.Queue(h.names.Intake()).Messages()) + len(h.sim.Queue(h.names.IntakePoison()).Messages()) + len(h.sim.Container(h.names.Spill()).Blobs())
	for _, e := range h.events() {
		if e == ledger.InFlight || e == ledger.Held {
			n++
		}
	}
	return n
}

// events are the states of the ledger's events by key.
func (h *house) events() map[string]ledger.State {
	out := map[string]ledger.State{}
	for _, r := range h.sim.Table(h.names.Ledger()).Rows() {
		if r.RowKey == "e" {
			out[r.PartitionKey] = ledger.State(fmt.Sprint(r.Properties["State"]))
		}
	}
	return out
}

// leadBody is the document's sample lead under another id, with another status.
func leadBody(id, status string) []byte {
	var all map[string]any
	if err := json.Unmarshal(crf.Sample(), &all); err != nil {
		panic(err)
	}
	all["id"], all["status"] = id, status
	b, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return b
}

// inQueue counts the messages of the lender's queue that hold a text.
func (h *house) inQueue(text string) int {
	n := 0
	for _, m := range h.sim.Storage(lender).Queue("leads").Messages() {
		if b, err := base64.StdEncoding.DecodeString(m.Text); err == nil && strings.Contains(string(b), text) {
			n++
		}
	}
	return n
}

// inContainer counts the blobs of the lender's container that hold a text.
func (h *house) inContainer(text string) int {
	n := 0
	for _, b := range h.sim.Storage(lender).Container("leads").Blobs() {
		if strings.Contains(string(b.Data), text) {
			n++
		}
	}
	return n
}
