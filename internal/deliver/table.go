package deliver

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"leadrelay/internal/registry"
	"leadrelay/internal/rule"
)

// table is the destinations of one snapshot, made ready for events.
type table struct {
	of *registry.Snapshot
	*compiled
}

// compiled is what a table is made of. It stays as long as nobody decides anything about a destination, through as many
// snapshots.
type compiled struct {
	versions []version
	rules    []*rules // by place in the snapshot
	present  int      // how many destinations are not removed
	lanes    atomic.Pointer[map[origin]*lane]
}

// version names a destination as it was decided.
type version struct{ id, version string }

// tables keeps the latest table.
type tables struct {
	making sync.Mutex
	latest atomic.Pointer[table]
}

// of is the table of a snapshot.
func (k *tables) of(s *registry.Snapshot) *table {
	if t := k.latest.Load(); t != nil && t.of == s {
		return t
	}
	k.making.Lock()
	defer k.making.Unlock()
	t := k.latest.Load()
	if t != nil && t.of == s {
		return t
	}
	next := &table{of: s, compiled: compileAll(s, t)}
	if t == nil || !t.of.Read.After(s.Read) { // an event that came before may still go by what was then
		k.latest.Store(next)
	}
	return next
}

// destinations are those of now, with their table made.
func (d *Deliverer) destinations(ctx context.Context) (*registry.Snapshot, error) {
	all, err := d.Destinations.Cached(ctx)
	if err != nil {
		return nil, err
	}
	d.tables.of(all)
	return all, nil
}

// compileAll makes what an earlier table does not have.
func compileAll(s *registry.Snapshot, before *table) *compiled {
	c := &compiled{}
	for i := range s.All {
		c.versions = append(c.versions, version{s.All[i].ID, s.All[i].Version})
		if s.All[i].Wanted != registry.Removed {
			c.present++
		}
	}
	if before != nil && slices.Equal(c.versions, before.versions) {
		return before.compiled
	}
	for i := range s.All {
		r := before.rulesOf(&s.All[i])
		if r == nil {
			r = compile(s.All[i].Config)
		}
		c.rules = append(c.rules, r)
	}
	return c
}

// rulesOf is what the table has compiled for a destination as it is, nil when it has nothing.
func (t *table) rulesOf(to *registry.Destination) *rules {
	if t == nil {
		return nil
	}
	if i, ok := t.of.Place(to.ID); ok && to.Version != "" && t.versions[i].version == to.Version {
		return t.rules[i]
	}
	return nil
}

// origin is what the simple conditions of destinations ask for.
type origin struct{ partner, kind string }

// lane is the destinations that the events of one origin may be for.
type lane struct {
	to    []int // places in the snapshot, in order
	index *rule.Index
}

// mostLanes bounds the lanes of a table: a partner might make up types.
const mostLanes = 1000

// lane is that of an origin; it is made when its first event comes.
func (t *table) lane(o origin) *lane {
	have := t.lanes.Load()
	if have != nil {
		if l := (*have)[o]; l != nil {
			return l
		}
	}
	l := t.newLane(o)
	next := map[origin]*lane{o: l}
	if have != nil && len(*have) < mostLanes {
		for o, l := range *have {
			next[o] = l
		}
	}
	t.lanes.CompareAndSwap(have, &next) // who loses makes his own, and it is right
	return l
}

func (t *table) newLane(o origin) *lane {
	l := &lane{}
	var filters []*rule.Filter
	for i := range t.of.All {
		to := &t.of.All[i]
		if to.Wanted == registry.Removed || originPasses(&to.Config, o) != "" {
			continue
		}
		l.to = append(l.to, i)
		filters = append(filters, t.rules[i].asked())
	}
	l.index = rule.NewIndex(filters)
	return l
}
