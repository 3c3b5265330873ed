package httpclient

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"leadrelay/internal/lead"
)

const longestURL = 4096

// ParseURL reads the address of somebody's API. It wants https, a host in ASCII and nothing before an @; private allows
// http and private addresses too. An address that can never be called is an error of kind Address whose text holds no
// part of it: path and query may be its secret. Where a name leads is seen only when it is dialled ([NewClient]).
func ParseURL(address string, private bool) (*url.URL, error) {
	if len(address) > longestURL {
		return nil, lead.Errorf(lead.Address, "the URL is longer than %d bytes", longestURL)
	}
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Opaque != "" {
		return nil, lead.Errorf(lead.Address, "the address is not a URL")
	}
	switch host := u.Hostname(); {
	case u.Scheme != "https" && (u.Scheme != "http" || !private):
		return nil, lead.Errorf(lead.Address, "the URL must begin with https://")
	case u.User != nil:
		return nil, lead.Errorf(lead.Address, "the URL must hold no user or password; use a header")
	case u.Fragment != "" || strings.HasSuffix(address, "#"):
		return nil, lead.Errorf(lead.Address, "the URL must hold no fragment")
	case host == "":
		return nil, lead.Errorf(lead.Address, "the URL names no host")
	case !hostText(host):
		return nil, lead.Errorf(lead.Address, "the host must be a name in ASCII (punycode) or an IP address")
	case !validPort(u.Port()):
		return nil, lead.Errorf(lead.Address, "the port must be from 1 to 65535")
	default:
		return u, checkHost(host, private)
	}
}

func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// hostText allows the bytes of a name or of an IPv6 address with its zone.
func hostText(host string) bool {
	return !strings.ContainsFunc(host, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-._:%", c)
	})
}

// checkHost refuses what can be known without a name server.
func checkHost(host string, private bool) error {
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if addr, err := netip.ParseAddr(name); err == nil {
		if why := newRanges().refusal(addr, private); why != "" {
			return refused(why)
		}
		return nil
	}
	if !private && (name == "localhost" || strings.HasSuffix(name, ".localhost")) {
		return refused("a private or reserved address")
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	if last == "" || numeric(last) || strings.ContainsAny(name, ":%") {
		// 2130706433, 0x7f.1 and 0177.0.0.1 are 127.0.0.1 to some resolvers; a name never ends so (WHATWG URL, "ends in a number")
		return lead.Errorf(lead.Address, "the host is neither a name nor a plainly written IP address")
	}
	return nil
}

func numeric(label string) bool {
	hex, isHex := strings.CutPrefix(label, "0x")
	if !isHex {
		return strings.Trim(label, "0123456789") == ""
	}
	return strings.Trim(hex, "0123456789abcdef") == ""
}

func refused(why string) error {
	return lead.Errorf(lead.Address, "the host is at %s, which is refused", why)
}
