package tap

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/config"
	"leadrelay/internal/crm"
	"leadrelay/internal/crm/rest"
	"leadrelay/internal/deliver"
	"leadrelay/internal/destination"
	queuedestination "leadrelay/internal/destination/queue"
	"leadrelay/internal/drain"
	"leadrelay/internal/httpclient"
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

// Names of what the house has.
const (
	Lender = "lender"                     // the account of the lenders' queues, and the first part of their names
	Secret = "0123456789abcdef"           // of the partner crf
	crmURL = "http://crm.invalid/api/crm" // of the lane's CRM
)

// Keys of the deployment; they protect nothing.
func hashKey() []byte { return bytes.Repeat([]byte("h"), 32) }
func sealKey() []byte { return bytes.Repeat([]byte("s"), 32) }

// Options say what the house is like.
type Options struct {
	Destinations int           // queues of lenders, each of which every event is for
	Format       string        // of what they get: raw (the default) or cloudevents
	Latency      time.Duration // of every request to the storage and to the CRM
	InFlight     int           // of the lane; 0: its default

	Now func() time.Time // nil: time.Now
}

// House is a deployment with a lender's lane, on a simulated storage account.
type House struct {
	Sim     *azuresim.Server
	Intake  *ledger.Intake
	Ledger  *ledger.Ledger
	tap     *tap
	receive *receive.Handler
	deliver *deliver.Deliverer
	sweep   *sweep.Sweeper
	drain   *drain.Drainer
	lane    drain.Lane
	account *azure.Account
	partner partner.Partner
	now     func() time.Time
}

// New builds one and registers its destinations.
func New(ctx context.Context, o Options) (*House, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	h := &House{now: o.Now, Sim: azuresim.New(azuresim.Options{Now: o.Now, Latency: azuresim.Latency{Blob: o.Latency, Queue: o.Latency, Table: o.Latency},
		Accounts: []azuresim.Account{{Name: azuresim.AccountName, Key: azuresim.AccountKey}, {Name: Lender, Key: azuresim.AccountKey}}})}
	h.tap = &tap{storage: h.Sim.Process(), crm: o.Latency, started: time.Now()}
	client := &http.Client{Transport: h.tap, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	var err error
	if h.account, err = azure.ConnectAccount(h.Sim.ConnectionString(), client); err != nil {
		return nil, err
	}
	names := ledger.Names{Prefix: "leadrelay"}
	if err := ledger.Setup(ctx, h.account, names); err != nil {
		return nil, err
	}
	sealer, err := registry.NewSealer(sealKey())
	if err != nil {
		return nil, err
	}
	destinations := registry.New(h.account.Table(names.Destinations()), sealer, nil, h.now)
	if err := h.register(ctx, destinations, client, o); err != nil {
		return nil, err
	}
	if err := h.build(names, destinations, client); err != nil {
		return nil, err
	}
	if h.lane, err = h.openLane(client); err != nil {
		return nil, err
	}
	h.lane.InFlight = o.InFlight
	h.Forget()
	return h, nil
}

// build makes the flows as internal/app does.
func (h *House) build(names ledger.Names, destinations *registry.Registry, client *http.Client) error {
	log, hash := slog.New(slog.NewJSONHandler(io.Discard, nil)), ledger.NewHash(hashKey())
	from := crf.Open(config.New([]string{"PARTNER_CRF_SECRET=" + Secret}).Instance("PARTNER", "crf"), h.now)
	h.partner = from
	partners := map[string]partner.Partner{"crf": from}
	h.Ledger, h.Intake = ledger.New(h.account, names, hash, h.now), ledger.NewIntake(h.account, names)
	open := func(d registry.Destination, _ int) (destination.Destination, error) {
		return queuedestination.Open(destination.Options{Address: d.Secrets.Address, Encoding: d.Config.Encoding, Client: client, Now: h.now})
	}
	h.receive = &receive.Handler{Routes: map[string]receive.Route{"crf": {Partner: from, MaxBody: 256 << 10}}, Intake: h.Intake, Hash: hash, Log: log, Now: h.now}
	h.deliver = &deliver.Deliverer{Ledger: h.Ledger, Intake: h.Intake, Destinations: destinations, Partners: partners, Open: open, Log: log, Now: h.now}
	h.sweep = &sweep.Sweeper{Intake: h.Intake, Ledger: h.Ledger, Deliver: h.deliver, Log: log, Now: h.now,
		Lock: &ledger.Lock{Container: h.account.Container(names.Poison()), Name: "sweep.lock"}}
	states := ledger.NewLeadStates(h.account, names.State(), hash.Of, time.Now)
	h.drain = &drain.Drainer{Partners: partners, States: states, Log: log, Now: h.now}
	return nil
}

// register creates the lenders' queues and registers them.
func (h *House) register(ctx context.Context, r *registry.Registry, client *http.Client, o Options) error {
	theirs, err := azure.ConnectAccount(h.Sim.ConnectionStringOf(Lender), client)
	if err != nil {
		return err
	}
	var specs []registry.Spec
	for i := range max(o.Destinations, 1) {
		name := fmt.Sprintf("%s-%d", Lender, i)
		if _, err := theirs.Queue(name).Create(ctx, nil); err != nil {
			return err
		}
		if i < o.Destinations {
			specs = append(specs, registry.Spec{Name: name, Lender: "Acme", Kind: "queue", Address: h.sas(name, "a"), Config: registry.Config{Format: o.Format}})
		}
	}
	if len(specs) == 0 {
		return nil
	}
	_, err = r.Apply(ctx, specs, registry.ApplyOptions{})
	return err
}

func (h *House) sas(queue, permissions string) config.Secret {
	sign, err := azure.NewSigner(h.Sim.ConnectionStringOf(Lender))
	if err != nil {
		panic(err) // the simulator's own connection string
	}
	now := h.now()
	return sign.SignQueue(queue, permissions, now.AddDate(0, 0, -1), now.AddDate(2, 0, 0))
}

// openLane is the first lender's queue, drained into a JSON endpoint.
func (h *House) openLane(client *http.Client) (drain.Lane, error) {
	in, err := queueinbox.Open(inbox.Options{Lane: "main", Address: h.sas(Lender+"-0", "up"), Poison: noPoison{}, Client: client, Now: h.now})
	if err != nil {
		return drain.Lane{}, err
	}
	env := config.New([]string{"CRM_MAIN_KIND=rest", "CRM_MAIN_URL=" + crmURL, "CRM_MAIN_ALLOW_PRIVATE=true"})
	guarded := httpclient.NewClient(httpclient.Options{})
	s := env.Instance("CRM", "main")
	s.String("KIND", "")
	far := rest.Open(s, crm.Options{Client: guarded, Now: h.now})
	guarded.Transport = h.tap // it was looked at by Open
	return drain.Lane{Name: "main", PartnerName: "crf", Partner: h.partner, Inbox: in, CRM: far, CRMName: "main"}, env.Err("CRM_")
}

type noPoison struct{}

func (noPoison) Keep(context.Context, string, inbox.Message, string) error {
	return fmt.Errorf("nothing here is to be buried")
}

// Requests are those since New or the last Forget, in the order in which they were sent.
func (h *House) Requests() []Request {
	out := h.tap.take()
	h.Forget()
	return out
}

// Forget begins the records anew, the storage's own too.
func (h *House) Forget() {
	h.tap.take()
	h.tap.started = time.Now()
	h.Sim.Forget()
}

// Receive posts a body as CRF Connect does.
func (h *House) Receive(body []byte) error {
	r := httptest.NewRequest(http.MethodPost, "/webhooks/crf", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Api-Key", Secret)
	w := httptest.NewRecorder()
	h.receive.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		return fmt.Errorf("the lead was answered %d", w.Code)
	}
	return nil
}

// Trigger takes one message out of the intake, as the host does, hands it to Deliver and deletes it.
func (h *House) Trigger(ctx context.Context) error {
	messages, err := h.Intake.Queue.DequeueMessages(ctx, nil)
	if err != nil || len(messages.Messages) != 1 {
		return fmt.Errorf("the intake held %d messages: %w", len(messages.Messages), err)
	}
	m := messages.Messages[0]
	text, err := base64.StdEncoding.DecodeString(*m.MessageText)
	if err != nil {
		return err
	}
	if err := h.deliver.Deliver(ctx, text); err != nil {
		return err
	}
	_, err = h.Intake.Queue.DeleteMessage(ctx, *m.MessageID, *m.PopReceipt, nil)
	return err
}

// Deliver hands a message to Deliver, without a queue.
func (h *House) Deliver(ctx context.Context, message []byte) error {
	return h.deliver.Deliver(ctx, message)
}

// Message takes the oldest message out of the intake, as bytes; nobody else sees it.
func (h *House) Message() ([]byte, error) {
	q := h.Sim.Queue("leadrelay-intake")
	all := q.Messages()
	if len(all) == 0 {
		return nil, fmt.Errorf("the intake is empty")
	}
	q.Clear()
	return base64.StdEncoding.DecodeString(all[0].Text)
}

// Drain empties the first lender's queue into the CRM.
func (h *House) Drain(ctx context.Context) (drain.Report, error) { return h.drain.RunNow(ctx, h.lane) }

// Sweep runs a sweep.
func (h *House) Sweep(ctx context.Context) error {
	_, err := h.sweep.Sweep(ctx)
	return err
}
