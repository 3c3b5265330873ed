package deliver

import (
	"sync"
	"time"

	"leadrelay/internal/destination"
	"leadrelay/internal/registry"
)

// drivers keeps the drivers of destinations open, each for one revision of its destination.
type drivers struct {
	mu   sync.RWMutex
	byID map[driverKey]openDriver
}

type driverKey struct {
	id      string
	address int
}

type openDriver struct {
	changed time.Time // the revision
	destination.Destination
}

// driver is the driver for one of a destination's addresses. One that is at fault is opened anew, to say so.
func (d *Deliverer) driver(to *registry.Destination, address int) (destination.Destination, error) {
	key := driverKey{to.ID, address}
	d.drivers.mu.RLock()
	open, ok := d.drivers.byID[key]
	d.drivers.mu.RUnlock()
	if ok && to.Fault == nil && open.changed.Equal(to.Changed) {
		return open.Destination, nil
	}
	far, err := d.Open(*to, address)
	if err != nil || to.Fault != nil {
		return far, err
	}
	d.drivers.mu.Lock()
	defer d.drivers.mu.Unlock()
	if d.drivers.byID == nil {
		d.drivers.byID = map[driverKey]openDriver{}
	}
	d.drivers.byID[key] = openDriver{to.Changed, far}
	return far, nil
}
