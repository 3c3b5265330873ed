package sweep_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"leadrelay/internal/azure"
	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/sweep"
	"leadrelay/local/azuresim"
)

var storage azuretest.Storage

func TestMain(m *testing.M) { os.Exit(azuretest.Main(m, &storage)) }

// world is a deployment on simulated storage, whose clock the test moves, with a deliverer that does what it is told.
type world struct {
	*testing.T
	*sweep.Sweeper
	sim   *azuresim.Server
	names ledger.Names
	ctx   context.Context
	log   bytes.Buffer
	now   time.Time

	mu        sync.Mutex
	delivered []string
	mended    int
	deliver   func(text string) error
	mend      func() error
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, names: ledger.Names{Prefix: "sweep"}, ctx: azuretest.Context(t), now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	w.sim = azuresim.New(azuresim.Options{Now: w.clock})
	w.Sweeper = w.sweeper()
	account := w.account()
	if err := ledger.Setup(w.ctx, account, w.names); err != nil {
		t.Fatal(err)
	}
	if _, err := account.Queue(w.names.IntakePoison()).Create(w.ctx, nil); err != nil { // as the host does
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
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// account is a program's own way to the storage: a crash kills it alone.
func (w *world) account() *azure.Account {
	a, err := azure.ConnectAccount(w.sim.ConnectionString(), &http.Client{Transport: w.sim.Process()})
	if err != nil {
		w.Fatal(err)
	}
	return a
}

// sweeper is a sweeper as another instance of the program has it.
func (w *world) sweeper() *sweep.Sweeper {
	a := w.account()
	return &sweep.Sweeper{Intake: ledger.NewIntake(a, w.names), Ledger: ledger.New(a, w.names, ledger.NewHash([]byte("a key")), w.clock), Deliver: w,
		Lock: &ledger.Lock{Container: a.Container(w.names.Poison()), Name: "sweep.lock"}, Log: slog.New(slog.NewJSONHandler(&w.log, nil)), Now: w.clock}
}

// Deliver and Mend are the deliverer's.
func (w *world) Deliver(_ context.Context, text []byte) error {
	if w.deliver != nil {
		if err := w.deliver(string(text)); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delivered = append(w.delivered, string(text))
	return nil
}

func (w *world) Mend(context.Context) error {
	w.mended++
	if w.mend != nil {
		return w.mend()
	}
	return nil
}

// message is one of the intake, with a receipt that sorts by n.
func message(n int, change ...func(*ledger.Message)) []byte {
	m := ledger.Message{Key: fmt.Sprintf("key-%d", n), Envelope: lead.Envelope{ID: fmt.Sprintf("01ARZ3NDEKTSV4RRFFQ69G%04d", n), Partner: "crf", Type: "crf.lead", Data: []byte(`{"n":1}`)}}
	for _, c := range change {
		c(&m)
	}
	text, err := m.Encode()
	if err != nil {
		panic(err)
	}
	return text
}

// put puts raw text into a queue.
func (w *world) put(queue, text string) {
	w.Helper()
	_, err := w.account().Queue(queue).EnqueueMessage(w.ctx, text, &azqueue.EnqueueMessageOptions{TimeToLive: to.Ptr(int32(-1))})
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) poison(text []byte) {
	w.put(w.names.IntakePoison(), base64.StdEncoding.EncodeToString(text))
}

func (w *world) spill(name string, text []byte) {
	w.Helper()
	if _, err := w.account().Container(w.names.Spill()).NewBlockBlobClient(name).UploadBuffer(w.ctx, text, nil); err != nil {
		w.Fatal(err)
	}
}

// sweep runs a sweep that must succeed.
func (w *world) sweep() sweep.Report {
	w.Helper()
	r, err := w.Sweep(w.ctx)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// waiting are the messages of the intake, hidden ones too, as parsed.
func (w *world) waiting() (parsed []ledger.Message, raw []azuresim.Message) {
	w.Helper()
	raw = w.sim.Queue(w.names.Intake()).Messages()
	for _, m := range raw {
		text, err := base64.StdEncoding.DecodeString(m.Text)
		if err != nil {
			w.Fatal(err)
		}
		p, err := ledger.ParseMessage(text)
		if err != nil {
			w.Fatal(err)
		}
		parsed = append(parsed, p)
	}
	return parsed, raw
}

func (w *world) wantLeft(queues, blobs int) {
	w.Helper()
	if n := len(w.sim.Queue(w.names.IntakePoison()).Messages()); n != queues {
		w.Errorf("%d messages are in the poison queue, want %d", n, queues)
	}
	if n := len(w.sim.Container(w.names.Spill()).Blobs()); n != blobs {
		w.Errorf("%d blobs are in the spill, want %d", n, blobs)
	}
}
