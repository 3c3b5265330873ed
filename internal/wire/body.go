package wire

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
)

// memory is a body that came with its head. Closed, it gives its memory back.
type memory struct {
	mu   sync.Mutex // Close may come while another goroutine reads
	data []byte     // what nobody has read
	room *[]byte    // of buffers; nil when it is closed
}

// readMemory reads a body of n bytes, which are all there.
func readMemory(r io.Reader, n int) *memory {
	m := &memory{room: buffers.Get().(*[]byte)}
	*m.room = slices.Grow((*m.room)[:0], n)
	got, _ := io.ReadFull(r, (*m.room)[:n])
	m.data = (*m.room)[:got]
	return m
}

func (m *memory) Read(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.room == nil {
		return 0, http.ErrBodyReadAfterClose
	}
	n := copy(p, m.data)
	m.data = m.data[n:]
	if len(m.data) > 0 || n == 0 && len(p) == 0 {
		return n, nil
	}
	return n, io.EOF
}

func (m *memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.room != nil {
		buffers.Put(m.room)
		m.room, m.data = nil, nil
	}
	return nil
}

// stream is a body that comes as it is read. Its end gives the connection back, or closes it, once.
type stream struct {
	body   io.ReadCloser // of http.ReadResponse; its Close would read on to the end, so it is not called
	c      *conn
	keep   bool
	ctx    context.Context
	stop   func() bool
	ended  sync.Once
	closed atomic.Bool
}

func (s *stream) Read(p []byte) (int, error) {
	if s.closed.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := s.body.Read(p)
	if err == io.EOF {
		s.end(s.keep)
		return n, err
	}
	if err != nil {
		s.end(false)
	}
	return n, told(s.ctx, err)
}

// Close may come while another goroutine reads: that one gets an error.
func (s *stream) Close() error {
	s.closed.Store(true)
	s.end(false)
	return nil
}

func (s *stream) end(keep bool) {
	s.ended.Do(func() {
		stopped := s.stop()
		if !keep {
			s.c.abort()
			return
		}
		s.c.release(stopped)
	})
}
