package wire

import (
	"bufio"
	"net"
	"time"
)

// Age makes every idle connection older, past the deadline of its last request, or younger where d is negative: then nobody
// looks at it before it is used.
func (t *Transport) Age(d time.Duration) {
	t.idle.mu.Lock()
	defer t.idle.mu.Unlock()
	for _, list := range t.idle.kept {
		for _, c := range list {
			c.since, c.until = c.since.Add(-d), c.until.Add(-d)
			_ = c.SetDeadline(time.Unix(1, 0))
		}
	}
}

// Idle is how many connections are kept.
func (t *Transport) Idle() int {
	t.idle.mu.Lock()
	defer t.idle.mu.Unlock()
	return t.idle.total
}

// Untidy makes the next connection that comes back look after all the others.
func (t *Transport) Untidy() { t.idle.tidy = time.Time{} }

// Take is what [Transport.Exchange] takes of an answer that is plain.
func Take(r *bufio.Reader, method string) (a *Answer, taken bool, err error) {
	a = &Answer{limit: believed}
	taken, err = a.take(&conn{Conn: still{}, r: r}, method)
	return a, taken, err
}

// still is a connection without deadlines.
type still struct{ net.Conn }

func (still) SetDeadline(time.Time) error { return nil }
