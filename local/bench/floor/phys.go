package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
)

// servePhys is phys: a goroutine and its buffers for each connection, and a stack of connections to storage.
func servePhys(l net.Listener, j judge, queue string) error {
	u, err := url.Parse(queue)
	if err != nil || u.Scheme != "http" {
		return errors.New("phys speaks plain http to storage")
	}
	s := &storage{address: u.Host, idle: make(chan *link, atOnce),
		head: fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/xml\r\nContent-Length: ", u.RequestURI(), u.Host)}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			_ = (&server{link: newLink(c), judge: j, storage: s}).serve() // the client is gone
		}()
	}
}

// link is a connection with its buffer.
type link struct {
	net.Conn
	buf  []byte
	n    int // how much was read
	text []byte
}

func newLink(c net.Conn) *link { return &link{Conn: c, buf: make([]byte, 16<<10)} }

var errMessage = errors.New("not HTTP/1.1 of known length")

// read reads one message. head has no empty line at its end; both are good until the next read.
func (l *link) read() (head, body []byte, err error) {
	for l.n = 0; ; {
		if l.n == len(l.buf) {
			if l.n > 2*maxBody {
				return nil, nil, errMessage
			}
			l.buf = append(l.buf, make([]byte, l.n)...)
		}
		n, err := l.Read(l.buf[l.n:])
		if l.n += n; n == 0 && err != nil {
			return nil, nil, err
		}
		head, body, whole := bytes.Cut(l.buf[:l.n], []byte("\r\n\r\n"))
		if !whole {
			continue
		}
		length, err := strconv.Atoi(string(field(head, "content-length")))
		if err != nil || len(body) > length {
			return nil, nil, errMessage
		}
		if len(body) == length {
			return head, body, nil
		}
	}
}

// field is the value of a header field, whose name is given in lower case.
func field(head []byte, name string) []byte {
	for len(head) > 0 {
		var line []byte
		line, head, _ = bytes.Cut(head, []byte("\r\n"))
		if len(line) > len(name) && line[len(name)] == ':' && bytes.EqualFold(line[:len(name)], []byte(name)) {
			return bytes.TrimSpace(line[len(name)+1:])
		}
	}
	return nil
}

// server is one connection of a client.
type server struct {
	*link
	judge   judge
	storage *storage
}

func (s *server) serve() error {
	for {
		head, body, err := s.read()
		if err != nil {
			return err
		}
		status := s.judge.status(field(head, "x-api-key"), body)
		if status == 200 {
			if err := s.storage.put(body); err != nil {
				status = 503
			}
		}
		if _, err := s.Write(answer(status)); err != nil {
			return err
		}
	}
}

func answer(status int) []byte {
	if status == 200 {
		return []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n" + accepted)
	}
	return fmt.Appendf(nil, "HTTP/1.1 %d \r\nContent-Length: 0\r\n\r\n", status)
}

// storage is the way to the queue.
type storage struct {
	address string
	head    []byte // of a request, up to its length
	idle    chan *link
}

// put puts one message. A connection that broke is not used again, and nothing is tried twice.
func (s *storage) put(text []byte) error {
	l, err := s.take()
	if err != nil {
		return err
	}
	const frame = len("<QueueMessage><MessageText></MessageText></QueueMessage>")
	// the length comes before the body, so the body is made first, behind room for the head
	room := len(s.head) + len("1000000\r\n\r\n")
	if cap(l.text) < room+frame+2*len(text) {
		l.text = make([]byte, room+frame+2*len(text))
	}
	message := appendMessage(l.text[:room], text)
	l.text = message
	head := strconv.AppendInt(append(l.text[:0:room], s.head...), int64(len(message)-room), 10)
	head = append(head, "\r\n\r\n"...)
	start := room - len(head)
	copy(message[start:], head)
	if _, err := l.Write(message[start:]); err != nil {
		_ = l.Close()
		return err
	}
	status, _, err := l.read()
	if err != nil {
		_ = l.Close()
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 201 ")) {
		err = errors.New("storage refuses")
	}
	select {
	case s.idle <- l:
	default:
		_ = l.Close() // more than enough wait already
	}
	return err
}

func (s *storage) take() (*link, error) {
	select {
	case l := <-s.idle:
		return l, nil
	default:
	}
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		return nil, err
	}
	return newLink(c), nil
}
