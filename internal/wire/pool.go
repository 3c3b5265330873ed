package wire

import (
	"slices"
	"sync"
	"time"
)

const (
	// restless is how long a connection may be idle and be used without a look at it: about as long as the network
	// needs to tell of the other side's close.
	restless = 20 * time.Millisecond
	// tidying is how often connections that are idle for too long are looked for, of all hosts.
	tidying = 10 * time.Second
)

// pool is the idle connections.
type pool struct {
	mu    sync.Mutex
	kept  map[endpoint][]*conn // the last to come is the first to go
	total int
	tidy  time.Time // when it was last
}

// get takes the connection to an endpoint that was idle for the shortest time, nil for none that is alive.
func (p *pool) get(at endpoint, longest time.Duration, now time.Time) *conn {
	for {
		c := p.pop(at)
		if c == nil {
			return nil
		}
		if idle := now.Sub(c.since); idle < restless || idle < longest && alive(c.socket) {
			return c
		}
		_ = c.Close() // nobody waits for anything on it
	}
}

func (p *pool) pop(at endpoint) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.kept[at]
	if len(list) == 0 {
		return nil
	}
	c := list[len(list)-1]
	list[len(list)-1] = nil
	p.kept[at] = list[:len(list)-1]
	p.total--
	return c
}

// put keeps a connection, or closes it where there are enough.
func (p *pool) put(c *conn) {
	c.since = time.Now()
	base := c.owner.Base
	p.mu.Lock()
	if p.kept == nil {
		p.kept, p.tidy = map[endpoint][]*conn{}, c.since
	}
	var out []*conn
	if c.since.Sub(p.tidy) > tidying {
		p.tidy = c.since
		out = p.cut(c.since.Add(-base.IdleConnTimeout))
	}
	if list := p.kept[c.at]; len(list) < base.MaxIdleConnsPerHost && p.total < base.MaxIdleConns {
		p.kept[c.at] = append(list, c)
		p.total++
	} else {
		out = append(out, c)
	}
	p.mu.Unlock()
	shut(out)
}

// cut takes out the connections that came before a time.
func (p *pool) cut(before time.Time) (out []*conn) {
	for at, list := range p.kept {
		stay := slices.IndexFunc(list, func(c *conn) bool { return c.since.After(before) })
		if stay < 0 {
			stay = len(list)
			delete(p.kept, at)
		} else {
			p.kept[at] = slices.Clone(list[stay:])
		}
		out = append(out, list[:stay]...)
		p.total -= stay
	}
	return out
}

func (p *pool) closeAll() {
	p.mu.Lock()
	out := p.cut(time.Now().Add(time.Hour))
	p.mu.Unlock()
	shut(out)
}

// shut closes without the lock: TLS says goodbye first.
func shut(list []*conn) {
	for _, c := range list {
		_ = c.Close() // nobody waits for anything on it
	}
}
