package sink

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Op is an operation, named as local/azuresim names it.
type Op int

// The operations that the sink knows. Whatever else comes is Unknown, and answered by 400: a benchmark that sees one has
// measured something else than it meant to.
const (
	Unknown Op = iota
	PutMessage
	GetMessages
	PeekMessages
	UpdateMessage
	DeleteMessage
	GetQueueMetadata
	CreateQueue
	PutBlob
	GetBlob
	GetBlobProperties
	DeleteBlob
	LeaseBlob
	ListBlobs
	GetContainerProperties
	CreateContainer
	GetEntity
	QueryEntities
	InsertEntity
	UpdateEntity
	MergeEntity
	InsertOrReplaceEntity
	InsertOrMergeEntity
	DeleteEntity
	Transaction
	CreateTable
	CallCRM
	ops // their number
)

var opNames = [ops]string{"Unknown", "PutMessage", "GetMessages", "PeekMessages", "UpdateMessage", "DeleteMessage", "GetQueueMetadata",
	"CreateQueue", "PutBlob", "GetBlob", "GetBlobProperties", "DeleteBlob", "LeaseBlob", "ListBlobs", "GetContainerProperties",
	"CreateContainer", "GetEntity", "QueryEntities", "InsertEntity", "UpdateEntity", "MergeEntity", "InsertOrReplaceEntity",
	"InsertOrMergeEntity", "DeleteEntity", "Transaction", "CreateTable", "CallCRM"}

func (o Op) String() string { return opNames[o] }

type counters struct {
	requests [ops]atomic.Int64
	bodies   [ops]atomic.Int64
	writes   atomic.Int64
	opened   [services]atomic.Int64
	in, out  atomic.Int64
	waits    atomic.Int64
	waited   atomic.Int64
}

// Counts is what has come so far. The difference of two is what came between, [Counts.Less].
type Counts struct {
	Requests map[string]int64 // by operation; those that never came are absent
	Bodies   map[string]int64 // bytes of the requests' bodies, by operation
	Writes   int64            // of entities within transactions, which Azure bills as one operation each batch
	Opened   int64            // connections
	In, Out  int64            // bytes, heads included, TLS not
	Waits    int64            // answers that were delayed
	Waited   time.Duration    // how long they really took, together
}

// Counts is what has come since the start.
func (s *Sink) Counts() Counts {
	c := Counts{Requests: map[string]int64{}, Bodies: map[string]int64{}, Writes: s.counters.writes.Load(), In: s.counters.in.Load(), Out: s.counters.out.Load(),
		Waits: s.counters.waits.Load(), Waited: time.Duration(s.counters.waited.Load())}
	for op := range ops {
		if n := s.counters.requests[op].Load(); n > 0 {
			c.Requests[op.String()], c.Bodies[op.String()] = n, s.counters.bodies[op].Load()
		}
	}
	for i := range services {
		c.Opened += s.counters.opened[i].Load()
	}
	return c
}

// Less is what came after an earlier look.
func (c Counts) Less(before Counts) Counts {
	d := Counts{Requests: less(c.Requests, before.Requests), Bodies: less(c.Bodies, before.Bodies), Writes: c.Writes - before.Writes,
		Opened: c.Opened - before.Opened, In: c.In - before.In, Out: c.Out - before.Out, Waits: c.Waits - before.Waits, Waited: c.Waited - before.Waited}
	return d
}

func less(now, before map[string]int64) map[string]int64 {
	out := map[string]int64{}
	for k, n := range now {
		if n != before[k] {
			out[k] = n - before[k]
		}
	}
	return out
}

// Total is the number of requests to storage: all but those to the CRM.
func (c Counts) Total() int64 {
	var n int64
	for op, k := range c.Requests {
		if op != CallCRM.String() {
			n += k
		}
	}
	return n
}

// MeanWait is how long a delayed answer really took: the sleep and its lateness.
func (c Counts) MeanWait() time.Duration {
	if c.Waits == 0 {
		return 0
	}
	return c.Waited / time.Duration(c.Waits)
}

// texts keeps the last messages.
type texts struct {
	mu   sync.Mutex
	keep int
	last []string
}

var unescape = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&#34;", `"`, "&apos;", "'", "&#39;", "'", "&#xA;", "\n", "&#xD;", "\r", "&#x9;", "\t", "&amp;", "&")

func (t *texts) add(body []byte) {
	_, text, _ := strings.Cut(string(body), "<MessageText>")
	text, _, _ = strings.Cut(text, "</MessageText>")
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last = append(t.last, unescape.Replace(text)); len(t.last) > t.keep {
		t.last = t.last[1:]
	}
}

// Texts are the last Options.Keep message texts that were put, unescaped, oldest first.
func (s *Sink) Texts() []string {
	s.texts.mu.Lock()
	defer s.texts.mu.Unlock()
	return append([]string(nil), s.texts.last...)
}
