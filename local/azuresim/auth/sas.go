package auth

import (
	"net/netip"
	"strings"
	"time"

	"leadrelay/local/azuresim/wire"
)

// Policy is a stored access policy of a queue, container or table.
type Policy = wire.Policy

// newest is the latest sv that is understood: 2026-06-06 is what azblob v1.8.0 signs.
const newest = "2026-12-31"

// oldest is the first sv with the layout that is checked here.
const oldest = "2015-04-05"

// signature checks a SAS.
func signature(r *wire.Request, a Account, o Options) (wire.Grant, *wire.Error) {
	get := r.Query.Get
	sv := get("sv")
	if _, err := time.Parse(time.DateOnly, sv); err != nil || sv < oldest || sv > newest {
		return wire.Grant{}, Failed("sv is not a version that is supported")
	}
	account := get("ss") != "" || get("srt") != ""
	text := ""
	switch {
	case account:
		text = accountLayout(r, a.Name, sv)
	case r.Service == wire.Queue:
		text = lines(get("sp"), get("st"), get("se"), "/queue/"+a.Name+"/"+queueName(r), get("si"), get("sip"), get("spr"), sv)
	case r.Service == wire.Table:
		text = lines(get("sp"), get("st"), get("se"), "/table/"+a.Name+"/"+strings.ToLower(r.Op.Resource), get("si"), get("sip"), get("spr"), sv,
			get("spk"), get("srk"), get("epk"), get("erk"))
	default:
		text = blobLayout(r, a.Name, sv)
	}
	if !verify(a.Key, text, get("sig")) {
		return wire.Grant{}, Failed("Signature did not match. String to sign used was " + text)
	}
	grant, start, expiry, err := terms(r, o, account)
	if err != nil {
		return wire.Grant{}, err
	}
	return grant, judge(r, grant, account, start, expiry)
}

func lines(parts ...string) string { return strings.Join(parts, "\n") }

func accountLayout(r *wire.Request, name, sv string) string {
	get := r.Query.Get
	parts := []string{name, get("sp"), get("ss"), get("srt"), get("st"), get("se"), get("sip"), get("spr"), sv}
	if sv >= "2020-12-06" {
		parts = append(parts, get("ses"))
	}
	return lines(append(parts, "")...)
}

// blobLayout signs a container (sr=c) or one blob (sr=b).
func blobLayout(r *wire.Request, account, sv string) string {
	get := r.Query.Get
	resource, _, _ := strings.Cut(r.Op.Resource, "/")
	if get("sr") == "b" {
		resource = r.Op.Resource
	}
	parts := []string{get("sp"), get("st"), get("se"), "/blob/" + account + "/" + resource, get("si"), get("sip"), get("spr"), sv}
	if sv >= "2018-11-09" {
		parts = append(parts, get("sr"), get("snapshot"))
	}
	if sv >= "2020-12-06" {
		parts = append(parts, get("ses"))
	}
	return lines(append(parts, get("rscc"), get("rscd"), get("rsce"), get("rscl"), get("rsct"))...)
}

func queueName(r *wire.Request) string {
	name, _, _ := strings.Cut(r.Path, "/")
	return name
}

// terms are what the SAS, or the stored policy that it names, grants and for how long.
func terms(r *wire.Request, o Options, account bool) (g wire.Grant, start, expiry time.Time, e *wire.Error) {
	p := Policy{Permission: r.Query.Get("sp")}
	if id := r.Query.Get("si"); id != "" && !account {
		stored, ok := Policy{}, false
		if o.Policy != nil {
			resource, _, _ := strings.Cut(r.Op.Resource, "/")
			stored, ok = o.Policy(r.Service, resource, id)
		}
		if !ok {
			return g, start, expiry, Failed("Access policy not found.")
		}
		p.Permission += stored.Permission
		p.Start, p.Expiry = stored.Start, stored.Expiry
	}
	var err error
	if p.Start, err = parseTime(r.Query.Get("st"), p.Start); err != nil {
		return g, start, expiry, Failed("st is not in the correct format")
	}
	if p.Expiry, err = parseTime(r.Query.Get("se"), p.Expiry); err != nil || p.Expiry.IsZero() {
		return g, start, expiry, Failed("se is missing or not in the correct format")
	}
	if p.Permission == "" {
		return g, start, expiry, Failed("sp is mandatory. Cannot be empty")
	}
	return wire.Grant{Letters: p.Permission}, p.Start, p.Expiry, nil
}

func parseTime(s string, otherwise time.Time) (time.Time, error) {
	if s == "" {
		return otherwise, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	for _, layout := range []string{"2006-01-02T15:04Z", time.DateOnly} {
		if err != nil {
			t, err = time.Parse(layout, s)
		}
	}
	return t, err
}

// judge holds a good signature against the request.
func judge(r *wire.Request, g wire.Grant, account bool, start, expiry time.Time) *wire.Error {
	get := r.Query.Get
	if r.Now.Before(start) || !r.Now.Before(expiry) {
		from := ""
		if !start.IsZero() {
			from = "Start [" + wire.Time(start) + "] - "
		}
		return Failed("Signature not valid in the specified time frame: " + from + "Expiry [" + wire.Time(expiry) + "] - Current [" + wire.Time(r.Now) + "]")
	}
	if get("spr") == "https" && !r.TLS {
		return Mismatch("Protocol")
	}
	if sip := get("sip"); sip != "" && !inRange(r.Peer, sip) {
		return Mismatch("SourceIP")
	}
	letters := r.Op.ByName
	if account {
		if !strings.Contains(get("ss"), string(r.Service[0])) {
			return Mismatch("Service")
		}
		if !strings.ContainsRune(get("srt"), rune(r.Op.Scope)) {
			return Mismatch("ResourceType")
		}
		letters = r.Op.ByAcct
	} else if r.Service == wire.Blob && get("sr") == "b" && r.Op.Scope != wire.OfObject {
		return Mismatch("ResourceType")
	}
	if letters == "" || !g.Has(letters) {
		return Mismatch("Permission")
	}
	for i := range len(letters) {
		if r.Op.All && !g.Has(letters[i:i+1]) {
			return Mismatch("Permission")
		}
	}
	return nil
}

// inRange says whether an address is sip: one address, or two with a hyphen.
func inRange(peer, sip string) bool {
	low, high, two := strings.Cut(sip, "-")
	if !two {
		high = low
	}
	p, err := netip.ParseAddr(peer)
	from, errFrom := netip.ParseAddr(low)
	to, errTo := netip.ParseAddr(high)
	return err == nil && errFrom == nil && errTo == nil && p.Unmap().Compare(from) >= 0 && p.Unmap().Compare(to) <= 0
}
