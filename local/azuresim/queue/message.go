package queue

import "time"

// message is one message of a queue.
type message struct {
	id       string
	text     string
	seq      uint64 // the order in which messages came
	inserted time.Time
	expires  time.Time // zero: never
	visible  time.Time // hidden until then
	count    int64     // dequeue count
	receipt  uint64    // the current pop receipt; each get and update makes another
	place    [3]int    // in the heaps, -1 where it is in none
}

// The heaps of a queue, by place.
const (
	ready  = iota // visible now, in the order of before
	hidden        // not yet visible, in the same order
	mortal        // that expire, by time
)

// heap is a binary heap whose messages know their places.
type heap struct {
	place int
	less  func(a, b *message) bool
	items []*message
}

func (h *heap) len() int        { return len(h.items) }
func (h *heap) first() *message { return h.items[0] }

func (h *heap) push(m *message) {
	m.place[h.place] = len(h.items)
	h.items = append(h.items, m)
	h.up(len(h.items) - 1)
}

// remove takes a message out; it need not be in.
func (h *heap) remove(m *message) {
	i := m.place[h.place]
	if i < 0 {
		return
	}
	last := len(h.items) - 1
	h.swap(i, last)
	h.items[last] = nil
	h.items = h.items[:last]
	m.place[h.place] = -1
	if i < last {
		h.down(i)
		h.up(i)
	}
}

func (h *heap) swap(i, j int) {
	h.items[i], h.items[j] = h.items[j], h.items[i]
	h.items[i].place[h.place], h.items[j].place[h.place] = i, j
}

func (h *heap) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !h.less(h.items[i], h.items[parent]) {
			return
		}
		h.swap(i, parent)
		i = parent
	}
}

func (h *heap) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(h.items) {
			return
		}
		if child+1 < len(h.items) && h.less(h.items[child+1], h.items[child]) {
			child++
		}
		if !h.less(h.items[child], h.items[i]) {
			return
		}
		h.swap(i, child)
		i = child
	}
}
