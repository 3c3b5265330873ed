package receive_test

import (
	"context"
	"net/http"
	"net/netip"
	"testing"

	"leadrelay/internal/lead"
	"leadrelay/internal/partner/credzu"
)

// TestOnlyListedCallersComeIn wants the address that Azure's front end appends to count, and no other.
func TestOnlyListedCallersComeIn(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*http.Request)
		status int
	}{
		"the peer":                      {func(r *http.Request) { r.RemoteAddr = "203.0.113.7:4711" }, 200},
		"another peer":                  {func(r *http.Request) { r.RemoteAddr = "198.51.100.1:4711" }, 401},
		"by the front end":              {header("X-Forwarded-For", "203.0.113.7:4711"), 200},
		"by the front end, no port":     {header("X-Forwarded-For", "203.0.113.7"), 200},
		"as IPv6":                       {header("X-Forwarded-For", "[2001:db8::1]:4711"), 200},
		"mapped into IPv6":              {header("X-Forwarded-For", "::ffff:203.0.113.7"), 200},
		"forged before the front end":   {header("X-Forwarded-For", "203.0.113.7, 198.51.100.1:4711"), 401},
		"forged in a header of its own": {func(r *http.Request) { r.Header["X-Forwarded-For"] = []string{"203.0.113.7", "198.51.100.1"} }, 401},
		"unreadable":                    {header("X-Forwarded-For", "unknown"), 401},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			route := w.Routes["memory"]
			route.Allow = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/32")}
			w.Routes["memory"] = route
			w.want(w.do(post("memory", sample, c.change)), c.status, map[int]int{200: 1}[c.status])
		})
	}
}

// TestUnknownLeadIsNotedOrRefused looks the lead up under the id by which Credzu refers to it.
func TestUnknownLeadIsNotedOrRefused(t *testing.T) {
	for name, c := range map[string]struct {
		known  bool
		err    error
		refuse bool
		status int
		noted  bool
	}{
		"known":                     {known: true, status: 200},
		"unknown":                   {status: 200, noted: true},
		"unknown, to be refused":    {refuse: true, status: 422},
		"storage does not answer":   {err: lead.Errorf(lead.Unavailable, "down"), refuse: true, status: 200},
		"known, although to refuse": {known: true, refuse: true, status: 200},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			route := w.Routes["credzu"]
			route.RefuseUnknown = c.refuse
			route.Known = func(ctx context.Context, ref string) (bool, error) {
				if _, bounded := ctx.Deadline(); !bounded || ref != "FBHL-55672" {
					t.Errorf("looked up %q", ref)
				}
				return c.known, c.err
			}
			w.Routes["credzu"] = route
			a := w.do(post("credzu/"+token, string(credzu.Sample())))
			w.want(a, c.status, 1)
			noted := false
			for _, n := range a.Messages[0].Notes {
				noted = noted || n.Code == lead.NoteUnknownLead
			}
			if noted != c.noted {
				t.Errorf("noted: %v", a.Messages[0].Notes)
			}
		})
	}
}
