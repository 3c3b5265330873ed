package drain

import (
	"slices"
	"sync"

	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
)

// desk holds what a run has for each lead. A lead is worked on by one worker at a time, from the first item that comes for
// it until there is none; items that come meanwhile are that worker's too. Other processes are kept off by the claims.
type desk struct {
	mu     sync.Mutex
	groups map[ledger.LeadKey]*group
}

// group is what there is for one lead. Only the newest lead event is told to the CRM, activities all.
type group struct {
	key  ledger.LeadKey
	come []*item // not sorted in yet; under the desk's lock

	// The worker's own, oldest first.
	leads      []*item
	activities []*item
}

// add puts items to those of their leads. It gives the new groups, which somebody has to work on, in the order of the items.
func (d *desk) add(items []*item, keyOf func(*item) ledger.LeadKey) (fresh []*group) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, it := range items {
		key := keyOf(it)
		g := d.groups[key]
		if g == nil {
			g = &group{key: key}
			d.groups[key] = g
			fresh = append(fresh, g)
		}
		g.come = append(g.come, it)
	}
	return fresh
}

// alone is add of an item whose lead nobody works on; nil when somebody does.
func (d *desk) alone(it *item, key ledger.LeadKey) *group {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.groups[key] != nil {
		return nil
	}
	g := &group{key: key, come: []*item{it}}
	d.groups[key] = g
	return g
}

// next is what the CRM is to be told next: the newest of the lead itself, then what happened to it. nil: nothing, and the
// group is nobody's any more.
func (d *desk) next(g *group) *item {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, it := range g.come {
		g.sortIn(it)
	}
	g.come = nil
	switch {
	case len(g.leads) > 0:
		return g.leads[len(g.leads)-1]
	case len(g.activities) > 0:
		return g.activities[0]
	}
	delete(d.groups, g.key)
	return nil
}

func (g *group) sortIn(it *item) {
	list := &g.leads
	if it.event.About == lead.Activity {
		list = &g.activities
	}
	at := len(*list)
	for at > 0 && (*list)[at-1].version.Compare(it.version) > 0 {
		at--
	}
	*list = slices.Insert(*list, at, it)
}

// pop takes out what next gave.
func (g *group) pop() {
	if n := len(g.leads); n > 0 {
		g.leads = g.leads[:n-1]
	} else {
		g.activities = g.activities[1:]
	}
}

// rest takes out everything that is sorted in.
func (g *group) rest() []*item {
	all := append(g.leads, g.activities...)
	g.leads, g.activities = nil, nil
	return all
}
