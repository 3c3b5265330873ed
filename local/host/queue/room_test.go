package queue_test

import (
	"context"
	"encoding/base64"
	"sync"
	"testing"
	"time"

	"leadrelay/local/host/function"
	"leadrelay/local/host/hostjson"
	"leadrelay/local/host/hosttest"
	"leadrelay/local/host/invoke"
	"leadrelay/local/host/newtonsoft"
	"leadrelay/local/host/queue"
)

// calls is an Invoker that notes what it gets and answers as told.
type calls struct {
	mu      sync.Mutex
	texts   []string
	data    []*newtonsoft.Object
	at      []time.Time
	running int
	most    int
	answer  func(ctx context.Context, n int) error
}

func (c *calls) Invoke(ctx context.Context, _ *function.Function, _ string, p invoke.Payload) error {
	c.mu.Lock()
	c.texts = append(c.texts, p.Value.(string))
	c.data = append(c.data, p.BindingData)
	c.at = append(c.at, time.Now())
	c.running++
	c.most = max(c.most, c.running)
	n := len(c.texts)
	c.mu.Unlock()
	defer func() { c.mu.Lock(); c.running--; c.mu.Unlock() }()
	if c.answer == nil {
		return nil
	}
	return c.answer(ctx, n)
}

func (c *calls) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.texts)
}

type listening struct {
	log         *hosttest.Log
	heard       chan struct{}
	stop, abort context.CancelFunc
	done        chan struct{}
}

// listen runs a listener until the test ends.
func (r room) listen(t *testing.T, c *calls, s hostjson.Queues, change func(*queue.Listener)) *listening {
	t.Helper()
	log := hosttest.NewLog()
	l := &queue.Listener{Function: &function.Function{Name: "Deliver", Trigger: function.Binding{Type: "queueTrigger", Name: "msg", QueueName: r.name}},
		Queue: r.account.Queue(r.name), Settings: s, Lease: 10 * time.Minute, Invoker: c, Log: log.Log}
	if name := queue.PoisonName(r.name); name != "" {
		l.Poison = r.account.Queue(name)
	}
	if change != nil {
		change(l)
	}
	running, abort := context.WithCancel(context.Background())
	accept, stop := context.WithCancel(running)
	li := &listening{log: log, heard: make(chan struct{}), stop: stop, abort: abort, done: make(chan struct{})}
	go func() {
		defer close(li.done)
		l.Run(accept, running, func() { close(li.heard) })
	}()
	t.Cleanup(func() { abort(); li.join(t) })
	return li
}

func (l *listening) join(t *testing.T) {
	t.Helper()
	select {
	case <-l.done:
	case <-time.After(hosttest.Patience):
		t.Fatalf("the listener does not end:\n%s", l.log.Dump())
	}
}

func (r room) create(t *testing.T) { r.createNamed(t, r.name) }

func (r room) createNamed(t *testing.T, name string) {
	t.Helper()
	if _, err := r.account.Queue(name).Create(hosttest.Context(t), nil); err != nil {
		t.Fatal(err)
	}
}

func (r room) put(t *testing.T, text string) {
	t.Helper()
	if _, err := r.account.Queue(r.name).EnqueueMessage(hosttest.Context(t), text, nil); err != nil {
		t.Fatal(err)
	}
}

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// left is the number of messages of a queue, the hidden ones among them; -1 if there is no such queue.
func (r room) left(t *testing.T, name string) int {
	t.Helper()
	resp, err := r.account.Queue(name).GetProperties(hosttest.Context(t), nil)
	if err != nil {
		return -1
	}
	return int(*resp.ApproximateMessagesCount)
}

func (r room) peek(t *testing.T, name string) string {
	t.Helper()
	resp, err := r.account.Queue(name).PeekMessage(hosttest.Context(t), nil)
	if err != nil || len(resp.Messages) == 0 {
		t.Fatalf("peek %s: %d messages, %v", name, len(resp.Messages), err)
	}
	return *resp.Messages[0].MessageText
}
