package ledger_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/ledger"
)

func TestTalliesOfSeveralProcessesAddUp(t *testing.T) {
	ctx := azuretest.Context(t)
	at := time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)
	table := storage.Account.Table(fmt.Sprintf("tally%d", time.Now().UnixNano()%1e6))
	var first *ledger.Tally
	for range 3 {
		tally := &ledger.Tally{Table: table, Now: func() time.Time { return at }}
		first = tally
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				tally.Count("to|x", at.Add(time.Duration(i)*time.Second), ledger.TriesThrough)
				tally.Count("to|x", at.Add(-time.Hour), ledger.TriesFailed)
			})
		}
		wg.Wait()
		for range 2 { // the second has nothing to write
			if err := tally.Flush(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	hours, err := first.Hours(ctx, "to|x", at.Add(-2*time.Hour))
	if err != nil || len(hours) != 2 || hours[0].Counts[ledger.TriesFailed] != 30 || hours[1].Counts[ledger.TriesThrough] != 30 || !hours[1].Latest.Equal(at.Add(9*time.Second)) {
		t.Errorf("%+v, %v", hours, err)
	}
	if sum := ledger.Sum(hours, at.Truncate(time.Hour)); sum.Counts[ledger.TriesThrough] != 30 || sum.Counts[ledger.TriesFailed] != 0 {
		t.Errorf("the last hour adds up to %+v", sum)
	}
}

func TestTallyThatCannotBeWrittenIsKept(t *testing.T) {
	ctx := azuretest.Context(t)
	at := time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)
	broken := &ledger.Tally{Table: storage.Account.Table("1-is-no-table"), Now: func() time.Time { return at }}
	broken.Count("from|crf", at, "N")
	if broken.Flush(ctx) == nil {
		t.Fatal("a table of that name was written")
	}
	broken.Count("from|crf", at, "N")
	broken.Table = storage.Account.Table(fmt.Sprintf("kept%d", time.Now().UnixNano()%1e6))
	if err := broken.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	hours, err := broken.Hours(ctx, "from|crf", at)
	if err != nil || len(hours) != 1 || hours[0].Counts["N"] != 2 {
		t.Errorf("%+v, %v", hours, err)
	}
	var none *ledger.Tally
	none.Count("x", at, "N")
	none.FlushSoon()
}
