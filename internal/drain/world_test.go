package drain_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"leadrelay/internal/crm/crmtest"
	"leadrelay/internal/drain"
	"leadrelay/internal/inbox"
	"leadrelay/internal/inbox/inboxtest"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner"
)

// world is a drain with everything around it, in memory.
type world struct {
	*testing.T
	inbox   *watchedInbox
	crm     *crmtest.Memory
	drainer *drain.Drainer
	lane    drain.Lane
	log     *lockedBuffer
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, inbox: &watchedInbox{Memory: &inboxtest.Memory{}}, crm: &crmtest.Memory{}, log: &lockedBuffer{}}
	w.drainer = &drain.Drainer{
		Partners: map[string]partner.Partner{"acme": acme{}},
		States:   ledger.NewMemoryLeadStates(time.Now),
		Log:      slog.New(slog.NewJSONHandler(w.log, nil)),
		Now:      time.Now,
	}
	w.lane = drain.Lane{Name: "main", Inbox: w.inbox, PartnerName: "acme", Partner: acme{}, CRM: w.crm, CRMName: "crm"}
	return w
}

func (w *world) run() drain.Report {
	w.Helper()
	report, err := w.drainer.Run(w.Context(), w.lane)
	if err != nil {
		w.Errorf("run: %v", err)
	}
	return report
}

// wantReport compares the counts.
func (w *world) wantReport(got, want drain.Report) {
	w.Helper()
	got.OldestAge, got.Elapsed, got.Left = 0, 0, 0
	if got != want {
		w.Errorf("want report %+v\n       got %+v", want, got)
	}
}

// wantStatus checks a lead's status in the CRM; empty: no record.
func (w *world) wantStatus(id, want string) {
	w.Helper()
	got := ""
	for _, r := range w.crm.Records() {
		if r.ID == id {
			got = r.Status
		}
	}
	if got != want {
		w.Errorf("lead %s: want status %q, got %q", id, want, got)
	}
}

// note is what acme sends.
type note struct {
	ID       string `json:"id,omitempty"`
	Status   string `json:"status,omitempty"`
	Email    string `json:"email,omitempty"`
	Activity string `json:"activity,omitempty"`
	Notice   bool   `json:"notice,omitempty"`
	Panic    bool   `json:"panic,omitempty"`
}

const email = "private@example.com"

func leadNote(id, status string) []byte { return encode(note{ID: id, Status: status, Email: email}) }
func activityNote(id, word string) []byte {
	return encode(note{ID: id, Activity: word})
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// enveloped puts a payload into our envelope, received at the given time.
func enveloped(payload []byte, at time.Time, receipt string) []byte {
	return lead.Envelope{ID: receipt, Partner: "acme", Type: "acme.lead", Time: at, Data: payload}.AppendJSON(nil)
}

// acme is a partner.
type acme struct{}

func (acme) Admit(partner.Request) error          { return nil }
func (acme) Verify(partner.Request, []byte) error { return nil }

func (acme) Decode(_ partner.Request, body []byte) (lead.Event, error) {
	var n note
	if err := lead.WellFormed(body); err != nil {
		return lead.Event{}, err
	}
	if err := json.Unmarshal(body, &n); err != nil {
		return lead.Event{}, lead.Errorf(lead.Invalid, "not a note")
	}
	e := lead.Event{Type: "acme.lead", Lead: lead.Lead{Partner: "acme", ID: n.ID, Status: n.Status, Contact: lead.Contact{Email: n.Email}}}
	switch {
	case n.Panic:
		panic(n.Email)
	case n.Notice:
		e.Type, e.About = "acme.notice", lead.Notice
	case n.ID == "":
		return e, &lead.Error{Kind: lead.Invalid, Faults: []lead.Fault{{Field: "id", Rule: "required"}}}
	case n.Activity != "":
		e.Type, e.About = "acme."+n.Activity, lead.Activity
	}
	return e, nil
}

// watchedInbox is an inbox that can be made to fail and tells what it saw.
type watchedInbox struct {
	*inboxtest.Memory
	tries int                   // leases that every message has behind it
	onAck func(body []byte)     // called before a message goes
	fail  func(op string) error // may refuse an operation

	mu     sync.Mutex
	taken  int           // calls of Receive that gave something
	unseen time.Duration // of the last release
}

// put adds messages a millisecond apart.
func (b *watchedInbox) put(bodies ...[]byte) {
	for _, body := range bodies {
		time.Sleep(time.Millisecond)
		b.Put(string(body))
	}
}

func (b *watchedInbox) failing(op string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail == nil {
		return nil
	}
	return b.fail(op)
}

func (b *watchedInbox) Receive(ctx context.Context, limit int, lease time.Duration) ([]inbox.Message, error) {
	if err := b.failing("receive"); err != nil {
		return nil, err
	}
	messages, err := b.Memory.Receive(ctx, limit, lease)
	for i := range messages {
		messages[i].Tries += b.tries
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(messages) > 0 {
		b.taken++
	}
	return messages, err
}

func (b *watchedInbox) Extend(ctx context.Context, m inbox.Message, lease time.Duration) (inbox.Message, error) {
	if err := b.failing("extend"); err != nil {
		return m, err
	}
	return b.Memory.Extend(ctx, m, lease)
}

func (b *watchedInbox) Ack(ctx context.Context, m inbox.Message) error {
	if b.onAck != nil {
		b.onAck(m.Body)
	}
	if err := b.failing("ack"); err != nil {
		return err
	}
	return b.Memory.Ack(ctx, m)
}

func (b *watchedInbox) Release(ctx context.Context, m inbox.Message, after time.Duration) error {
	if err := b.failing("release"); err != nil {
		return err
	}
	b.mu.Lock()
	b.unseen = after
	b.mu.Unlock()
	return b.Memory.Release(ctx, m, after)
}

func (b *watchedInbox) Bury(ctx context.Context, m inbox.Message, reason string) error {
	if err := b.failing("bury"); err != nil {
		return err
	}
	return b.Memory.Bury(ctx, m, reason)
}

// reasons are why messages were buried.
func (b *watchedInbox) reasons() string {
	var out []string
	for _, m := range b.Buried() {
		out = append(out, m.Reason)
	}
	return strings.Join(out, "; ")
}

// lockedBuffer is a log.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) lines(msg string) (out []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.b.String()) {
		if strings.Contains(line, `"msg":"`+msg+`"`) {
			out = append(out, line)
		}
	}
	return out
}
