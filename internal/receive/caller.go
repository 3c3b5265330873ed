package receive

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"leadrelay/internal/lead"
)

// caller is the address that a request came from: the last one of X-Forwarded-For, which Azure's front end appends and
// which nobody before it can forge; without that header the peer's. It is invalid when neither can be read.
func caller(r *http.Request) netip.Addr {
	text := r.RemoteAddr
	if hops := r.Header.Values("X-Forwarded-For"); len(hops) > 0 {
		last := hops[len(hops)-1]
		text = strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
	}
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().Unmap()
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap()
}

func allowed(list []netip.Prefix, from netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(from) })
}

// lookUp bounds the look-up of a lead: the answer does not wait for it.
const lookUp = time.Second

// crossReference notes, or refuses, an event about a lead that we do not know, as Credzu's document advises (seeds/000,
// "Verify the lead belongs to you"). Storage that does not answer in time is no reason to refuse.
func (h *Handler) crossReference(ctx context.Context, route Route, e *lead.Event) error {
	if route.Known == nil || e.Lead.Ref == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookUp)
	defer cancel()
	known, err := route.Known(ctx, e.Lead.Ref)
	if err != nil {
		h.Log.WarnContext(ctx, "lead not looked up", "partner", e.Lead.Partner, "error", err.Error())
		return nil
	}
	switch {
	case known:
		return nil
	case route.RefuseUnknown:
		return &lead.Error{Kind: lead.Invalid, Faults: []lead.Fault{{Rule: lead.NoteUnknownLead}}}
	}
	e.Notes = append(e.Notes, lead.Note{Code: lead.NoteUnknownLead})
	return nil
}
