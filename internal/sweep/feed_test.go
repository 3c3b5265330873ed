package sweep_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/ledger"
	"leadrelay/internal/sweep"
	"leadrelay/local/azuresim"
)

// TestPoisonComesBackLaterAndLater counts the returns of one message, each poisoned anew by the host.
func TestPoisonComesBackLaterAndLater(t *testing.T) {
	w := newWorld(t)
	text := message(1)
	for i, wait := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute,
		64 * time.Minute, 128 * time.Minute, 256 * time.Minute, 6 * time.Hour, 6 * time.Hour, 6 * time.Hour, 6 * time.Hour} {
		w.poison(text)
		if r := w.sweep(); r.Fed != 1 || r.Kept != 0 {
			t.Fatalf("%+v", r)
		}
		w.wantLeft(0, 0)
		parsed, raw := w.waiting()
		if len(raw) != 1 || !raw[0].Expires.IsZero() || !raw[0].Visible.Equal(w.clock().Add(wait)) || parsed[0].Returned != i+1 {
			t.Fatalf("return %d: %+v of %+v, want it after %v", i+1, raw, parsed, wait)
		}
		var err error
		if text, err = base64.StdEncoding.DecodeString(raw[0].Text); err != nil {
			t.Fatal(err)
		}
		w.sim.Queue(w.names.Intake()).Clear() // a hundred deliveries fail
	}
}

// TestAnyCountComesBack has counts that only somebody else writes.
func TestAnyCountComesBack(t *testing.T) {
	for _, count := range []int{-1, -1000, 1 << 40} {
		w := newWorld(t)
		w.poison(message(1, func(m *ledger.Message) { m.Returned = count }))
		if r := w.sweep(); r.Fed != 1 {
			t.Errorf("%d: %+v", count, r)
		}
		w.wantLeft(0, 0)
	}
}

// TestPoisonedRetryKeepsWhatItIs feeds back the next try of one delivery.
func TestPoisonedRetryKeepsWhatItIs(t *testing.T) {
	w := newWorld(t)
	w.poison(message(1, func(m *ledger.Message) { m.Retry = &ledger.Retry{Destination: "d1", Try: 3, Due: w.now} }))
	w.sweep()
	if parsed, _ := w.waiting(); len(parsed) != 1 || parsed[0].Retry == nil || *parsed[0].Retry != (ledger.Retry{Destination: "d1", Try: 3, Due: w.now}) || parsed[0].Key != "key-1" {
		t.Errorf("%+v", parsed)
	}
}

// TestUnreadableIsKeptByteForByte wants the bytes as a dead row, and the copy gone after that only.
func TestUnreadableIsKeptByteForByte(t *testing.T) {
	for name, c := range map[string]struct{ queued, want string }{
		"another program's JSON": {base64.StdEncoding.EncodeToString([]byte(`{"hello":"world"}`)), `{"hello":"world"}`},
		"binary":                 {base64.StdEncoding.EncodeToString([]byte("\x00\xff\xfe")), "\x00\xff\xfe"},
		"no base64":              {"plain, not base64!", "plain, not base64!"},
		"empty":                  {"", ""},
		"another version":        {base64.StdEncoding.EncodeToString([]byte(`{"v":2,"key":"k","event":{}}`)), `{"v":2,"key":"k","event":{}}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.put(w.names.IntakePoison(), c.queued)
			broken := w.sim.Inject(azuresim.Fault{Op: "InsertEntity", Resource: w.names.Ledger(), Effect: azuresim.Busy(0)})
			if _, err := w.Sweep(w.ctx); err == nil || !strings.Contains(err.Error(), "poison: ") {
				t.Errorf("got %v", err)
			}
			w.wantLeft(1, 0)
			broken.Remove()
			w.pass(3 * time.Minute)
			if r := w.sweep(); r.Kept != 1 || r.Fed != 0 {
				t.Errorf("%+v", r)
			}
			w.wantLeft(0, 0)
			rows := w.sim.Table(w.names.Ledger()).Rows()
			if len(rows) != 1 || rows[0].Properties["State"] != string(ledger.Dead) {
				t.Fatalf("%+v", rows)
			}
			if got, _ := rows[0].Properties["Message"].([]byte); string(got) != c.want {
				t.Errorf("kept %q, want %q", got, c.want)
			}
			if parsed, _ := w.waiting(); len(parsed) != 0 {
				t.Error("it went into the intake as well")
			}
		})
	}
}

// TestSpillComesBackOldestFirst fills more than one page.
func TestSpillComesBackOldestFirst(t *testing.T) {
	w := newWorld(t)
	const n = 130
	for i := range n {
		name := fmt.Sprintf("01ARZ3NDEKTSV4RRFFQ69G%04d.json", n-1-i)
		w.spill(name, message(n-1-i))
	}
	if r := w.sweep(); r.Fed != n {
		t.Errorf("%+v", r)
	}
	w.wantLeft(0, 0)
	parsed, raw := w.waiting()
	if len(parsed) != n {
		t.Fatalf("%d are in the intake", len(parsed))
	}
	for i := range parsed {
		if parsed[i].Key != fmt.Sprintf("key-%d", i) || parsed[i].Returned != 0 || raw[i].Visible.After(w.clock()) || !raw[i].Expires.IsZero() {
			t.Fatalf("number %d is %s: %+v", i, parsed[i].Key, raw[i])
		}
	}
}

// TestOneBadStrayKeepsNoOtherBack has an unreadable blob that no row can hold, first in order.
func TestOneBadStrayKeepsNoOtherBack(t *testing.T) {
	w := newWorld(t)
	w.spill("00-first.json", bytes.Repeat([]byte("x"), 2<<20))
	for i := range 150 {
		w.spill(fmt.Sprintf("01-%04d.json", i), message(i))
	}
	r, err := w.Sweep(w.ctx)
	if err == nil || r.Fed != 150 {
		t.Errorf("%+v, %v", r, err)
	}
	w.wantLeft(0, 1)
}

// TestACrashLosesNothing kills the sweep at each of its requests, before and after it is carried out. After the
// next sweep what was stray has come back, at most twice and with the same receipt.
func TestACrashLosesNothing(t *testing.T) {
	count := func(w *world) map[string]int {
		parsed, _ := w.waiting()
		for _, text := range w.delivered { // what came back first was late by then
			m, err := ledger.ParseMessage([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			parsed = append(parsed, m)
		}
		keys := map[string]int{}
		for _, m := range parsed {
			keys[m.Key+" "+m.Envelope.ID]++
		}
		return keys
	}
	fill := func(w *world) {
		w.spill("a.json", message(1))
		w.poison(message(2))
		w.poison([]byte("unreadable"))
		w.sim.Forget()
	}
	whole := newWorld(t)
	fill(whole)
	whole.sweep()
	requests, want := whole.sim.Count(), count(whole)
	if len(want) != 2 || requests < 8 {
		t.Fatalf("%d requests leave %v", requests, want)
	}
	for n := 1; n <= requests; n++ {
		for _, when := range []azuresim.When{azuresim.Before, azuresim.After} {
			w := newWorld(t)
			fill(w)
			w.sim.CrashAt(n, when, func() {})
			_, _ = w.Sweep(w.ctx) // it is dead
			w.pass(5 * time.Minute)
			w.Sweeper = w.sweeper()
			w.sweep()
			w.wantLeft(0, 0)
			got := count(w)
			for key := range want {
				if got[key] < 1 || got[key] > 2 {
					t.Errorf("killed at request %d, after: %v: %s is there %d times", n, when, key, got[key])
				}
			}
			if len(got) != len(want) || len(w.sim.Table(w.names.Ledger()).Rows()) != 1 {
				t.Errorf("killed at request %d, after: %v: %v, %d rows", n, when, got, len(w.sim.Table(w.names.Ledger()).Rows()))
			}
		}
	}
}

// TestTheLargestMessageComesBackOnAzurite poisons a message that fills a queue message to the last byte, so that there
// is no room for a count.
func TestTheLargestMessageComesBackOnAzurite(t *testing.T) {
	ctx := azuretest.Context(t)
	names := ledger.Names{Prefix: fmt.Sprintf("largest%d", time.Now().UnixNano())}
	a := storage.Account
	if err := ledger.Setup(ctx, a, names); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Queue(names.IntakePoison()).Create(ctx, nil); err != nil {
		t.Fatal(err)
	}
	fill := ledger.MaxMessage - len(message(1, func(m *ledger.Message) { m.Envelope.Data = []byte(`""`) }))
	text := message(1, func(m *ledger.Message) { m.Envelope.Data = []byte(`"` + strings.Repeat("x", fill) + `"`) })
	if len(text) != ledger.MaxMessage {
		t.Fatal(len(text))
	}
	if _, err := a.Queue(names.IntakePoison()).EnqueueMessage(ctx, base64.StdEncoding.EncodeToString(text), nil); err != nil {
		t.Fatal(err)
	}
	none := &world{T: t}
	s := sweep.Sweeper{Intake: ledger.NewIntake(a, names), Ledger: ledger.New(a, names, ledger.NewHash([]byte("a key")), time.Now), Deliver: none, Now: time.Now,
		Log: slog.New(slog.DiscardHandler), Lock: &ledger.Lock{Container: a.Container(names.Poison()), Name: "sweep.lock"}}
	if r, err := s.Sweep(ctx); err != nil || r.Fed != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	for queue, want := range map[string]int32{names.Intake(): 1, names.IntakePoison(): 0} {
		p, err := a.Queue(queue).GetProperties(ctx, nil)
		if err != nil || *p.ApproximateMessagesCount != want {
			t.Errorf("%s holds %v, %v, want %d", queue, *p.ApproximateMessagesCount, err, want)
		}
	}
}
