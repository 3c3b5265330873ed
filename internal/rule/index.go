package rule

import (
	"cmp"
	"slices"
)

// Index finds, of many filters, those that may let an event pass or fail on it, without asking the others: a filter stands
// under the constants that one of its conditions wants at one place, and each place is looked at once. It may be used
// side by side.
type Index struct {
	always     []int // filters of which no condition tells anything beforehand
	dimensions []dimension
	data       []int // those of the dimensions that fail when the payload is not JSON, or may when it is no object
}

// dimension is the filters that have a condition on one place.
type dimension struct {
	at    place
	holds bool          // they ask for what the list there holds
	by    map[any][]int // by the constants that they want there
	all   []int
}

// clue is a condition by which a filter may stand in the index.
type clue struct {
	*simple
	dimension string
	keys      []any
}

// NewIndex makes an index of filters, which it knows by their places in the slice; a nil one stands for a filter that is to be
// asked every time.
func NewIndex(filters []*Filter) *Index {
	clues := make([][]clue, len(filters))
	crowd := map[string]map[any]int{} // by dimension and constant, how many filters could stand there
	for i, f := range filters {
		clues[i] = f.clues()
		for _, c := range clues[i] {
			if crowd[c.dimension] == nil {
				crowd[c.dimension] = map[any]int{}
			}
			for _, k := range c.keys {
				crowd[c.dimension][k]++
			}
		}
	}
	x, where := &Index{}, map[string]int{}
	for i, f := range filters {
		if len(clues[i]) == 0 {
			x.always = append(x.always, i)
			continue
		}
		c := slices.MinFunc(clues[i], func(a, b clue) int { return cmp.Compare(a.load(crowd), b.load(crowd)) })
		n, ok := where[c.dimension]
		if !ok {
			n = len(x.dimensions)
			where[c.dimension] = n
			x.dimensions = append(x.dimensions, dimension{at: c.at, holds: c.holds, by: map[any][]int{}})
		}
		x.dimensions[n].add(i, c.keys)
		if f.data {
			x.data = append(x.data, i)
		}
	}
	return x
}

// load is with how many filters one shares its places, if it stands by this clue.
func (c clue) load(crowd map[string]map[any]int) (sum int) {
	for _, k := range c.keys {
		sum += crowd[c.dimension][k]
	}
	return sum
}

func (d *dimension) add(filter int, keys []any) {
	for _, k := range keys {
		d.by[k] = append(d.by[k], filter)
	}
	d.all = append(d.all, filter)
}

// clues are the conditions any of which, when it says no, is the filter's answer: none before it can fail.
func (f *Filter) clues() (out []clue) {
	if f == nil {
		return nil
	}
	for i := range f.conjuncts {
		c := &f.conjuncts[i]
		if c.simple != nil && c.simple.only != nil {
			out = append(out, clueOf(c.simple))
		}
		if !c.sure {
			break
		}
	}
	return out
}

func clueOf(p *simple) clue {
	c := clue{simple: p, dimension: p.at.name}
	if p.holds {
		c.dimension += "\x00[]"
	}
	for _, v := range p.only {
		if k, ok := keyOf(v); ok && !slices.Contains(c.keys, k) {
			c.keys = append(c.keys, k)
		}
	}
	return c
}

// keyOf is the same for values that are equal to a filter; not ok is for what no constant is equal to.
func keyOf(v any) (key any, ok bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true // large ones may meet others there: the filter decides
	case float64, string, bool, nil:
		return v, true
	}
	return nil, false
}

// Candidates adds to out the filters that are to be asked about an event, in order; each other one's Match is (false, nil).
func (x *Index) Candidates(e *Event, out []int) []int {
	begin := len(out)
	out = append(out, x.always...)
	for i := range x.dimensions {
		out = x.dimensions[i].candidates(e, out)
	}
	if len(x.data) > 0 && !e.object() {
		out = append(out, x.data...)
	}
	found := out[begin:]
	slices.Sort(found)
	return out[:begin+len(slices.Compact(found))]
}

func (d *dimension) candidates(e *Event, out []int) []int {
	v, ok := d.at.of(e)
	if !ok {
		return append(out, d.all...)
	}
	if !d.holds {
		return d.under(v, out)
	}
	switch v := v.(type) {
	case nil:
		return out
	case []any:
		for _, one := range v {
			out = d.under(one, out)
		}
		return out
	}
	return append(out, d.all...)
}

func (d *dimension) under(v any, out []int) []int {
	if k, ok := keyOf(v); ok {
		return append(out, d.by[k]...)
	}
	return out
}
