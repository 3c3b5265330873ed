package queue

import (
	"maps"
	"strconv"
	"time"

	"leadrelay/local/azuresim/wire"
)

// Do carries a request out.
func (s *Store) Do(r *wire.Request) wire.Answer {
	a, err := s.do(r)
	if err != nil {
		return err.Answer(r)
	}
	return a
}

func (s *Store) do(r *wire.Request) (wire.Answer, *wire.Error) {
	name := r.Op.Resource
	switch r.Op.Name {
	case "ListQueues":
		return s.list(r)
	case "CreateQueue":
		return s.create(r, name)
	case "DeleteQueue":
		return s.delete(r, name)
	}
	q, err := s.find(name)
	if err != nil {
		return wire.Answer{}, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	switch r.Op.Name {
	case "GetQueueMetadata":
		return q.metadata(r)
	case "SetQueueMetadata":
		q.meta = wire.Metadata(r.Header)
		return wire.Answer{Status: 204}, nil
	case "GetQueueACL":
		return wire.XML(200, wire.ACL(q.policies)), nil
	case "SetQueueACL":
		return q.setACL(r)
	case "PutMessage":
		return q.putMessage(r)
	case "PeekMessages":
		return q.peekMessages(r)
	case "GetMessages":
		return q.getMessages(r)
	case "UpdateMessage":
		return q.updateMessage(r)
	case "DeleteMessage":
		return q.deleteMessage(r)
	case "ClearMessages":
		q.clear()
		return wire.Answer{Status: 204}, nil
	}
	return wire.Answer{}, wire.UnsupportedVerb()
}

func (s *Store) create(r *wire.Request, name string) (wire.Answer, *wire.Error) {
	if err := checkName(name); err != nil {
		return wire.Answer{}, err
	}
	meta := wire.Metadata(r.Header)
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.queues[name]; q != nil {
		q.mu.Lock()
		defer q.mu.Unlock()
		if maps.Equal(q.meta, meta) {
			return wire.Answer{Status: 204}, nil
		}
		return wire.Answer{}, wire.Errorf(409, "QueueAlreadyExists", "The specified queue already exists.")
	}
	if r.Now.Before(s.deleted[name]) {
		return wire.Answer{}, wire.Errorf(409, "QueueBeingDeleted", "The specified queue is being deleted.")
	}
	delete(s.deleted, name)
	s.queues[name] = newQueue(name, meta, newID)
	return wire.Answer{Status: 201}, nil
}

func (s *Store) delete(r *wire.Request, name string) (wire.Answer, *wire.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queues[name] == nil {
		return wire.Answer{}, wire.Errorf(404, "QueueNotFound", "The specified queue does not exist.")
	}
	delete(s.queues, name)
	s.deleted[name] = r.Now.Add(s.deletion)
	return wire.Answer{Status: 204}, nil
}

func (q *queue) metadata(r *wire.Request) (wire.Answer, *wire.Error) {
	q.tick(r.Now)
	a := wire.Answer{Status: 200}.With("X-Ms-Approximate-Messages-Count", strconv.Itoa(len(q.byID)))
	for name, value := range q.meta {
		a = a.With("X-Ms-Meta-"+name, value)
	}
	return a, nil
}

// number reads a query parameter within bounds.
func number(r *wire.Request, name string, otherwise, least, most int64) (int64, *wire.Error) {
	text, ok := r.Query.Lookup(name)
	if !ok {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, wire.InvalidQuery(name, text, "Not an integer.")
	}
	if n < least || n > most {
		return 0, wire.OutOfRange(name, text, strconv.FormatInt(least, 10), strconv.FormatInt(most, 10))
	}
	return n, nil
}

// The bounds of the protocol in seconds (facts/azure-storage.md §2).
const (
	week    = 7 * 24 * 60 * 60
	maxTTL  = 1<<31 - 1
	forever = -1
)

func (q *queue) putMessage(r *wire.Request) (wire.Answer, *wire.Error) {
	ttl, err := number(r, "messagettl", week, -maxTTL, maxTTL)
	if err != nil {
		return wire.Answer{}, err
	}
	if ttl == 0 || ttl < forever {
		return wire.Answer{}, wire.InvalidQuery("messagettl", strconv.FormatInt(ttl, 10), "It must be -1 or at least 1.")
	}
	delay, err := number(r, "visibilitytimeout", 0, 0, week)
	if err != nil {
		return wire.Answer{}, err
	}
	if ttl != forever && r.Query.Has("messagettl") && delay >= ttl {
		return wire.Answer{}, wire.InvalidQuery("visibilitytimeout", strconv.FormatInt(delay, 10), "The value must be less than messagettl.")
	}
	text, err := parseText(r.Body, true)
	if err != nil {
		return wire.Answer{}, err
	}
	m := q.put(text, ttl, delay, r.Now)
	return wire.XML(201, list(one(m), put)), nil
}

func (q *queue) peekMessages(r *wire.Request) (wire.Answer, *wire.Error) {
	n, err := number(r, "numofmessages", 1, 1, 32)
	if err != nil {
		return wire.Answer{}, err
	}
	return wire.XML(200, list(q.peek(int(n), r.Now), peeked)), nil
}

func (q *queue) getMessages(r *wire.Request) (wire.Answer, *wire.Error) {
	n, err := number(r, "numofmessages", 1, 1, 32)
	if err != nil {
		return wire.Answer{}, err
	}
	lease, err := number(r, "visibilitytimeout", 30, 1, week)
	if err != nil {
		return wire.Answer{}, err
	}
	return wire.XML(200, list(q.get(int(n), lease, r.Now), got)), nil
}

func (q *queue) updateMessage(r *wire.Request) (wire.Answer, *wire.Error) {
	if !r.Query.Has("visibilitytimeout") {
		return wire.Answer{}, wire.Errorf(400, "MissingRequiredQueryParameter", "A query parameter that's mandatory for this request is not specified.",
			wire.Pair{Name: "QueryParameterName", Value: "visibilitytimeout"})
	}
	delay, err := number(r, "visibilitytimeout", 0, 0, week)
	if err != nil {
		return wire.Answer{}, err
	}
	m, err := q.held(r)
	if err != nil {
		return wire.Answer{}, err
	}
	if len(r.Body) > 0 {
		text, err := parseText(r.Body, false)
		if err != nil {
			return wire.Answer{}, err
		}
		m.text = text
	}
	m.receipt, m.visible = q.newReceipt(), r.Now.Add(time.Duration(delay)*time.Second)
	q.show(m, r.Now)
	return wire.Answer{Status: 204}.With("X-Ms-Popreceipt", receiptText(m.receipt)).With("X-Ms-Time-Next-Visible", wire.Time(m.visible)), nil
}

func (q *queue) deleteMessage(r *wire.Request) (wire.Answer, *wire.Error) {
	m, err := q.held(r)
	if err != nil {
		return wire.Answer{}, err
	}
	q.drop(m)
	return wire.Answer{Status: 204}, nil
}

// held is the message that a request names, if its pop receipt is the current one.
func (q *queue) held(r *wire.Request) (*message, *wire.Error) {
	text, ok := r.Query.Lookup("popreceipt")
	if !ok {
		return nil, wire.Errorf(400, "MissingRequiredQueryParameter", "A query parameter that's mandatory for this request is not specified.",
			wire.Pair{Name: "QueryParameterName", Value: "popreceipt"})
	}
	q.tick(r.Now)
	m := q.byID[messageID(r)]
	if m == nil {
		return nil, wire.Errorf(404, "MessageNotFound", "The specified message does not exist.")
	}
	n, ok := receiptNumber(text)
	if !ok {
		return nil, wire.InvalidQuery("popreceipt", text, "Invalid pop receipt format.")
	}
	if n != m.receipt {
		return nil, wire.Errorf(400, "PopReceiptMismatch", "The specified pop receipt did not match the pop receipt for a dequeued message.")
	}
	return m, nil
}
