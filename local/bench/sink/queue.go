package sink

import (
	"bytes"
	"maps"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Feed makes up what lies in a queue.
type Feed struct {
	// Text appends the text of message n, from 0, as it stands in XML: what is not base64 has to be escaped.
	Text func(b []byte, n int64) []byte
	// Total is how many messages there are; zero: it never runs dry.
	Total int64

	next atomic.Int64
}

// Taken is how many messages were handed out.
func (f *Feed) Taken() int64 {
	n := f.next.Load()
	if f.Total > 0 {
		return min(n, f.Total)
	}
	return n
}

// feeds are looked up without a lock.
type feeds struct {
	mu sync.Mutex
	by atomic.Pointer[map[string]*Feed]
}

// SetFeed says what Get Messages finds in a queue from now on; nil makes it empty, as queues are that nobody feeds.
func (s *Sink) SetFeed(queue string, f *Feed) {
	s.feeds.mu.Lock()
	defer s.feeds.mu.Unlock()
	by := map[string]*Feed{}
	if old := s.feeds.by.Load(); old != nil {
		maps.Copy(by, *old)
	}
	by[queue] = f
	s.feeds.by.Store(&by)
}

func (s *Sink) feed(queue []byte) *Feed {
	if by := s.feeds.by.Load(); by != nil {
		return (*by)[string(queue)]
	}
	return nil
}

// take reserves up to n messages.
func (f *Feed) take(n int64) (first, end int64) {
	end = f.next.Add(n)
	first = end - n
	if f.Total > 0 {
		first, end = min(first, f.Total), min(end, f.Total)
	}
	return first, end
}

// queue answers a request to the queue service.
func (c *conn) queue(r request) Op {
	name, rest := r.resource()
	method := string(r.method)
	switch {
	case len(rest) == 0:
		return c.wholeQueue(r, method, name)
	case string(rest) == "messages" && method == "POST":
		return c.putMessage(r)
	case string(rest) == "messages" && method == "GET":
		return c.getMessages(r, name)
	case bytes.HasPrefix(rest, []byte("messages/")) && method == "DELETE":
		c.plain(204)
		c.end("")
		return DeleteMessage
	case bytes.HasPrefix(rest, []byte("messages/")) && method == "PUT":
		c.plain(204)
		c.out = append(appendReceipt(append(c.out, "X-Ms-Popreceipt: "...), c.sink.serial.Add(1)), "\r\n"...)
		c.field("X-Ms-Time-Next-Visible", c.sink.clock.at(time.Now()).http)
		c.end("")
		return UpdateMessage
	}
	return c.unknown()
}

func (c *conn) wholeQueue(r request, method string, name []byte) Op {
	switch comp := string(r.param("comp")); {
	case method == "PUT" && comp == "":
		c.plain(201)
		c.end("")
		return CreateQueue
	case (method == "GET" || method == "HEAD") && comp == "metadata":
		left := int64(0)
		if f := c.sink.feed(name); f != nil && f.Total > 0 {
			left = f.Total - f.Taken()
		}
		c.plain(200)
		c.field("X-Ms-Approximate-Messages-Count", strconv.FormatInt(left, 10))
		c.end("")
		return GetQueueMetadata
	}
	return c.unknown()
}

const (
	forever = "Fri, 31 Dec 9999 23:59:59 GMT"
	opening = prolog + "<QueueMessagesList>"
	closing = "</QueueMessagesList>"
)

// putMessage answers Put Message: id, receipt and times, no text.
func (c *conn) putMessage(r request) Op {
	if c.sink.texts.keep > 0 {
		c.sink.texts.add(r.body)
	}
	expires := forever
	if ttl := r.param("messagettl"); string(ttl) != "-1" {
		expires = c.sink.clock.at(time.Now()).later
	}
	b := c.appendMessage(append(c.body[:0], opening...), c.sink.serial.Add(1), expires)
	c.body = append(append(b, "</QueueMessage>"...), closing...)
	c.head(201, "application/xml", len(c.body))
	c.endBytes(c.body)
	return PutMessage
}

// appendMessage appends what Put and Get Messages say of a message, up to what only Get says.
func (c *conn) appendMessage(b []byte, id uint64, expires string) []byte {
	now := c.sink.clock.at(time.Now()).http
	b = appendID(append(b, "<QueueMessage><MessageId>"...), id)
	b = append(append(b, "</MessageId><InsertionTime>"...), now...)
	b = append(append(b, "</InsertionTime><ExpirationTime>"...), expires...)
	b = appendReceipt(append(b, "</ExpirationTime><PopReceipt>"...), id)
	b = append(append(b, "</PopReceipt><TimeNextVisible>"...), now...)
	return append(b, "</TimeNextVisible>"...)
}

// getMessages answers Get Messages and Peek Messages with what the queue's feed makes up.
func (c *conn) getMessages(r request, name []byte) Op {
	b := append(c.body[:0], opening...)
	if string(r.param("peekonly")) == "true" {
		c.body = append(b, closing...)
		c.head(200, "application/xml", len(c.body))
		c.endBytes(c.body)
		return PeekMessages
	}
	n, ok := number(r.param("numofmessages"))
	if !ok {
		n = 1
	}
	if f := c.sink.feed(name); f != nil {
		first, end := f.take(int64(n))
		for i := first; i < end; i++ {
			b = c.appendMessage(b, uint64(i), forever)
			b = append(b, "<DequeueCount>1</DequeueCount><MessageText>"...)
			b = append(f.Text(b, i), "</MessageText></QueueMessage>"...)
		}
	}
	c.body = append(b, closing...)
	c.head(200, "application/xml", len(c.body))
	c.endBytes(c.body)
	return GetMessages
}
