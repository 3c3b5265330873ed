package httpclient

import (
	"net/netip"
	"slices"
)

// Ranges are from the IANA special-purpose registries (IPv4 and IPv6, 2025) and the clouds' own documents.

// fabric is where a cloud answers its tenants' machines: credentials, not webhooks. Nothing ever allows these.
func fabric() []netip.Prefix {
	return prefixes(
		"169.254.0.0/16",     // link-local: 169.254.169.254 of Azure, AWS and GCP, the identity endpoint of App Service
		"168.63.129.16/32",   // Azure's wire server
		"100.100.100.200/32", // Alibaba Cloud
		"192.0.0.192/32",     // Oracle Cloud
		"fd00:ec2::/32",      // AWS: fd00:ec2::254 and its neighbours
		"fd20:ce::254/128",   // GCP
		"fe80::/10",          // link-local
		"64:ff9b:1::/48",     // NAT64 of local use: what it leads to cannot be told
		"0.0.0.0/8", "::/128", "224.0.0.0/4", "ff00::/8", "255.255.255.255/32")
}

// reserved is what no far side on the Internet has in IPv4.
func reserved() []netip.Prefix {
	return prefixes(
		"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", // RFC 1918
		"127.0.0.0/8", "100.64.0.0/10", // loopback; carrier-grade NAT
		"192.0.0.0/24", "192.88.99.0/24", // IETF protocols; 6to4 relays
		"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", // documentation
		"198.18.0.0/15", "240.0.0.0/4") // benchmarks; never given out
}

// embedded is what no far side has inside 2000::/3, which is all of IPv6 that is given out: what is outside, loopback,
// ULA, mapped and compatible IPv4 and NAT64 (64:ff9b::/96, 64:ff9b:1::/48) included, is refused whole.
func embedded() []netip.Prefix {
	return prefixes(
		"2001::/23",                               // IETF protocols: Teredo, ORCHID, benchmarks
		"2002::/16",                               // 6to4: any IPv4 address may hide in it
		"2001:db8::/32", "3fff::/20", "3ffe::/16") // documentation; the old 6bone
}

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		out[i] = netip.MustParsePrefix(text)
	}
	return out
}

// ranges is the judge of addresses.
type ranges struct {
	fabric, reserved, embedded []netip.Prefix
	global                     netip.Prefix
}

func newRanges() ranges {
	return ranges{fabric: fabric(), reserved: reserved(), embedded: embedded(), global: netip.MustParsePrefix("2000::/3")}
}

// refusal says why nobody may be called at addr, empty when one may. private allows all but a cloud's own.
func (r ranges) refusal(addr netip.Addr, private bool) string {
	addr = addr.WithZone("")
	within := func(list []netip.Prefix, a netip.Addr) bool {
		return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	switch {
	case !addr.IsValid():
		return "an address that cannot be read"
	case within(r.fabric, addr), within(r.fabric, hidden(addr)):
		return "a link-local, metadata or multicast address"
	case private:
		return ""
	case addr.Is4() && within(r.reserved, addr), addr.Is6() && (!r.global.Contains(addr) || within(r.embedded, addr)):
		return "a private or reserved address"
	}
	return ""
}

// hidden is the IPv4 address inside a mapped, compatible, NAT64 or 6to4 address; any other address is returned as it is.
func hidden(addr netip.Addr) netip.Addr {
	if addr.Is4() {
		return addr
	}
	b := addr.As16()
	nat64 := netip.AddrFrom16([16]byte{0: 0x00, 1: 0x64, 2: 0xff, 3: 0x9b})
	top, _ := addr.Unmap().Prefix(96) // of an IPv4 address: none
	switch {
	case addr.Is4In6():
		return addr.Unmap()
	case top.Addr() == nat64, top.Addr() == netip.IPv6Unspecified() && addr != netip.IPv6Loopback():
		return netip.AddrFrom4([4]byte(b[12:]))
	case b[0] == 0x20 && b[1] == 0x02:
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return addr
}
