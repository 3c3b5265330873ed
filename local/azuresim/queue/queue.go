package queue

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"sync"
	"time"

	"leadrelay/local/azuresim/wire"
)

// queue is one queue; its lock is its own.
type queue struct {
	mu       sync.Mutex
	name     string
	meta     map[string]string
	policies []wire.Policy
	byID     map[string]*message
	heaps    [3]heap
	seq      uint64
	nextID   func() string
}

func newQueue(name string, meta map[string]string, nextID func() string) *queue {
	q := &queue{name: name, meta: meta, nextID: nextID}
	q.clear()
	return q
}

// clear takes every message out.
func (q *queue) clear() {
	q.byID = map[string]*message{}
	q.heaps = [3]heap{
		{place: ready, less: before},
		{place: hidden, less: before},
		{place: mortal, less: func(a, b *message) bool { return a.expires.Before(b.expires) }},
	}
}

// before is the order in which messages are got: since when they are visible, then as they came.
func before(a, b *message) bool {
	if !a.visible.Equal(b.visible) {
		return a.visible.Before(b.visible)
	}
	return a.seq < b.seq
}

// tick moves what has become visible and drops what has expired.
func (q *queue) tick(now time.Time) {
	for h := &q.heaps[mortal]; h.len() > 0 && !h.first().expires.After(now); {
		q.drop(h.first())
	}
	for h := &q.heaps[hidden]; h.len() > 0 && !h.first().visible.After(now); {
		m := h.first()
		h.remove(m)
		q.heaps[ready].push(m)
	}
}

// put adds a message; ttl and delay are in seconds, ttl -1 is for ever.
func (q *queue) put(text string, ttl, delay int64, now time.Time) message {
	m := &message{id: q.nextID(), text: text, inserted: now, visible: now.Add(seconds(delay)), place: [3]int{-1, -1, -1}}
	q.seq++
	m.seq, m.receipt = q.seq, q.newReceipt()
	if ttl >= 0 {
		m.expires = now.Add(seconds(ttl))
		q.heaps[mortal].push(m)
	}
	q.byID[m.id] = m
	q.show(m, now)
	return *m
}

// show puts a message where its visibility says.
func (q *queue) show(m *message, now time.Time) {
	q.heaps[ready].remove(m)
	q.heaps[hidden].remove(m)
	if m.visible.After(now) {
		q.heaps[hidden].push(m)
	} else {
		q.heaps[ready].push(m)
	}
}

func (q *queue) drop(m *message) {
	for i := range q.heaps {
		q.heaps[i].remove(m)
	}
	delete(q.byID, m.id)
}

// get leases at most n messages.
func (q *queue) get(n int, lease int64, now time.Time) []message {
	q.tick(now)
	out := make([]message, 0, min(n, q.heaps[ready].len()))
	for len(out) < n && q.heaps[ready].len() > 0 {
		m := q.heaps[ready].first()
		m.count++
		m.receipt, m.visible = q.newReceipt(), now.Add(seconds(lease))
		q.show(m, now)
		out = append(out, *m)
	}
	return out
}

// peek reads at most n visible messages in order.
func (q *queue) peek(n int, now time.Time) []message {
	q.tick(now)
	all := slices.Clone(q.heaps[ready].items)
	slices.SortFunc(all, func(a, b *message) int {
		if before(a, b) {
			return -1
		}
		return 1
	})
	var out []message
	for _, m := range all[:min(n, len(all))] {
		out = append(out, *m)
	}
	return out
}

func (q *queue) newReceipt() uint64 {
	q.seq++
	return q.seq
}

// receiptText is how a receipt looks: opaque base64, with characters that a URL has to escape.
func receiptText(n uint64) string {
	var b [24]byte
	copy(b[:], "\x02\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\xfb\xff\xfe")
	binary.BigEndian.PutUint64(b[16:], n)
	return base64.StdEncoding.EncodeToString(b[:])
}

// receiptNumber reads receiptText.
func receiptNumber(s string) (uint64, bool) {
	b, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(s, " ", "+"))
	if err != nil || len(b) != 24 {
		return 0, false
	}
	return binary.BigEndian.Uint64(b[16:]), true
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }
