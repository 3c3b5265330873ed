// Package receive verifies, decodes, seals, stores and answers: the way of a notification from its POST to the intake.
//
// The order of answers is DESIGN 3: 405, 404 partner, 401 by header or path, 415, 413, 401 by body, 400, 422. A 200 goes
// out only after the event is durable.
package receive

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"

	"leadrelay/internal/customhandler"
	"leadrelay/internal/deadline"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner"
)

// Route is one partner's way in.
type Route struct {
	Partner partner.Partner
	MaxBody int64 // bytes
	// KeepInvalid answers 200 to an authentic event that is invalid, for a partner that switches us off after failures.
	KeepInvalid bool
	// Strict makes a field or value that the partner's document does not name a 422.
	Strict bool
	// Allow lists the networks from which the partner may call; empty means all.
	Allow []netip.Prefix
	// Known says whether we know a lead under the id by which the partner refers to it; nil asks nobody.
	// An event about an unknown one is noted, or, with RefuseUnknown, is a 422.
	Known         func(ctx context.Context, ref string) (bool, error)
	RefuseUnknown bool
}

// Acceptor makes a message durable: the intake. Its error says that the message is not. Once it has returned, nothing of the
// message is its own any more.
type Acceptor interface {
	Accept(ctx context.Context, m ledger.Message) error
}

// Handler answers /webhooks/{partner}/{token?}.
type Handler struct {
	Routes map[string]Route // by the partner's name; a partner without a route is off
	Intake Acceptor
	Hash   ledger.Hash
	Log    *slog.Logger
	Now    func() time.Time
	Tally  *ledger.Tally // of authentic requests and of the time that their answers took; nil counts nothing

	warm    atomic.Bool // a request has come
	storing deadline.Shared
	bodies  sync.Pool // *[]byte, of requests that have ended
}

// Prefix is the path below which partners post.
const Prefix = "/webhooks/"

// budget is how long storing an event may take (DESIGN 3): a partner gives up after ten seconds.
const budget = 5 * time.Second

// request is one notification on its way through the handler.
type request struct {
	name    string // the partner's
	route   Route
	proof   partner.Request
	body    []byte
	room    *[]byte // where body lies; nil when it is not to be used again
	event   lead.Event
	receipt string
	at      time.Time
}

// failure is an answer that is not 200.
type failure struct {
	status int
	reason string // for the partner, unless the status is 401; holds no value of the payload
	faults []lead.Fault
	after  time.Duration // Retry-After
	cause  error         // for the log
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := h.Now()
	q := &request{}
	fail, kept := h.handle(r, q)
	status := respond(w, q, fail, kept)
	ended := h.Now()
	took := ended.Sub(started)
	h.log(r, q, fail, kept, status, ended, took)
	if cold := !h.warm.Swap(true); q.receipt != "" { // only who is authentic makes us write
		h.Tally.Answered(q.name, q.at, took, status >= http.StatusInternalServerError, cold)
		h.Tally.FlushSoon()
	}
	if q.room != nil {
		h.bodies.Put(q.room)
	}
}

// handle takes a notification all the way to its answer. kept says that it is durable. A panic is a fault of ours, and
// this request's only.
func (h *Handler) handle(r *http.Request, q *request) (fail *failure, kept bool) {
	defer func() {
		if p := recover(); p != nil {
			fail, kept, q.room = broken(customhandler.Recovered(p)), false, nil
		}
	}()
	if fail := h.read(r, q); fail != nil {
		return fail, false
	}
	return h.accept(q)
}

// broken is the answer to a fault of ours.
func broken(cause error) *failure {
	return &failure{status: http.StatusInternalServerError, reason: "something is wrong on our side", cause: cause}
}

// read takes a notification in, up to its authentic body.
func (h *Handler) read(r *http.Request, q *request) *failure {
	if r.Method != http.MethodPost {
		return &failure{status: http.StatusMethodNotAllowed, reason: "only POST is understood here"}
	}
	name, token, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, Prefix), "/")
	route, ok := h.Routes[name]
	if !ok {
		return &failure{status: http.StatusNotFound, reason: "no such partner"}
	}
	q.name, q.route, q.proof = name, route, partner.Request{Header: r.Header, Token: token}
	if len(route.Allow) > 0 && !allowed(route.Allow, caller(r)) {
		return denied(lead.Errorf(lead.Unauthorized, "called from an address that is not on the list"))
	}
	if err := route.Partner.Admit(q.proof); err != nil {
		return denied(err)
	}
	if err := checkType(r.Header); err != nil {
		return &failure{status: http.StatusUnsupportedMediaType, reason: err.Error()}
	}
	if fail := h.readBody(r, q); fail != nil {
		return fail
	}
	if err := route.Partner.Verify(q.proof, q.body); err != nil {
		return denied(err)
	}
	return nil
}

// denied is 401 for a lack of proof, 500 for a fault of ours.
func denied(err error) *failure {
	if lead.KindOf(err) != lead.Unauthorized {
		return broken(err)
	}
	return &failure{status: http.StatusUnauthorized, cause: err}
}

// accept decodes an authentic notification and makes it durable; an invalid one too, marked rejected. kept says that
// it is durable.
func (h *Handler) accept(q *request) (fail *failure, kept bool) {
	q.at = h.Now().UTC().Truncate(time.Millisecond)
	q.receipt = ulid.MustNew(ulid.Timestamp(q.at), rand.Reader).String()
	ctx := h.storing.Within(budget) // the partner's hanging up is none of its ends
	m, fail := h.message(ctx, q)
	if err := h.Intake.Accept(ctx, m); err != nil {
		return &failure{status: http.StatusServiceUnavailable, reason: "the event could not be stored; send it again", after: 5 * time.Second, cause: err}, false
	}
	return fail, true
}

// message seals what came in. The failure, if there is one, is what the partner is told after the message is durable.
func (h *Handler) message(ctx context.Context, q *request) (ledger.Message, *failure) {
	event, panicked, err := decode(q)
	if err != nil || panicked != nil { // Decode refuses what is no JSON as well
		if bad := lead.WellFormed(q.body); bad != nil {
			return h.rejected(q, &failure{status: http.StatusBadRequest, reason: bad.Error()}, true)
		}
	}
	if panicked != nil { // the event is authentic: it is kept, whatever is wrong with us
		return h.rejected(q, broken(panicked), false)
	}
	if err == nil {
		err = h.crossReference(ctx, q.route, &event)
	}
	if err == nil && q.route.Strict {
		err = strictly(event.Notes)
	}
	if err != nil {
		var e *lead.Error
		if !errors.As(err, &e) || e.Kind != lead.Invalid {
			e = &lead.Error{Kind: lead.Invalid, Faults: []lead.Fault{{Rule: "cannot be decoded"}}}
		}
		return h.rejected(q, &failure{status: http.StatusUnprocessableEntity, reason: "the payload breaks its schema", faults: e.Faults, cause: err}, false)
	}
	q.event = event
	m := ledger.Seal(h.Hash, q.envelope(event.Type), event)
	m.Via = q.route.via()
	return m, nil
}

func decode(q *request) (event lead.Event, panicked, err error) {
	defer func() {
		if p := recover(); p != nil {
			panicked = customhandler.Recovered(p)
		}
	}()
	event, err = q.route.Partner.Decode(q.proof, q.body)
	return event, nil, err
}

// strictly makes an error of notes about what the document does not name.
func strictly(notes []lead.Note) error {
	var faults []lead.Fault
	for _, n := range notes {
		if n.Code == lead.NoteUnknownField || n.Code == lead.NoteUnknownValue || n.Code == lead.NoteUnknownEvent {
			faults = append(faults, lead.Fault{Field: n.Field, Rule: n.Code})
		}
	}
	if faults == nil {
		return nil
	}
	return &lead.Error{Kind: lead.Invalid, Faults: faults}
}

// rejected keeps an authentic event that is invalid: its key is the partner and the SHA-256 of its body.
func (h *Handler) rejected(q *request, fail *failure, binary bool) (ledger.Message, *failure) {
	sum := sha256.Sum256(q.body)
	e := q.envelope(q.name + ".rejected")
	e.Binary = binary
	m := ledger.Message{Envelope: e, Key: h.Hash.Of("rejected", q.name, hex.EncodeToString(sum[:])),
		Via:    q.route.via(),
		Reject: &ledger.Rejection{Status: fail.status, Reason: fail.reason, Faults: fail.faults}}
	return m, fail
}

// via is how the partner's requests prove themselves, for the ledger.
func (r Route) via() string {
	if p, ok := r.Partner.(interface{ Proof() string }); ok {
		return p.Proof()
	}
	return ""
}

func (q *request) envelope(kind string) lead.Envelope {
	return lead.Envelope{ID: q.receipt, Partner: q.name, Type: kind, Time: q.at, Data: q.body}
}

// log writes the one line of a request. It names no path (a path may hold a token) and no value.
func (h *Handler) log(r *http.Request, q *request, fail *failure, kept bool, status int, at time.Time, took time.Duration) {
	level, attrs := slog.LevelInfo, append(make([]slog.Attr, 0, 12), slog.String("partner", q.name), slog.Int("status", status),
		slog.Int64("ms", took.Milliseconds()), slog.Int("bytes", len(q.body)), slog.String("invocation", customhandler.InvocationID(r.Header)))
	if kept {
		attrs = append(attrs, slog.String("receipt", q.receipt), slog.String("type", q.event.Type), slog.String("lead", q.event.Lead.ID),
			slog.Int("notes", len(q.event.Notes)))
	}
	if fail != nil {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("reason", fail.reason))
		if fail.cause != nil {
			attrs = append(attrs, slog.String("error", fail.cause.Error()))
		}
	}
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	if alarm := q.event.Alarm; alarm != "" {
		level, attrs = slog.LevelError, append(attrs, slog.String("alarm", alarm))
	}
	if to := h.Log.Handler(); to.Enabled(r.Context(), level) { // by hand: LogAttrs would look for the line of the program that logs
		line := slog.NewRecord(at, level, "received", 0)
		line.AddAttrs(attrs...)
		_ = to.Handle(r.Context(), line) // slog's own methods drop it too
	}
}
