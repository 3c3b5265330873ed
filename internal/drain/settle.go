package drain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/inbox"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
)

// settle writes down what the CRM said about one change, first in the lead's state, then in the inbox.
func (r *run) settle(s *step, o crm.Outcome) {
	tries := s.claim.Tries + 1
	switch {
	case o.Err == nil:
		if err := r.endClaim(s, ledger.LeadApplied); err != nil {
			// Acked now, its version would not be known and an older one could undo it. It comes back and is told again.
			r.releaseAll(s.group, backoff(tries, 0), err.Error())
			return
		}
		r.through(s.group, s.item, [...]result{crm.Unchanged: unchanged, crm.Created: created, crm.Updated: updated}[o.Result])
	case errors.Is(o.Err, crm.ErrNoLead):
		r.noLead(s, backoff(tries, lead.RetryAfter(o.Err)))
	case refused(o.Err):
		r.endClaim(s, ledger.LeadRefused)
		s.group.pop()
		r.bury(s.item, o.Err.Error())
	case broken(o.Err):
		r.endClaim(s, ledger.LeadUntried)
		r.releaseAll(s.group, 0, o.Err.Error())
	case paused(o.Err):
		r.endClaim(s, ledger.LeadUntried)
		r.releaseAll(s.group, 0, o.Err.Error()) // the next run asks the CRM before it leases anything
	case r.ctx.Err() != nil: // our own end, not the CRM's fault; it may have the change all the same
		r.endClaim(s, ledger.LeadFailed)
		r.releaseAll(s.group, firstDelay, "the run ended")
	default:
		r.endClaim(s, ledger.LeadFailed)
		r.releaseAll(s.group, backoff(tries, lead.RetryAfter(o.Err)), o.Err.Error())
	}
}

// endClaim ends the claim. A failure is logged; a claim that is not ended runs out and is then taken over.
func (r *run) endClaim(s *step, result ledger.LeadResult) error {
	err := r.States.Settle(r.settles.Within(settleTimeout), s.claim, result)
	if err != nil {
		r.Log.WarnContext(r.ctx, "lead state not written", "lane", r.lane.Name, "partner", s.group.key.Partner, "lead", s.group.key.ID, "error", err.Error())
	}
	return err
}

// releaseAll gives back everything that is left of a lead.
func (r *run) releaseAll(g *group, after time.Duration, reason string) {
	rest := g.rest()
	each(len(rest), func(i int) { r.release(rest[i], after, reason) })
}

// wait gives a message back, or buries it with the reason when it has waited long enough.
func (r *run) wait(it *item, after time.Duration, reason string) {
	if r.Now().Sub(it.version.Time) >= patience {
		r.bury(it, reason)
		return
	}
	r.release(it, after, reason)
}

func (r *run) ack(it *item, what result) {
	r.end(it, "", func(ctx context.Context, m inbox.Message) (result, error) {
		return what, r.lane.Inbox.Ack(ctx, m)
	})
}

func (r *run) release(it *item, after time.Duration, reason string) {
	r.end(it, reason, func(ctx context.Context, m inbox.Message) (result, error) {
		return released, r.lane.Inbox.Release(ctx, m, after)
	})
}

// bury puts a message away for good. When that fails it is given back: it is never lost.
func (r *run) bury(it *item, reason string) {
	reason = strings.ToValidUTF8(reason[:min(len(reason), maxReason)], "")
	r.end(it, reason, func(ctx context.Context, m inbox.Message) (result, error) {
		err := r.lane.Inbox.Bury(ctx, m, reason)
		if err == nil || errors.Is(err, inbox.ErrLeaseLost) {
			return buried, err
		}
		r.complain(fmt.Errorf("lane %s: a message that should be buried is given back: %w", r.lane.Name, err))
		return released, r.lane.Inbox.Release(ctx, m, lastDelay)
	})
}

// giveUp ends a message whose lease is lost.
func (r *run) giveUp(it *item) {
	r.end(it, "", func(context.Context, inbox.Message) (result, error) { return unknown, inbox.ErrLeaseLost })
}

// end settles a message, once, counts it and writes its one line.
func (r *run) end(it *item, reason string, settle func(context.Context, inbox.Message) (result, error)) {
	it.mu.Lock()
	defer it.mu.Unlock()
	if it.done {
		return
	}
	it.done = true
	defer r.settled(it)
	if it.lost {
		r.line(it, unknown, reason, inbox.ErrLeaseLost)
		return
	}
	what, err := settle(r.settles.Within(settleTimeout), it.msg)
	r.line(it, what, reason, err)
}

// line is the canonical line of a message: no payload, no personal data.
func (r *run) line(it *item, what result, reason string, err error) {
	attrs := []slog.Attr{
		slog.String("lane", r.lane.Name), slog.String("partner", it.partner), slog.String("lead", it.event.Lead.ID),
		slog.String("type", it.event.Type), slog.String("result", string(what)), slog.Int64("ms", r.Now().Sub(it.taken).Milliseconds()),
	}
	level := slog.LevelInfo
	if reason != "" {
		attrs = append(attrs, slog.String("reason", reason))
	}
	if what == buried {
		level = slog.LevelWarn
	}
	if err != nil {
		level, what = slog.LevelWarn, unknown
		attrs = append(attrs, slog.String("settle", err.Error()))
	}
	r.mu.Lock()
	if r.report.add(what); r.OnSettled != nil {
		r.OnSettled(r.lane.Name, r.report)
	}
	r.mu.Unlock()
	r.Log.LogAttrs(context.WithoutCancel(r.ctx), level, "drained", attrs...)
}
