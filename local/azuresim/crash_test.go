package azuresim_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"leadrelay/local/azuresim"
)

// killed is what a crash panics with.
type killed struct{}

// move takes messages out of "from", puts each into "to" and then deletes it: nothing may be lost however it ends.
func move(w *world) (dead bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, ours := r.(killed); !ours {
				panic(r)
			}
			dead = true
		}
	}()
	from, dest := w.account.Queue("from"), w.account.Queue("dest")
	for {
		resp, err := from.DequeueMessages(w.ctx(), &azqueue.DequeueMessagesOptions{NumberOfMessages: to.Ptr(int32(2)), VisibilityTimeout: to.Ptr(int32(60))})
		if err != nil || len(resp.Messages) == 0 {
			return false
		}
		for _, m := range resp.Messages {
			if _, err := dest.EnqueueMessage(w.ctx(), *m.MessageText, nil); err != nil {
				return false
			}
			if _, err := from.DeleteMessage(w.ctx(), *m.MessageID, *m.PopReceipt, nil); err != nil {
				return false
			}
		}
	}
}

// mover is a server with five messages to move, and its clock.
func mover(t *testing.T) (*azuresim.Server, *clock, func() *world) {
	now := &clock{time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	s := azuresim.New(azuresim.Options{Now: now.now})
	t.Cleanup(s.Close)
	process := func() *world { return newWorld(t, s.ConnectionString(), s.Process()) }
	w := process()
	for _, name := range []string{"from", "dest"} {
		if _, err := w.account.Queue(name).Create(w.ctx(), nil); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 5 {
		if _, err := w.account.Queue("from").EnqueueMessage(w.ctx(), fmt.Sprint(n), nil); err != nil {
			t.Fatal(err)
		}
	}
	s.Forget()
	return s, now, process
}

// TestCrashAtEveryRequestIsFoundByItsCount is how flows are to be killed: a dry run, then a crash at each request.
func TestCrashAtEveryRequestIsFoundByItsCount(t *testing.T) {
	dry, _, process := mover(t)
	move(process())
	total := dry.Count()
	if total != 4+5+5 { // gets, puts, deletes
		t.Fatalf("the dry run makes %d requests: %v", total, dry.Log())
	}
	for n := 1; n <= total; n++ {
		for _, when := range []azuresim.When{azuresim.Before, azuresim.After} {
			s, now, process := mover(t)
			s.CrashAt(n, when, func() { panic(killed{}) })
			if !move(process()) || s.Count() != n {
				t.Fatalf("no crash at %d, %d requests", n, s.Count())
			}
			copies := 0
			for _, m := range s.Queue("dest").Messages() {
				copies += len(m.Text)
			}
			now.later(2 * time.Minute)
			if move(process()) {
				t.Fatal("a second crash")
			}
			seen := map[string]int{}
			for _, m := range s.Queue("dest").Messages() {
				seen[m.Text]++
			}
			twice := len(s.Queue("dest").Messages()) - len(seen)
			if len(seen) != 5 || twice > 1 || len(s.Queue("from").Messages()) != 0 {
				t.Errorf("crash %v at %d: %v moved, %d there at the crash", when, n, seen, copies)
			}
		}
	}
}

func TestDeadProcessReachesNothing(t *testing.T) {
	s, _, process := mover(t)
	dead, alive := process(), process()
	called := 0
	s.CrashAt(1, azuresim.After, func() { called++ }) // it returns: the process is dead nevertheless
	put := func(w *world) error {
		_, err := w.account.Queue("from").EnqueueMessage(w.ctx(), "x", nil)
		return err
	}
	if put(dead) == nil || called != 1 || len(s.Queue("from").Messages()) != 6 {
		t.Errorf("called %d times, %d messages", called, len(s.Queue("from").Messages()))
	}
	if put(dead) == nil || s.Count() != 1 {
		t.Errorf("the dead process has made request %d", s.Count())
	}
	if err := put(alive); err != nil {
		t.Errorf("another process: %v", err)
	}
	s.CrashAt(3, azuresim.Before, nil)
	s.CrashAt(0, azuresim.Before, nil)
	if err := put(alive); err != nil {
		t.Errorf("disarmed: %v", err)
	}
}

func TestCrashOverASocketEndsTheConnection(t *testing.T) {
	s := azuresim.New(azuresim.Options{})
	defer s.Close()
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, s.ConnectionString(), nil)
	done := make(chan struct{})
	s.CrashAt(2, azuresim.After, func() { close(done) })
	create := func(name string) error { _, err := w.account.Queue(name).Create(w.ctx(), nil); return err }
	if err := create("one"); err != nil {
		t.Fatal(err)
	}
	if create("two") == nil {
		t.Error("the answer has come")
	}
	<-done
	if got := s.Storage("").Queues(); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("there are %q", got)
	}
	s.CrashAt(3, azuresim.Before, func() { panic(killed{}) })
	if create("three") == nil || len(s.Storage("").Queues()) != 2 {
		t.Error("it was carried out")
	}
}

func TestLogNamesOperationsAndNothingElse(t *testing.T) {
	s, w := inMemory(t, azuresim.Options{LogSize: 4})
	address := w.signer.SignQueue("leads", "a", time.Now().Add(-time.Hour), time.Now().Add(time.Hour)).Reveal()
	if _, err := w.account.Queue("leads").Create(w.ctx(), nil); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		w.raw(http.MethodPost, address, "<QueueMessage><MessageText>Lastnameson</MessageText></QueueMessage>")
	}
	log := fmt.Sprint(s.Log())
	if strings.Contains(log, "sig=") || strings.Contains(log, "Lastnameson") || strings.Count(log, "POST queue PutMessage devstoreaccount1/leads") != 4 || s.Count() != 6 {
		t.Errorf("%d requests, log %s", s.Count(), log)
	}
	if counts := s.Counts(); counts["PutMessage"] != 5 || counts["CreateQueue"] != 1 {
		t.Errorf("counts %v", counts)
	}
	s.Forget()
	if s.Count() != 0 || len(s.Log()) != 0 || len(s.Counts()) != 0 {
		t.Error("something is not forgotten")
	}
}
