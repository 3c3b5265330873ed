package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
)

// Deed is what a person did with an event. It is a row of the event's own (DESIGN 3a: the custody chain), and stays.
type Deed struct {
	At          time.Time `json:"at"`
	By          string    `json:"by"`
	What        string    `json:"what"` // one of the Deed constants
	Why         string    `json:"why,omitempty"`
	Destination string    `json:"destination,omitempty"` // id
	Replay      string    `json:"replay,omitempty"`      // the replay's id
	Forced      bool      `json:"forced,omitempty"`      // against the filter of the destination
	Receipt     string    `json:"receipt,omitempty"`     // under which a rejected event was put in again
}

// What a person may do with an event.
const (
	DeedReplayed = "replayed"
	DeedReleased = "released"
	DeedRefused  = "refused"
	DeedRevealed = "revealed" // saw its payload unmasked
	DeedErased   = "erased"
)

const deedPrefix = "p|" // RowKey: + time | what | destination

// AddDeed writes down what a person did or is about to do. A deed of a replay is written once.
func (l *Ledger) AddDeed(ctx context.Context, key string, d Deed) error {
	name := d.At.UTC().Format(sortable)
	if d.Replay != "" {
		name = "replay|" + d.Replay
	}
	_, err := l.events.add(ctx, azure.NewEntity(key, deedPrefix+name+"|"+d.What+"|"+d.Destination).Time("At", d.At).Text("By", d.By).Text("What", d.What).
		Text("Why", d.Why).Text("Destination", d.Destination).Text("Replay", d.Replay).Flag("Forced", d.Forced).Text("Receipt", d.Receipt))
	if err := ignoreExists(err); err != nil {
		return fmt.Errorf("write down what is done: %w", err)
	}
	return nil
}

func parseDeed(r azure.Row) Deed {
	return Deed{At: r.Time("At"), By: r.Text("By"), What: r.Text("What"), Why: r.Text("Why"), Destination: r.Text("Destination"),
		Replay: r.Text("Replay"), Forced: r.Flag("Forced"), Receipt: r.Text("Receipt")}
}

// AddDelivery adds a delivery to a destination for which the event was not meant when it came. Its first try is due at a
// time, unless the target waits for a person. One that is there already stays as it is.
func (l *Ledger) AddDelivery(ctx context.Context, e Event, t Target, due time.Time, replay string) error {
	open, reason := openRow(retryPrefix, due, e.Key), "replayed"
	if t.Wait != "" {
		open, reason = openRow(waitingPrefix, e.Received, e.Key), t.Wait
	}
	if err := l.addOpen(ctx, t.ID, open); err != nil {
		return err
	}
	_, err := l.events.add(ctx, azure.NewEntity(e.Key, deliveryPrefix+t.ID).Text("Name", t.Name).Text("State", string(t.state())).Int("Try", 1).Int("Tries", 0).
		Text("Tags", strings.Join(t.Tags, " ")).Text("Reason", reason).Text("Open", open).Time("Due", due).Text("Replay", replay).
		Text("Log", packLog(nil, Outcome{State: t.state(), Reason: reason, Replay: replay}, 0, l.Now())))
	if err := ignoreExists(err); err != nil {
		return fmt.Errorf("add delivery: %w", err)
	}
	return nil
}

// Cursors remember how far a replay has come, in the state table, so that it can be taken up again.
type Cursors struct{ Table *aztables.Client }

const replayPartition = "replay"

// ErrNoReplay says that there is no replay of an id.
var ErrNoReplay = errors.New("there is no replay of that id")

// Save keeps the state of a replay, as JSON.
func (c Cursors) Save(ctx context.Context, id string, state []byte) error {
	b := azure.NewEntity(replayPartition, id).Text("State", string(state)).JSON()
	_, err := c.Table.UpsertEntity(ctx, b, &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeReplace})
	if err != nil {
		return fmt.Errorf("remember the replay: %w", azure.Classify(err))
	}
	return nil
}

// Load gives the state of a replay; [ErrNoReplay] when there is none.
func (c Cursors) Load(ctx context.Context, id string) ([]byte, error) {
	r, ok, err := get(ctx, c.Table, replayPartition, id)
	if err == nil && !ok {
		err = fmt.Errorf("%s: %w", id, ErrNoReplay)
	}
	return []byte(r.Text("State")), err
}
