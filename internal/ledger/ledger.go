// Package ledger remembers every event: dedupe, payload, custody chain, and what each destination got.
//
// Its protocol is DESIGN 3a. An event is accepted once it is in the [Intake]; the [Ledger] holds what became of it.
package ledger

import (
	"context"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"leadrelay/internal/azure"
)

// Names are the queues, containers and tables of one deployment, all under one prefix.
type Names struct{ Prefix string }

var prefixPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z][a-z0-9]{2,30}$`) })

// Check says whether every name that the prefix makes is one that Azure takes.
func (n Names) Check() error {
	if !prefixPattern().MatchString(n.Prefix) {
		return fmt.Errorf("must be 3 to 31 lower-case letters and digits, a letter first")
	}
	return nil
}

// The queues.
func (n Names) Intake() string       { return n.Prefix + "-intake" }
func (n Names) IntakePoison() string { return n.Prefix + "-intake-poison" } // made by the Functions host

// The containers.
func (n Names) Spill() string  { return n.Prefix + "-spill" }
func (n Names) Claims() string { return n.Prefix + "-claims" }
func (n Names) Poison() string { return n.Prefix + "-poison" }

// The tables.
func (n Names) Ledger() string       { return n.Prefix + "ledger" }
func (n Names) Index() string        { return n.Prefix + "index" }
func (n Names) Destinations() string { return n.Prefix + "destinations" }
func (n Names) Leads() string        { return n.Prefix + "leads" }
func (n Names) State() string        { return n.Prefix + "state" }

// Ledger is the table of events with its index and the claims that hold large envelopes.
type Ledger struct {
	Claims *container.Client
	Hash   Hash
	Now    func() time.Time

	events, index table
	days          sync.Map // the days that this process has noted, by dayOf
}

// New opens the ledger of an account. It calls nothing.
func New(a *azure.Account, n Names, h Hash, now func() time.Time) *Ledger {
	return &Ledger{events: openTable(a, n.Ledger()), index: openTable(a, n.Index()), Claims: a.Container(n.Claims()), Hash: h, Now: now}
}

// Setup creates what a deployment needs and leaves alone what is there. It is what `leadctl setup` does.
func Setup(ctx context.Context, a *azure.Account, n Names) error {
	if _, err := a.Queue(n.Intake()).Create(ctx, nil); err != nil && !azure.Exists(err) {
		return fmt.Errorf("create queue %s: %w", n.Intake(), azure.Classify(err))
	}
	for _, name := range []string{n.Spill(), n.Claims(), n.Poison()} {
		if _, err := a.Container(name).Create(ctx, nil); err != nil && !azure.Exists(err) {
			return fmt.Errorf("create container %s: %w", name, azure.Classify(err))
		}
	}
	for _, name := range []string{n.Ledger(), n.Index(), n.Destinations(), n.Leads(), n.State()} {
		if _, err := a.Table(name).CreateTable(ctx, nil); err != nil && !azure.Exists(err) {
			return fmt.Errorf("create table %s: %w", name, azure.Classify(err))
		}
	}
	return nil
}
