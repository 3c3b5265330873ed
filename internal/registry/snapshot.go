package registry

import (
	"context"
	"errors"
	"time"
)

// Snapshot is all destinations as they were read at one time. It never changes.
type Snapshot struct {
	All  []Destination // by name, the removed ones that still have open deliveries included
	Read time.Time     // when the reading began

	places  map[string]int // in All, by id
	forgets int64          // how often the registry had been told to forget when the reading began
}

// NewSnapshot is one of destinations that are not to be changed any more.
func NewSnapshot(all []Destination, read time.Time) *Snapshot {
	s := &Snapshot{All: all, Read: read, places: map[string]int{}}
	for i := range all {
		s.places[all[i].ID] = i
	}
	return s
}

// Find is the destination of an id, nil when there is none or it is removed.
func (s *Snapshot) Find(id string) *Destination {
	i, ok := s.places[id]
	if !ok || s.All[i].Wanted == Removed {
		return nil
	}
	return &s.All[i]
}

// Place is where in All the destination of an id is.
func (s *Snapshot) Place(id string) (i int, ok bool) {
	i, ok = s.places[id]
	return i, ok
}

// same is the destination of an id as it was decided in a version; what is learned of it is to be added.
func (s *Snapshot) same(id, version string) (Destination, bool) {
	if s == nil || version == "" {
		return Destination{}, false
	}
	i, ok := s.places[id]
	if !ok || s.All[i].Version != version || errors.Is(s.All[i].Fault, errSealed) {
		return Destination{}, false
	}
	d := s.All[i]
	d.Fault = nil
	return d, true
}

// A change may take so long to be seen by a running handler (DESIGN 3a). A little earlier one of those who ask reads anew,
// so that the others need not wait for it.
const (
	cacheFor   = 30 * time.Second
	renewAfter = 25 * time.Second
)

// Cached is what List reads, at most 30 s old.
func (r *Registry) Cached(ctx context.Context) (*Snapshot, error) {
	s := r.latest.Load()
	switch now := r.now(); {
	case r.fresh(s, now, renewAfter):
		return s, nil
	case !r.fresh(s, now, cacheFor):
		r.reading.Lock()
	case !r.reading.TryLock():
		return s, nil
	}
	defer r.reading.Unlock()
	if s = r.latest.Load(); r.fresh(s, r.now(), renewAfter) {
		return s, nil
	}
	next, err := r.snapshot(ctx, s)
	switch {
	case err == nil:
		r.latest.Store(next)
		return next, nil
	case r.fresh(s, r.now(), cacheFor):
		return s, nil
	}
	return nil, err
}

func (r *Registry) fresh(s *Snapshot, now time.Time, within time.Duration) bool {
	return s != nil && s.forgets == r.forgets.Load() && now.Before(s.Read.Add(within))
}

func (r *Registry) snapshot(ctx context.Context, before *Snapshot) (*Snapshot, error) {
	forgets, began := r.forgets.Load(), r.now()
	all, err := r.list(ctx, before)
	if err != nil {
		return nil, err
	}
	s := NewSnapshot(all, began)
	s.forgets = forgets
	return s, nil
}

// Forget makes the next Cached read anew.
func (r *Registry) Forget() { r.forgets.Add(1) }
