package queue_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"leadrelay/local/azurite/azuritetest"
	"leadrelay/local/host/event"
	"leadrelay/local/host/function"
	"leadrelay/local/host/hostjson"
	"leadrelay/local/host/hosttest"
	"leadrelay/local/host/newtonsoft"
	"leadrelay/local/host/queue"
	"leadrelay/local/host/settings"
	"leadrelay/local/host/storage"
)

// room is a place on a shared Azurite for one subtest.
type room struct {
	app     *settings.Settings
	account *storage.Account
	name    string
}

func TestQueueTriggersOnAzurite(t *testing.T) {
	app, err := settings.Load("", false, []string{"AzureWebJobsStorage=" + azuritetest.Start(t).ConnectionString()})
	if err != nil {
		t.Fatal(err)
	}
	account, err := storage.Open(app, "AzureWebJobsStorage")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("all", func(t *testing.T) { // the parallel subtests end before Azurite does
		for name, test := range map[string]func(*testing.T, room){
			"SuccessDeletes_6_2":                           successDeletes,
			"MissingQueueIsPolledOn_6_2":                   missingQueueIsPolledOn,
			"FailureComesBackAndThenToPoison_6_2":          failureComesBackAndThenToPoison,
			"VisibilityTimeoutDelaysTheNextTry_6_2":        visibilityTimeoutDelaysTheNextTry,
			"BadBase64GoesToPoisonAtOnce_6_2":              badBase64GoesToPoisonAtOnce,
			"TooOftenSeenIsPoisonedWithoutInvoking_6_2":    tooOftenSeenIsPoisonedWithoutInvoking,
			"PoisonQueueHasNoPoisonQueue_6_2":              poisonQueueHasNoPoisonQueue,
			"LeaseIsRenewedWhileRunning_6_2":               leaseIsRenewedWhileRunning,
			"StoppedHostLeavesTheMessageToItsLease_6_2":    stoppedHostLeavesTheMessage,
			"ConcurrencyIsBatchAndThreshold_6_2":           concurrencyIsBatchAndThreshold,
			"TwoHostsShareAQueue_6_2":                      twoHostsShareAQueue,
			"PlainTextIsTakenWithoutEncoding_6_2":          plainTextIsTakenWithoutEncoding,
			"OutputCreatesTheQueueAndWakesTheListener_6_2": outputCreatesAndWakes,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, room{app, account, strings.ToLower(strings.ReplaceAll(fmt.Sprintf("q%.20s", name), "_", ""))})
			})
		}
	})
}

func quick() hostjson.Queues {
	return hostjson.Queues{BatchSize: 16, NewBatchThreshold: 8, MaxDequeueCount: 5, MaxPollingInterval: 100 * time.Millisecond, Base64: true}
}

func successDeletes(t *testing.T, r room) {
	r.create(t)
	r.put(t, encoded(`{"a":1}`))
	c := &calls{}
	r.listen(t, c, quick(), nil)
	hosttest.Eventually(t, "the message is gone", func() bool { return c.count() == 1 && r.left(t, r.name) == 0 })
	if c.texts[0] != `{"a":1}` || strings.Join(c.data[0].Names(), " ") != "DequeueCount ExpirationTime Id InsertionTime NextVisibleTime PopReceipt" {
		t.Errorf("called with %q and %v", c.texts[0], c.data[0].Names())
	}
}

func missingQueueIsPolledOn(t *testing.T, r room) {
	c := &calls{}
	l := r.listen(t, c, quick(), nil)
	<-l.heard // it listens although there is no queue
	r.create(t)
	r.put(t, encoded("late"))
	hosttest.Eventually(t, "the message is found", func() bool { return c.count() == 1 })
	for _, e := range l.log.All("") {
		t.Errorf("a missing queue is nothing to complain about: %v", e)
	}
}

func failureComesBackAndThenToPoison(t *testing.T, r room) {
	r.create(t)
	r.put(t, encoded("bad"))
	c := &calls{answer: func(context.Context, int) error { return errors.New("no") }}
	s := quick()
	s.MaxDequeueCount = 3
	r.listen(t, c, s, nil)
	hosttest.Eventually(t, "it is in the poison queue", func() bool { return r.left(t, r.name+"-poison") == 1 && r.left(t, r.name) == 0 })
	if n := c.count(); n != 3 {
		t.Errorf("%d tries", n)
	}
	for i, data := range c.data {
		if v, _ := data.Get("DequeueCount"); newtonsoft.Invariant(v) != fmt.Sprint(i+1) {
			t.Errorf("try %d has DequeueCount %v", i+1, v)
		}
	}
	if got := r.peek(t, r.name+"-poison"); got != encoded("bad") {
		t.Errorf("poison = %q", got)
	}
}

func visibilityTimeoutDelaysTheNextTry(t *testing.T, r room) {
	r.create(t)
	r.put(t, encoded("later"))
	c := &calls{answer: func(_ context.Context, n int) error {
		if n == 1 {
			return errors.New("no")
		}
		return nil
	}}
	s := quick()
	s.VisibilityTimeout = time.Second
	r.listen(t, c, s, nil)
	hosttest.Eventually(t, "the second try", func() bool { return c.count() == 2 })
	if gap := c.at[1].Sub(c.at[0]); gap < 900*time.Millisecond { // the clock of the service has milliseconds
		t.Errorf("it came back after %v", gap)
	}
}

func badBase64GoesToPoisonAtOnce(t *testing.T, r room) {
	r.create(t)
	r.put(t, `{"plain":"text"}`)
	c := &calls{}
	r.listen(t, c, quick(), nil)
	hosttest.Eventually(t, "it is in the poison queue", func() bool { return r.left(t, r.name+"-poison") == 1 && r.left(t, r.name) == 0 })
	if c.count() != 0 {
		t.Error("the function was called")
	}
	if got := r.peek(t, r.name+"-poison"); got != `{"plain":"text"}` {
		t.Errorf("poison = %q", got)
	}
}

func tooOftenSeenIsPoisonedWithoutInvoking(t *testing.T, r room) {
	r.create(t)
	r.put(t, encoded("seen"))
	q := r.account.Queue(r.name)
	hidden := int32(1)
	for range 2 { // a host that crashed twice
		hosttest.Eventually(t, "it is seen", func() bool {
			resp, err := q.DequeueMessages(hosttest.Context(t), &azqueue.DequeueMessagesOptions{VisibilityTimeout: &hidden})
			return err == nil && len(resp.Messages) == 1
		})
	}
	c := &calls{}
	s := quick()
	s.MaxDequeueCount = 2
	r.listen(t, c, s, nil)
	hosttest.Eventually(t, "it is in the poison queue", func() bool { return r.left(t, r.name+"-poison") == 1 })
	if c.count() != 0 {
		t.Error("the function was called")
	}
}

func poisonQueueHasNoPoisonQueue(t *testing.T, r room) {
	if queue.PoisonName("leads") != "leads-poison" || queue.PoisonName("leads-poison") != "" || queue.PoisonName(strings.Repeat("a", 57)) != "" {
		t.Error("names of poison queues")
	}
	r.name += "-poison"
	r.create(t)
	r.put(t, encoded("again"))
	c := &calls{answer: func(context.Context, int) error { return errors.New("no") }}
	s := quick()
	s.MaxDequeueCount = 1
	r.listen(t, c, s, func(l *queue.Listener) { l.Lease = time.Second })
	hosttest.Eventually(t, "it comes back when its lease is over, whatever maxDequeueCount says", func() bool { return c.count() >= 2 })
	if gap := c.at[1].Sub(c.at[0]); gap < 900*time.Millisecond {
		t.Errorf("it came back after %v", gap)
	}
	if r.left(t, r.name) != 1 {
		t.Error("it is gone")
	}
}

func leaseIsRenewedWhileRunning(t *testing.T, r room) {
	r.create(t)
	r.put(t, encoded("slow"))
	release := make(chan struct{})
	c := &calls{answer: func(context.Context, int) error { <-release; return nil }}
	l := r.listen(t, c, quick(), func(l *queue.Listener) { l.Lease = 2 * time.Second })
	l.log.WaitN(t, event.Trigger, 3, renewed) // one a second: past the lease that it was received with
	close(release)
	hosttest.Eventually(t, "it is deleted with the receipt of the last renewal", func() bool { return r.left(t, r.name) == 0 })
	for _, e := range l.log.All("") {
		if !renewed(e) {
			t.Errorf("event = %v", e)
		}
	}
	if c.count() != 1 {
		t.Errorf("%d calls:\n%s", c.count(), l.log.Dump())
	}
}

func renewed(e hosttest.Event) bool { return strings.Contains(e.Text("message"), "renewed") }

func stoppedHostLeavesTheMessage(t *testing.T, r room) {
	r.create(t)
	r.put(t, encoded("cut off"))
	c := &calls{answer: func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() }}
	l := r.listen(t, c, quick(), nil)
	hosttest.Eventually(t, "it runs", func() bool { return c.count() == 1 })
	l.abort()
	l.join(t)
	if r.left(t, r.name) != 1 || r.left(t, r.name+"-poison") != -1 {
		t.Error("the message was settled")
	}
}

func concurrencyIsBatchAndThreshold(t *testing.T, r room) {
	r.create(t)
	for i := range 12 {
		r.put(t, encoded(fmt.Sprint(i)))
	}
	release := make(chan struct{})
	c := &calls{answer: func(context.Context, int) error { <-release; return nil }}
	s := quick()
	s.BatchSize, s.NewBatchThreshold = 4, 4
	r.listen(t, c, s, nil)
	hosttest.Eventually(t, "two batches run", func() bool { return c.count() == 8 })
	close(release)
	hosttest.Eventually(t, "all are done", func() bool { return r.left(t, r.name) == 0 })
	if c.most != 8 || c.count() != 12 {
		t.Errorf("%d at once, %d calls", c.most, c.count())
	}
}

func twoHostsShareAQueue(t *testing.T, r room) {
	r.create(t)
	a, b := &calls{}, &calls{}
	s := quick()
	s.BatchSize, s.NewBatchThreshold = 1, 0
	first := r.listen(t, a, s, nil)
	second := r.listen(t, b, s, nil)
	<-first.heard
	<-second.heard
	for i := range 20 {
		r.put(t, encoded(fmt.Sprint(i)))
	}
	hosttest.Eventually(t, "all are done", func() bool { return r.left(t, r.name) == 0 })
	if a.count()+b.count() != 20 {
		t.Errorf("%d and %d calls for 20 messages", a.count(), b.count())
	}
}

func plainTextIsTakenWithoutEncoding(t *testing.T, r room) {
	r.create(t)
	r.put(t, "plain text")
	c := &calls{}
	s := quick()
	s.Base64 = false
	r.listen(t, c, s, nil)
	hosttest.Eventually(t, "it is taken", func() bool { return c.count() == 1 })
	if c.texts[0] != "plain text" {
		t.Errorf("text = %q", c.texts[0])
	}
}

func outputCreatesAndWakes(t *testing.T, r room) {
	wake := make(chan struct{}, 1)
	binding := function.Binding{Type: "queue", Name: "out", QueueName: r.name, Connection: "AzureWebJobsStorage"}
	c := &calls{}
	s := quick()
	s.MaxPollingInterval = time.Hour // nothing but the wake-up can be in time
	l := r.listen(t, c, s, func(l *queue.Listener) { l.Wake = wake })
	<-l.heard
	out := &queue.Output{App: r.app, Base64: true, Woken: map[string][]chan struct{}{queue.Key(binding): {wake}}}
	if err := out.Send(hosttest.Context(t), binding, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	hosttest.Eventually(t, "it is taken", func() bool { return c.count() == 1 })
	if c.texts[0] != "hello" {
		t.Errorf("text = %q", c.texts[0])
	}
}
