package deliver_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"leadrelay/internal/azure"
	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/config"
	"leadrelay/internal/deliver"
	"leadrelay/internal/destination"
	"leadrelay/internal/destination/destinationtest"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner"
	"leadrelay/internal/partner/crf"
	"leadrelay/internal/registry"
)

var storage azuretest.Storage

func TestMain(m *testing.M) { os.Exit(azuretest.Main(m, &storage)) }

var deployments atomic.Int64

// world is a deployment with far sides in memory and a clock that the test moves. What goes into the intake waits in
// the world until its time.
type world struct {
	*testing.T
	*deliver.Deliverer
	ctx context.Context
	log bytes.Buffer

	mu    sync.Mutex
	now   time.Time
	queue []waiting
	far   map[string]destination.Destination // by the destination's name, and name+"/1" for its second address
}

type waiting struct {
	m   ledger.Message
	due time.Time
}

func newWorld(t *testing.T, specs ...registry.Spec) *world {
	t.Helper()
	return newWorldOn(t, storage.Account, specs...)
}

// newWorldOn is a world on other storage than the tests' Azurite.
func newWorldOn(t *testing.T, account *azure.Account, specs ...registry.Spec) *world {
	t.Helper()
	w := &world{T: t, ctx: azuretest.Context(t), now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC), far: map[string]destination.Destination{}}
	names := ledger.Names{Prefix: fmt.Sprintf("world%d", deployments.Add(1))}
	if err := ledger.Setup(w.ctx, account, names); err != nil {
		t.Fatal(err)
	}
	sealer, err := registry.NewSealer(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		t.Fatal(err)
	}
	partners := config.New([]string{"PARTNER_CRF_SECRET=0123456789abcdef"})
	w.Deliverer = &deliver.Deliverer{
		Ledger:       ledger.New(account, names, ledger.NewHash([]byte("a key")), w.clock),
		Destinations: registry.New(account.Table(names.Destinations()), sealer, func(d registry.Destination) error { return deliver.CheckRules(d.Config) }, w.clock),
		Partners:     map[string]partner.Partner{"crf": crf.Open(partners.Instance("PARTNER", "crf"), w.clock)},
		Open:         w.open, Intake: w, Log: slog.New(slog.NewJSONHandler(&w.log, nil)), Now: w.clock, Spread: func() float64 { return 0.5 },
	}
	w.apply(specs...)
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// Return is the intake: a message waits until it is due.
func (w *world) Return(_ context.Context, m ledger.Message, after time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = append(w.queue, waiting{m, w.now.Add(after)})
	return nil
}

func (w *world) open(d registry.Destination, address int) (destination.Destination, error) {
	name := d.Name
	if address > 0 {
		name = fmt.Sprintf("%s/%d", d.Name, address)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.far[name] == nil {
		w.far[name] = &destinationtest.Memory{}
	}
	return w.far[name], nil
}

// memory is the far side of a destination.
func (w *world) memory(name string) *destinationtest.Memory {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.far[name] == nil {
		w.far[name] = &destinationtest.Memory{}
	}
	return w.far[name].(*destinationtest.Memory)
}

// spec is a destination of kind queue under a SAS URL that nobody calls.
func spec(name string, change ...func(*registry.Spec)) registry.Spec {
	s := registry.Spec{Name: name, Lender: "Acme", Kind: "queue",
		Address: storage.Signer.SignQueue("queue-"+name, "a", time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC))}
	for _, c := range change {
		c(&s)
	}
	return s
}

func (w *world) apply(specs ...registry.Spec) {
	w.Helper()
	if _, err := w.Destinations.Apply(w.ctx, specs, registry.ApplyOptions{}); err != nil {
		w.Fatal(err)
	}
}

// lead is a message with the document's sample lead, changed.
func (w *world) lead(id string, changes map[string]any) ledger.Message {
	w.Helper()
	var all map[string]any
	if err := json.Unmarshal(crf.Sample(), &all); err != nil {
		w.Fatal(err)
	}
	all["id"] = id
	for name, v := range changes {
		all[name] = v
	}
	body, err := json.Marshal(all)
	if err != nil {
		w.Fatal(err)
	}
	sum := lead.ContentHash(body)
	content := hex.EncodeToString(sum[:])
	now := w.clock()
	return ledger.Message{Key: w.Ledger.Hash.Of("event", "crf", id, content), LeadKey: w.Ledger.Hash.Of("lead", "crf", id), Content: content,
		Envelope: lead.Envelope{ID: ulid.MustNew(ulid.Timestamp(now), rand.Reader).String(), Partner: "crf", Type: "crf.lead", Subject: id, Time: now, Data: body}}
}

// uuid makes the n-th lead id.
func uuid(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// deliver handles a message as the trigger does.
func (w *world) deliver(m ledger.Message) {
	w.Helper()
	if err := w.try(m); err != nil {
		w.Fatal(err)
	}
}

func (w *world) try(m ledger.Message) error {
	w.Helper()
	text, err := m.Encode()
	if err != nil {
		w.Fatal(err)
	}
	return w.Deliver(w.ctx, text)
}

// pass moves the clock on, handling what falls due on the way, in order.
func (w *world) pass(d time.Duration) {
	w.Helper()
	end := w.clock().Add(d)
	for {
		w.mu.Lock()
		next := -1
		for i, q := range w.queue {
			if !q.due.After(end) && (next < 0 || q.due.Before(w.queue[next].due)) {
				next = i
			}
		}
		if next < 0 {
			w.now = end
			w.mu.Unlock()
			w.Destinations.Forget()
			return
		}
		q := w.queue[next]
		w.queue = append(w.queue[:next], w.queue[next+1:]...)
		if q.due.After(w.now) {
			w.now = q.due
		}
		w.mu.Unlock()
		w.Destinations.Forget() // as after thirty seconds
		w.deliver(q.m)
	}
}

func (w *world) mend() {
	w.Helper()
	if err := w.Mend(w.ctx); err != nil {
		w.Fatal(err)
	}
}

// row is the delivery of a message's event to a destination.
func (w *world) row(m ledger.Message, name string) ledger.Delivery {
	w.Helper()
	d, err := w.Destinations.Find(w.ctx, name)
	if err != nil {
		w.Fatal(err)
	}
	row, _, err := w.Ledger.Delivery(w.ctx, m.Key, d.ID)
	if err != nil {
		w.Fatal(err)
	}
	return row
}

func (w *world) want(m ledger.Message, name string, s ledger.State) {
	w.Helper()
	if row := w.row(m, name); row.State != s {
		w.Errorf("the delivery to %s is %q (%s), want %q", name, row.State, row.Reason, s)
	}
}

func (w *world) wantEvent(m ledger.Message, s ledger.State) {
	w.Helper()
	e, ok, err := w.Ledger.Event(w.ctx, m.Key)
	if err != nil || !ok || e.State != s {
		w.Errorf("the event is %q (%v %v), want %q", e.State, ok, err, s)
	}
}

// got counts what a far side has.
func (w *world) got(name string) int { return len(w.memory(name).Delivered()) }
