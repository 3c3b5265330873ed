package destinationtest

import (
	"context"
	"slices"
	"sync"

	"leadrelay/internal/destination"
	"leadrelay/internal/lead"
)

// Memory is the family's in-memory driver: the far side of a flow's test. It keeps each delivery once, by its ID.
// Its zero value works; it may be used side by side.
type Memory struct {
	Limit int // the longest body it takes, in bytes; 0 takes any

	mu   sync.Mutex
	kept []destination.Delivery
	err  error
}

// Address is what [Memory.Open] takes.
const Address = "memory://far-side"

// Open is a [destination.Open]; any other address than [Address] is a fault of the address.
func (m *Memory) Open(o destination.Options) (destination.Destination, error) {
	if o.Address.Reveal() != Address {
		return nil, lead.Errorf(lead.Address, "the address is not that of the memory")
	}
	return m, nil
}

// Deliver keeps the delivery, or fails as it was told.
func (m *Memory) Deliver(ctx context.Context, d destination.Delivery) (destination.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return destination.Receipt{}, &lead.Error{Kind: lead.Unavailable, Err: err}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return destination.Receipt{}, m.err
	}
	if m.Limit > 0 && len(d.Body) > m.Limit {
		return destination.Receipt{}, lead.Errorf(lead.TooLarge, "the body is longer than %d bytes", m.Limit)
	}
	if slices.ContainsFunc(m.kept, func(k destination.Delivery) bool { return k.ID == d.ID }) {
		return destination.Receipt{Code: 409, Assumed: true}, nil
	}
	d.Body = slices.Clone(d.Body)
	m.kept = append(m.kept, d)
	return destination.Receipt{ID: d.ID, Code: 201, Place: Address + "/" + d.ID}, nil
}

// Fail makes every later delivery fail with err; nil repairs it.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// Delivered are the deliveries that it keeps, in the order of their arrival.
func (m *Memory) Delivered() []destination.Delivery {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.kept)
}
