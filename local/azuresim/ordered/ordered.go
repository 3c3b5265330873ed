// Package ordered is a map whose keys are in order.
package ordered

import (
	"iter"
	"slices"
	"sort"
)

// block is how many keys lie side by side.
const block = 512

// Map is a map of strings in order. The zero value is empty. It is not safe for concurrent use.
type Map[V any] struct {
	values map[string]V
	blocks [][]string // each in order, none empty, and in order among each other
}

// Len is how many there are.
func (m *Map[V]) Len() int { return len(m.values) }

// Get finds a value.
func (m *Map[V]) Get(key string) (V, bool) {
	v, ok := m.values[key]
	return v, ok
}

// Set puts a value.
func (m *Map[V]) Set(key string, v V) {
	if m.values == nil {
		m.values = map[string]V{}
	}
	if _, there := m.values[key]; !there {
		m.add(key)
	}
	m.values[key] = v
}

// Delete takes a key out; it may be missing.
func (m *Map[V]) Delete(key string) {
	if _, there := m.values[key]; !there {
		return
	}
	delete(m.values, key)
	b := m.find(key)
	i := sort.SearchStrings(m.blocks[b], key)
	m.blocks[b] = slices.Delete(m.blocks[b], i, i+1)
	if len(m.blocks[b]) == 0 {
		m.blocks = slices.Delete(m.blocks, b, b+1)
	}
}

// find is the block where a key is, or where it would be.
func (m *Map[V]) find(key string) int {
	b := sort.Search(len(m.blocks), func(i int) bool { return m.blocks[i][0] > key })
	return max(b-1, 0)
}

func (m *Map[V]) add(key string) {
	if len(m.blocks) == 0 {
		m.blocks = [][]string{{key}}
		return
	}
	b := m.find(key)
	keys := m.blocks[b]
	keys = slices.Insert(keys, sort.SearchStrings(keys, key), key)
	m.blocks[b] = keys
	if len(keys) > 2*block {
		m.blocks[b] = slices.Clone(keys[:block])
		m.blocks = slices.Insert(m.blocks, b+1, slices.Clone(keys[block:]))
	}
}

// From gives the keys that are not before one, in order. The map must not change meanwhile.
func (m *Map[V]) From(key string) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		if len(m.blocks) == 0 {
			return
		}
		b := m.find(key)
		i := sort.SearchStrings(m.blocks[b], key)
		for ; b < len(m.blocks); b, i = b+1, 0 {
			for _, k := range m.blocks[b][i:] {
				if !yield(k, m.values[k]) {
					return
				}
			}
		}
	}
}
