package console_test

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"leadrelay/internal/console"
	vocabulary "leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
	"leadrelay/local/azuresim"
)

// book is that of a partner and day.
func (w *world) book(partner string, day time.Time) ledger.Book {
	w.Helper()
	b, err := w.desk.Ledger.Book(w.ctx, partner, day)
	if err != nil {
		w.Fatal(err)
	}
	return b
}

// TestBooksBalanceAfterFaultsAndKills sends events while the storage fails in many ways and processes are killed at random
// requests. Then the receipts are held against the 200s that the senders counted, and the deliveries against what really
// lies with the lenders.
func TestBooksBalanceAfterFaultsAndKills(t *testing.T) {
	for seed := range uint64(3 / min(slower, 3)) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := newWorld(t)
			dice := rand.New(rand.NewPCG(seed, 7))
			w.lender("acme", "queue", func(s *registry.Spec) { s.Format = "cloudevents" })
			w.lender("box", "blob", func(s *registry.Spec) { s.Format = "cloudevents"; s.FraudLimit = 0.8 })
			answered, stored := w.storm(dice)
			w.sim.Heal()
			w.sim.CrashAt(0, azuresim.After, nil)
			w.house = w.newHouse()
			w.calm()
			w.held(answered, stored)
		})
	}
}

// storm posts two hundred notifications, one in three of them a repetition, to processes that are killed now and then, and
// tells which receipts were answered with 200, and how many posts were not.
func (w *world) storm(dice *rand.Rand) (answered []string, failed int) {
	w.Helper()
	var faults []*azuresim.Injected
	kills := 0
	for _, f := range []azuresim.Fault{
		{Resource: "lender-acme", Effect: azuresim.Busy(0), Skip: 1, Times: 3}, {Resource: "lender-acme", Effect: azuresim.Answer(http.StatusForbidden, "AuthenticationFailed"), Skip: 3, Times: 1},
		{Op: "PutMessage", Effect: azuresim.Busy(0)}, {Op: "PutMessage", Apply: true, Effect: azuresim.Drop()}, {Op: "Transaction", Apply: true, Effect: azuresim.Drop()},
		{Op: "MergeEntity", Effect: azuresim.Reset()}, {Op: "InsertEntity", Apply: true, Effect: azuresim.Drop()}, {Op: "PutBlob", Apply: true, Effect: azuresim.Drop()},
		{Op: "QueryEntities", Effect: azuresim.Busy(0)}, {Op: "DeleteMessage", Effect: azuresim.Drop()},
	} {
		if f.Times == 0 { // now and then
			every, n := 6+dice.IntN(12), 0
			f.Match = func(r azuresim.Request) bool {
				if r.Op == f.Op {
					n++
				}
				return r.Op == f.Op && n%every == 0
			}
		}
		faults = append(faults, w.sim.Inject(f))
	}
	victim := w.newHouse()
	for i := range 200 {
		body := lead(w, uuid(i-i%3), map[string]any{"fraudScore": float64(i%10) / 10})
		if status, receipt := w.house.post("crf", body); status == http.StatusOK {
			answered = append(answered, receipt)
		} else {
			failed++
		}
		if i%5 == 0 { // kill it somewhere in what it does next
			w.sim.CrashAt(w.sim.Count()+1+dice.IntN(25), azuresim.When(dice.IntN(2) == 0), func() { kills++; victim = nil })
		}
		w.handleWith(victim)
		w.sim.CrashAt(0, azuresim.After, nil)
		if victim == nil {
			victim = w.newHouse()
		}
		w.pass(time.Duration(dice.IntN(400)) * time.Second)
	}
	for i, f := range faults {
		if f.Hits() == 0 {
			w.Errorf("fault %d was never met", i)
		}
	}
	if kills < 10 {
		w.Errorf("only %d kills", kills)
	}
	return answered, failed
}

// calm lets everything come to rest, with what Sweep does.
func (w *world) calm() {
	w.Helper()
	for range 30 {
		w.pass(30 * time.Minute)
		w.handle()
		if err := w.flow.Mend(w.ctx); err != nil {
			w.Fatal(err)
		}
		spilled, err := w.intake.Spilled(w.ctx, 100)
		if err != nil {
			w.Fatal(err)
		}
		for _, s := range spilled {
			if err := w.flow.Deliver(w.ctx, s.Text); err != nil {
				w.Fatal(err)
			}
			if err := s.Remove(w.ctx); err != nil {
				w.Fatal(err)
			}
		}
	}
}

// held holds the books against the senders and the lenders.
func (w *world) held(answered []string, failed int) {
	w.Helper()
	receipts := w.balanced()
	if receipts < len(answered) || receipts > len(answered)+failed {
		w.Errorf("%d receipts, and the senders counted %d times 200 and %d other answers", receipts, len(answered), failed)
	}
	for _, r := range answered {
		if _, ok, err := w.desk.Ledger.Find(w.ctx, r); err != nil || !ok {
			w.Errorf("receipt %s was answered 200 and is not in the books: %v", r, err)
		}
	}
	queued, boxed := map[string]bool{}, map[string]bool{}
	for _, m := range w.sim.Queue("lender-acme").Messages() {
		text, err := base64.StdEncoding.DecodeString(m.Text)
		if err != nil {
			w.Fatal(err)
		}
		queued[receiptOf(w, text)] = true
	}
	for _, b := range w.sim.Container("lender-box").Blobs() {
		boxed[receiptOf(w, b.Data)] = true
	}
	sums := map[string]map[ledger.State]int{}
	b, err := w.desk.Books(w.ctx, "", w.clock().AddDate(0, 0, -60), w.clock())
	if err != nil {
		w.Fatal(err)
	}
	for _, day := range b.Days {
		for id, by := range day.Destinations {
			if sums[b.Name(id)] == nil {
				sums[b.Name(id)] = map[ledger.State]int{}
			}
			for s, n := range by {
				sums[b.Name(id)][s] += n
			}
		}
	}
	if n := sums["acme"][ledger.Delivered]; n != len(queued) || n == 0 || len(sums["acme"]) != 1 {
		w.Errorf("the books say %v for acme, and it has %d", sums["acme"], len(queued))
	}
	if n := sums["box"][ledger.Delivered]; n != len(boxed) || n == 0 || sums["box"][ledger.Held] == 0 || len(sums["box"]) != 2 {
		w.Errorf("the books say %v for box, and it has %d", sums["box"], len(boxed))
	}
	if b.Depths.Intake != 0 || b.Depths.Spill != 0 {
		w.Errorf("something is left: %+v", b.Depths)
	}
}

func receiptOf(t *world, text []byte) string {
	t.Helper()
	e, err := vocabulary.ParseEnvelope(text)
	if err != nil {
		t.Fatal(err)
	}
	return e.ID
}

func TestReceiptWithoutAnEventIsADifference(t *testing.T) {
	w := newWorld(t)
	w.accept("crf", lead(t, uuid(1), nil))
	status, receipt := w.post("crf", lead(t, uuid(2), nil))
	if status != http.StatusOK {
		t.Fatal(status)
	}
	victim := w.newHouse()
	w.sim.Inject(azuresim.Fault{Op: "InsertEntity", Resource: "deskledger", Effect: azuresim.Busy(0)})
	w.handleWith(victim) // its index rows are written, the event is not
	w.sim.Heal()
	if b := w.book("crf", w.clock()); b.Receipts != 2 || b.Arriving != 1 || b.Difference() != 0 {
		t.Errorf("while it may still be arriving: %+v", b)
	}
	w.sim.Queue("desk-intake").Clear() // its message is lost
	w.pass(time.Hour)
	if b := w.book("crf", w.clock()); b.Difference() != 1 || !slices.Equal(b.Lost, []string{receipt}) {
		t.Errorf("after an hour: %+v", b)
	}
	w.pass(48 * time.Hour)
	if b := w.book("crf", w.clock().AddDate(0, 0, -2)); b.Difference() != 1 || b.Closed {
		t.Errorf("days later: %+v", b)
	}
}

func TestClosedDayIsKeptAsTotalsUntilItChanges(t *testing.T) {
	w := newWorld(t)
	w.lender("acme", "queue")
	fault := w.refusing("acme")
	day := w.clock()
	receipt := w.accept("crf", lead(t, uuid(1), nil))
	w.accept("crf", lead(t, uuid(2), nil))
	fault.Remove()
	if b := w.book("crf", day); b.Closed || b.Events[ledger.Dead] != 2 {
		t.Errorf("on its day: %+v", b)
	}
	w.pass(30 * time.Hour)
	if b := w.book("crf", day); !b.Closed || b.Events[ledger.Dead] != 2 {
		t.Errorf("when it is over: %+v", b)
	}
	w.sim.Forget()
	if b := w.book("crf", day); !b.Closed || b.Receipts != 2 || w.sim.Count() != 1 {
		t.Errorf("the second time it costs %d requests: %+v", w.sim.Count(), b)
	}
	w.replayOne(receipt, console.Order{})
	if b := w.book("crf", day); b.Events[ledger.Dead] != 1 || b.Events[ledger.Delivered] != 1 || b.Difference() != 0 {
		t.Errorf("when something of it has changed: %+v", b)
	}
}
