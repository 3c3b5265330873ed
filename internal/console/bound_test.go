package console_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/oklog/ulid/v2"

	"leadrelay/internal/console"
)

// fillDays writes the index of a ledger with events on some days, as the ledger writes it, spread evenly over each day;
// every thousandth event is dead.
func (w *world) fillDays(partner string, events, days int) {
	w.Helper()
	index := w.account.Table(w.names.Index())
	each := events / days
	var wg sync.WaitGroup
	for d := range days {
		day := w.clock().Truncate(24*time.Hour).AddDate(0, 0, -d)
		key := fmt.Sprintf("%08d|%s", 99999999-(day.Year()*10000+int(day.Month())*100+day.Day()), partner)
		w.add(index, "days", key, nil)
		wg.Go(func() {
			for from := 0; from < each; from += 100 {
				var actions []aztables.TransactionAction
				for i := from; i < min(from+100, each); i++ {
					at := day.Add(time.Duration(i) * 24 * time.Hour / time.Duration(each))
					state, sent := "delivered", "0123456789abcdef=v"
					if i%(1000/slower) == 1000/slower-1 {
						state, sent = "dead", "0123456789abcdef=d"
					}
					actions = append(actions, aztables.TransactionAction{ActionType: aztables.TransactionTypeAdd, Entity: row("day|"+partner+"|"+day.Format(time.DateOnly),
						receiptAt(at, i), map[string]any{"Key": fmt.Sprintf("%040x", i), "Type": "crf.lead", "Subject": uuid(i), "Received": aztables.EDMDateTime(at), "State": state, "Sent": sent})})
				}
				if _, err := index.SubmitTransaction(context.Background(), actions, nil); err != nil {
					w.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func receiptAt(at time.Time, n int) string {
	id := ulid.ULID{14: byte(n >> 8), 15: byte(n)}
	_ = id.SetTime(ulid.Timestamp(at)) // fails beyond the year 10889
	return id.String()
}

func row(partition, key string, props map[string]any) []byte {
	b, err := json.Marshal(aztables.EDMEntity{Entity: aztables.Entity{PartitionKey: partition, RowKey: key}, Properties: props})
	if err != nil {
		panic(err) // a test's own values
	}
	return b
}

func (w *world) add(t *aztables.Client, partition, key string, props map[string]any) {
	w.Helper()
	if _, err := t.AddEntity(w.ctx, row(partition, key, props), nil); err != nil {
		w.Fatal(err)
	}
}

// TestScreensCostFewRequestsOnAHundredThousandEvents counts the storage requests of every question over a ledger of
// 100,000 events, most of them on one day.
func TestScreensCostFewRequestsOnAHundredThousandEvents(t *testing.T) {
	w := newWorld(t)
	w.pass(14 * time.Hour)
	w.lender("acme", "queue")
	w.fillDays("crf", 80_000/slower, 1)
	w.fillDays("referral", 20_000/slower, 40)
	body := lead(t, uuid(1), map[string]any{"submissionId": uuid(77)})
	receipt := w.accept("crf", body)
	w.accept("credzu", []byte(`{"event":"note","timestamp":"2026-11-22T09:00:00Z","lead_id":1,"details":{}}`))
	for _, c := range []struct {
		name  string
		most  int
		least int // events
		ask   func() (int, error)
	}{
		{"the newest events", 12, 50, w.page(console.Filter{})},
		{"those of a partner", 12, 50, w.page(console.Filter{Partner: "referral"})},
		{"dead ones", 20, 50, w.page(console.Filter{State: "dead"})},
		{"before a time", 14, 50, w.page(console.Filter{Until: w.clock().AddDate(0, 0, -20)})},
		{"in a minute", 8, 50 / slower, w.page(console.Filter{Since: w.clock().Add(-5 * time.Hour), Until: w.clock().Add(-5*time.Hour + time.Minute)})},
		{"of a lead", 8, 1, w.page(console.Filter{Lead: uuid(1)})},
		{"of a submission", 8, 1, w.page(console.Filter{Submission: uuid(77)})},
		{"of a destination that got few", 70, 1, w.page(console.Filter{Destination: "acme", Since: w.clock().Add(-time.Hour)})},
		{"of a destination that hardly got any", 70, 0, w.page(console.Filter{Destination: "acme"})},
		{"of a type that never came", 70, 0, w.page(console.Filter{Type: "none"})},
		{"held at a destination", 3, 0, w.page(console.Filter{Destination: "acme", State: "held"})},
		{"one event", 8, 1, func() (int, error) { _, err := w.desk.Show(w.ctx, receipt, false, who()); return 1, err }},
		{"the books of a day that is over", 16, 1, func() (int, error) {
			b, err := w.desk.Books(w.ctx, "", w.clock().AddDate(0, 0, -3), w.clock().AddDate(0, 0, -3))
			return len(b.Days), err
		}},
		{"the books of a month, kept as totals", 46, 30, func() (int, error) {
			from, to := w.clock().AddDate(0, 0, -30), w.clock().AddDate(0, 0, -1)
			if _, err := w.desk.Books(w.ctx, "", from, to); err != nil {
				return 0, err
			}
			w.sim.Forget()
			b, err := w.desk.Books(w.ctx, "", from, to)
			return len(b.Days), err
		}},
		{"the status of everything", 25, 3, func() (int, error) {
			s, err := w.desk.Status(w.ctx)
			return len(s.Destinations) + len(s.Partners), err
		}},
		{"the books of a day of 80,000 events", 100, 3, func() (int, error) {
			b, err := w.desk.Books(w.ctx, "", w.clock(), w.clock())
			return len(b.Days), err
		}},
	} {
		w.sim.Forget()
		got, err := c.ask()
		n := w.sim.Count()
		t.Logf("%-40s %3d requests", c.name, n)
		if err != nil || got < c.least || n > c.most {
			t.Errorf("%s: %d requests, at most %d wanted, for %d rows: %v\n%v", c.name, n, c.most, got, err, w.sim.Counts())
		}
	}
}

// page asks for a page of fifty.
func (w *world) page(f console.Filter) func() (int, error) {
	return func() (int, error) {
		p, err := w.desk.List(w.ctx, f, 50, "")
		return len(p.Events), err
	}
}
