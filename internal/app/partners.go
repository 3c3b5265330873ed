package app

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner"
	"leadrelay/internal/receive"
)

// openPartners reads PARTNER_<NAME>_…: a route for each partner that has a setting.
func openPartners(env *config.Env, now func() time.Time) map[string]receive.Route {
	routes := map[string]receive.Route{}
	for _, name := range env.Names("PARTNER") {
		s := env.Instance("PARTNER", name)
		driver, ok := partners()[s.String("KIND", name)]
		if !ok {
			s.Complain("KIND", "there is no partner driver of that name; there are %s", names(partners()))
			continue
		}
		onInvalid := []string{"refuse", "keep"}
		if driver.keepInvalid {
			onInvalid = []string{"keep", "refuse"}
		}
		r := receive.Route{Partner: driver.open(s, now), MaxBody: int64(s.Int("MAX_BODY", driver.maxBody, 1<<10, 4<<20)),
			KeepInvalid: s.OneOf("ON_INVALID", onInvalid...) == "keep", Strict: s.Bool("STRICT", false), Allow: networks(s)}
		if driver.refers {
			r.RefuseUnknown = s.OneOf("UNKNOWN_LEAD", "note", "refuse") == "refuse"
			r.Known = func(context.Context, string) (bool, error) { return true, nil } // until knowLeads
		}
		routes[name] = r
	}
	return routes
}

// networks reads ALLOW: the networks from which the partner may call, separated by commas; none means all.
func networks(s *config.Settings) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range strings.Split(s.String("ALLOW", ""), ",") {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		p, err := netip.ParsePrefix(text)
		if addr, addrErr := netip.ParseAddr(text); addrErr == nil {
			p, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			s.Complain("ALLOW", "must be networks such as 203.0.113.0/24, separated by commas")
			return nil
		}
		out = append(out, p.Masked())
	}
	return out
}

// knowLeads lets the partners that refer to leads of others look them up: among the partners that send leads.
func knowLeads(routes map[string]receive.Route, l *ledger.Ledger) {
	var senders []string
	for name, r := range routes {
		if r.Known == nil {
			senders = append(senders, name)
		}
	}
	for name, r := range routes {
		if r.Known != nil {
			r.Known = func(ctx context.Context, ref string) (bool, error) {
				if lead.IsUUID(ref) {
					ref = strings.ToLower(ref) // as the drivers normalise them
				}
				return l.KnownLead(ctx, senders, ref)
			}
			routes[name] = r
		}
	}
}

// Partners opens the partners that have settings, by name. What is wrong with them stands in env.
func Partners(env *config.Env, now func() time.Time) map[string]partner.Partner {
	out := map[string]partner.Partner{}
	for name, r := range openPartners(env, now) {
		out[name] = r.Partner
	}
	return out
}
