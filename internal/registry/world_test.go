package registry_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/config"
	"leadrelay/internal/registry"
	"leadrelay/local/azuresim"
)

var storage azuretest.Storage

func TestMain(m *testing.M) { os.Exit(azuretest.Main(m, &storage)) }

var (
	oneKey     = bytes.Repeat([]byte("1"), 32)
	anotherKey = bytes.Repeat([]byte("2"), 32)
)

// world is a registry on simulated storage whose clock the test moves.
type world struct {
	*testing.T
	*registry.Registry
	sim *azuresim.Server
	ctx context.Context

	mu  sync.Mutex
	now time.Time
}

const tableName = "destinations"

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, ctx: azuretest.Context(t), now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	w.sim = azuresim.New(azuresim.Options{Now: w.clock})
	w.Registry = w.open(oneKey)
	return w
}

func (w *world) table() *aztables.Client {
	a, err := azure.ConnectAccount(w.sim.ConnectionString(), &http.Client{Transport: w.sim.Process()})
	if err != nil {
		w.Fatal(err)
	}
	return a.Table(tableName)
}

// open is the registry as a program with other keys sees it.
func (w *world) open(keys ...[]byte) *registry.Registry {
	w.Helper()
	sealer, err := registry.NewSealer(keys...)
	if err != nil {
		w.Fatal(err)
	}
	return registry.New(w.table(), sealer, func(d registry.Destination) error { return d.Fault }, w.clock) // as drivers do
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

// apply applies specs, which must be right, and says what was done: "demo created".
func (w *world) apply(o registry.ApplyOptions, specs ...registry.Spec) string {
	w.Helper()
	changes, err := w.Apply(w.ctx, specs, o)
	if err != nil {
		w.Fatal(err)
	}
	var said []string
	for _, c := range changes {
		said = append(said, strings.TrimSpace(c.Name+" "+c.Action+" "+strings.Join(c.Fields, ",")))
	}
	return strings.Join(said, "; ")
}

// find is a destination that must be there.
func (w *world) find(name string) registry.Destination {
	w.Helper()
	d, err := w.Find(w.ctx, name)
	if err != nil {
		w.Fatal(err)
	}
	return d
}

// counter makes addresses that differ.
var counter atomic.Int64

// address is a SAS URL of a queue that nobody calls; its signature is what must never be shown.
func address(permissions string) config.Secret {
	s, err := azure.NewSigner("AccountName=lender;AccountKey=ZG9jdW1lbnRlZA==")
	if err != nil {
		panic(err)
	}
	return s.SignQueue(fmt.Sprintf("leads-%d", counter.Add(1)), permissions, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
}

func container() config.Secret {
	s, err := azure.NewSigner("AccountName=lender;AccountKey=ZG9jdW1lbnRlZA==")
	if err != nil {
		panic(err)
	}
	return s.SignContainer(fmt.Sprintf("leads-%d", counter.Add(1)), "c", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
}

func spec(name string, change ...func(*registry.Spec)) registry.Spec {
	s := registry.Spec{Name: name, Lender: "Acme", Kind: "queue", Address: address("a")}
	for _, c := range change {
		c(&s)
	}
	return s
}

func webhook(name string, change ...func(*registry.Spec)) registry.Spec {
	s := registry.Spec{Name: name, Lender: "Acme", Kind: "webhook", Address: "https://lender.example/hooks/path-secret-7f3a",
		Headers: map[string]config.Secret{"X-Key": "header-secret-7f3a"}, Secret: "whsec_signing-7f3a", SecretOld: "whsec_older-7f3a"}
	for _, c := range change {
		c(&s)
	}
	return s
}

// hidden fails when a text shows any secret of the specs above.
func hidden(t *testing.T, what, text string) {
	t.Helper()
	for _, shown := range []string{"sig=", "sig%3D", "7f3a", "path-secret"} {
		if strings.Contains(text, shown) {
			t.Errorf("%s shows a secret: %.400s", what, text)
		}
	}
}
