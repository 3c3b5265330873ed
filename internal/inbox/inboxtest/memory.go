package inboxtest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"leadrelay/internal/inbox"
	"leadrelay/internal/lead"
)

// Memory is the family's in-memory driver: the inbox of a flow's test. Its clock is time.Now, so that it runs under
// testing/synctest. Its zero value is an empty inbox; it may be used side by side.
type Memory struct {
	mu       sync.Mutex
	messages []*held
	buried   []Buried
	count    int
	err      error
}

type held struct {
	inbox.Message
	visible time.Time
}

// Address is what [Memory.Open] takes.
const Address = "memory://inbox"

// Open is an [inbox.Open]; any other address than [Address] is a fault of the address.
func (m *Memory) Open(o inbox.Options) (inbox.Inbox, error) {
	if o.Address.Reveal() != Address {
		return nil, lead.Errorf(lead.Address, "the address is not that of the memory")
	}
	return m, nil
}

// Put adds messages, as a sender does.
func (m *Memory) Put(bodies ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, body := range bodies {
		m.count++
		m.messages = append(m.messages, &held{Message: inbox.Message{ID: fmt.Sprint(m.count), Body: []byte(body), Inserted: time.Now()}})
	}
}

// Fail makes every later call fail with err; nil repairs it.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// Len is how many messages wait or are leased.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.messages)
}

// Count is Len, for a drain.
func (m *Memory) Count(context.Context) (int, error) { return m.Len(), nil }

// Buried are the buried messages, oldest first.
func (m *Memory) Buried() []Buried {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.buried)
}

// begin is what every call starts with; the caller holds the lock.
func (m *Memory) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return &lead.Error{Kind: lead.Unavailable, Err: err}
	}
	return m.err
}

// find is the index of the message whose lease msg proves.
func (m *Memory) find(ctx context.Context, msg inbox.Message) (int, error) {
	if err := m.begin(ctx); err != nil {
		return 0, err
	}
	i := slices.IndexFunc(m.messages, func(h *held) bool { return h.ID == msg.ID && h.Lease == msg.Lease })
	if i < 0 {
		return 0, &lead.Error{Kind: lead.Internal, Err: inbox.ErrLeaseLost}
	}
	return i, nil
}

// lease gives a message a new lease until the given time from now.
func (m *Memory) lease(h *held, d time.Duration) {
	m.count++
	h.Lease, h.visible = fmt.Sprint("lease-", m.count), time.Now().Add(d)
}

func copied(h *held) inbox.Message {
	out := h.Message
	out.Body = slices.Clone(h.Body)
	return out
}

// Receive leases the oldest messages.
func (m *Memory) Receive(ctx context.Context, limit int, lease time.Duration) ([]inbox.Message, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.begin(ctx); err != nil {
		return nil, err
	}
	var out []inbox.Message
	for _, h := range m.messages {
		if len(out) < min(limit, 32) && !h.visible.After(time.Now()) {
			h.Tries++
			m.lease(h, lease)
			out = append(out, copied(h))
		}
	}
	return out, nil
}

// Extend renews the lease.
func (m *Memory) Extend(ctx context.Context, msg inbox.Message, lease time.Duration) (inbox.Message, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, err := m.find(ctx, msg)
	if err != nil {
		return msg, err
	}
	m.lease(m.messages[i], lease)
	return copied(m.messages[i]), nil
}

// Ack removes the message.
func (m *Memory) Ack(ctx context.Context, msg inbox.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, err := m.find(ctx, msg)
	if err != nil {
		return err
	}
	m.messages = slices.Delete(m.messages, i, i+1)
	return nil
}

// Release ends the lease after a time.
func (m *Memory) Release(ctx context.Context, msg inbox.Message, after time.Duration) error {
	_, err := m.Extend(ctx, msg, after)
	return err
}

// Bury keeps the message with the reason and removes it.
func (m *Memory) Bury(ctx context.Context, msg inbox.Message, reason string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, err := m.find(ctx, msg)
	if err != nil {
		return err
	}
	m.buried = append(m.buried, Buried{Body: m.messages[i].Body, Reason: reason})
	m.messages = slices.Delete(m.messages, i, i+1)
	return nil
}

// Kept is an [inbox.Poison] in memory. Its zero value works; it may be used side by side.
type Kept struct {
	mu     sync.Mutex
	buried []Buried
}

// Keep stores a buried message.
func (k *Kept) Keep(_ context.Context, _ string, m inbox.Message, reason string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.buried = append(k.buried, Buried{Body: slices.Clone(m.Body), Reason: reason})
	return nil
}

// Buried are the kept messages, oldest first.
func (k *Kept) Buried() []Buried {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.buried)
}
