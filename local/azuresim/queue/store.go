// Package queue is the queue service: messages, leases and pop receipts as Azure keeps them.
package queue

import (
	"encoding/hex"
	"math/rand/v2"
	"regexp"
	"slices"
	"sync"
	"time"

	"leadrelay/local/azuresim/wire"
)

// Store holds the queues of one account.
type Store struct {
	mu       sync.RWMutex
	queues   map[string]*queue
	deleted  map[string]time.Time // until when a name is taken by its deletion
	deletion time.Duration
}

// NewStore makes an empty store. deletion is how long the name of a deleted queue cannot be used (Azure: 30 s).
func NewStore(deletion time.Duration) *Store {
	return &Store{queues: map[string]*queue{}, deleted: map[string]time.Time{}, deletion: deletion}
}

func (s *Store) find(name string) (*queue, *wire.Error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if q := s.queues[name]; q != nil {
		return q, nil
	}
	return nil, wire.Errorf(404, "QueueNotFound", "The specified queue does not exist.")
}

// Policy finds a stored access policy.
func (s *Store) Policy(name, id string) (wire.Policy, bool) {
	q, err := s.find(name)
	if err != nil {
		return wire.Policy{}, false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.IndexFunc(q.policies, func(p wire.Policy) bool { return p.ID == id })
	if i < 0 {
		return wire.Policy{}, false
	}
	return q.policies[i], true
}

// Message is a message as it lies in a queue.
type Message struct {
	ID, Text     string
	Inserted     time.Time
	Expires      time.Time // zero: never
	Visible      time.Time // hidden until then
	DequeueCount int
}

// Messages are the messages of a queue in the order in which they came, hidden ones too, at a time. A queue that is not
// there has none.
func (s *Store) Messages(name string, now time.Time) []Message {
	q, err := s.find(name)
	if err != nil {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tick(now)
	all := make([]*message, 0, len(q.byID))
	for _, m := range q.byID {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b *message) int { return int(a.seq) - int(b.seq) })
	out := make([]Message, 0, len(all))
	for _, m := range all {
		out = append(out, Message{ID: m.id, Text: m.text, Inserted: m.inserted, Expires: m.expires, Visible: m.visible, DequeueCount: int(m.count)})
	}
	return out
}

// Clear takes all messages out of a queue.
func (s *Store) Clear(name string) {
	if q, err := s.find(name); err == nil {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.clear()
	}
}

// Names are the queues in order.
func (s *Store) Names() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []string
	for name := range s.queues {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

var namePattern = regexp.MustCompile(`^[a-z0-9](-?[a-z0-9])*$`)

func checkName(name string) *wire.Error {
	switch {
	case len(name) < 3 || len(name) > 63:
		return wire.Errorf(400, "OutOfRangeInput", "The specified resource name length is not within the permissible limits.")
	case !namePattern.MatchString(name):
		return wire.Errorf(400, "InvalidResourceName", "The specifed resource name contains invalid characters.")
	}
	return nil
}

// newID is a random UUID.
func newID() string {
	var raw [16]byte
	for i := 0; i < 16; i += 8 {
		n := rand.Uint64()
		for j := range 8 {
			raw[i+j] = byte(n >> (8 * j))
		}
	}
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80
	var b [36]byte
	hex.Encode(b[:8], raw[:4])
	hex.Encode(b[9:13], raw[4:6])
	hex.Encode(b[14:18], raw[6:8])
	hex.Encode(b[19:23], raw[8:10])
	hex.Encode(b[24:], raw[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}
