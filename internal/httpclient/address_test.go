package httpclient

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"leadrelay/internal/lead"
)

// addresses are literal hosts: who may call them.
func addresses() map[string]string {
	out := map[string]string{}
	for who, list := range map[string]string{
		"all": "8.8.8.8 1.1.1.1 20.42.65.92 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1 192.169.0.1 198.17.0.1 223.255.255.255 " +
			"2606:4700::1 2001:4860:4860::8888 2a01:111::1 2001:200::1",
		"allowed": "10.0.0.1 10.255.255.255 127.0.0.1 127.255.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 100.127.255.254 " +
			"192.0.0.1 192.0.2.1 198.51.100.7 203.0.113.9 198.18.0.1 198.19.255.255 192.88.99.1 240.0.0.1 " +
			"::1 fc00::1 fd12:3456::1 2001:db8::1 3fff::1 2001::1 2001:10::1 2002:808:808::1 3ffe::1 100::1 5f00::1 4000::1 " +
			"::ffff:8.8.8.8 ::ffff:10.0.0.1 ::ffff:7f00:1 ::8.8.8.8 ::127.0.0.1 64:ff9b::8.8.8.8 64:ff9b::7f00:1 fec0::1",
		"none": "169.254.169.254 169.254.0.1 168.63.129.16 100.100.100.200 192.0.0.192 0.0.0.0 0.1.2.3 224.0.0.1 239.255.255.255 255.255.255.255 " +
			":: fe80::1 fe80::1%eth0 ff02::1 fd00:ec2::254 fd20:ce::254 64:ff9b:1::1 64:ff9b:1:a:a9:fe:a9fe:0 " +
			"::ffff:169.254.169.254 ::ffff:a9fe:a9fe ::169.254.169.254 64:ff9b::169.254.169.254 64:ff9b::a83f:8110 2002:a9fe:a9fe::1",
	} {
		for _, a := range strings.Fields(list) {
			out[a] = who
		}
	}
	return out
}

func TestWhoMayCallAnAddress(t *testing.T) {
	r := newRanges()
	for text, who := range addresses() {
		addr := netip.MustParseAddr(text)
		public, private := r.refusal(addr, false) == "", r.refusal(addr, true) == ""
		if public != (who == "all") || private != (who != "none") {
			t.Errorf("%s: public %t, private %t, want %s", text, public, private, who)
		}
	}
	if r.refusal(netip.Addr{}, true) == "" {
		t.Error("no address is allowed")
	}
}

func TestLiteralHostIsJudgedByItsText(t *testing.T) {
	for text, who := range addresses() {
		host := text
		if strings.Contains(text, ":") {
			host = "[" + strings.ReplaceAll(text, "%", "%25") + "]"
		}
		for _, private := range []bool{false, true} {
			_, err := ParseURL("https://"+host+":8443/leads", private)
			if want := who == "all" || who == "allowed" && private; (err == nil) != want {
				t.Errorf("%s, private %t: %v", host, private, err)
			}
		}
	}
}

func TestHopelessURLIsAFaultOfTheAddressWithoutQuotingIt(t *testing.T) {
	for name, text := range map[string]string{
		"http": "http://SECRET.example.org/", "ftp": "ftp://SECRET.example.org/", "no scheme": "SECRET.example.org/x", "empty": "",
		"opaque": "https:SECRET.example.org", "user": "https://SECRET@h.example.org/", "password": "https://u:SECRET@h.example.org/",
		"fragment": "https://h.example.org/#SECRET", "empty fragment": "https://h.example.org/SECRET#", "no host": "https:///SECRET", "port only": "https://:443/SECRET",
		"port 0": "https://h.example.org:0/SECRET", "big port": "https://h.example.org:65536/SECRET", "bad port": "https://h.example.org:SECRET/",
		"control": "https://h.example.org/\nSECRET", "space in host": "https://h SECRET.example.org/", "bad escape": "https://h.example.org/%zzSECRET",
		"full width": "https://１２７.0.0.1/SECRET", "umlaut": "https://bücher.example/SECRET", "circled": "https://①②⑦.0.0.1/SECRET", "escaped": "https://%6c%6f%63alhost/SECRET",
		"localhost": "https://localhost/SECRET", "localhost.": "https://LOCALHOST./SECRET", "sub": "https://SECRET.localhost/", "dots": "https://h.example.org../SECRET",
		"decimal": "https://2130706433/SECRET", "hex": "https://0x7f000001/SECRET", "octal": "https://0177.0.0.1/SECRET", "octal int": "https://017700000001/SECRET",
		"short": "https://127.1/SECRET", "mixed": "https://0x7f.0.0.1/SECRET", "hex end": "https://127.0.0.0x1/SECRET", "bare 0x": "https://127.0.0.0x/SECRET",
		"five parts": "https://1.2.3.4.5/SECRET", "big part": "https://1.2.3.256/SECRET", "zone": "https://h%25eth0/SECRET",
		"dotted literal": "https://127.0.0.1./SECRET", "metadata": "https://169.254.169.254/SECRET", "mapped": "https://[::ffff:127.0.0.1]/SECRET",
		"upper mapped": "https://[::FFFF:7F00:1]/SECRET", "long": "https://h.example.org/" + strings.Repeat("SECRET", 1000),
	} {
		u, err := ParseURL(text, false)
		if _, told := errors.AsType[*lead.Error](err); u != nil && err == nil || !told || lead.KindOf(err) != lead.Address {
			t.Errorf("%s: %v, %v", name, u, err)
		}
		if err != nil && (strings.Contains(err.Error(), "SECRET") || strings.Contains(err.Error(), "h.example")) {
			t.Errorf("%s: quotes the address: %v", name, err)
		}
	}
}

func TestOrdinaryURLPasses(t *testing.T) {
	for text, private := range map[string]bool{
		"https://hooks.example.org/leads?sig=abc%2Fdef": false, "HTTPS://Hooks.Example.Org": false, "https://xn--bcher-kva.example/": false,
		"https://h_1.example.org:8443/a%2Fb": false, "https://example.org./": false, "https://0x7g.example/": false, "https://8.8.8.8/": false,
		"http://localhost:8080/": true, "http://10.0.0.1/": true, "http://[::1]:9/": true, "https://svc.default.svc.cluster.local/": true,
	} {
		if u, err := ParseURL(text, private); err != nil || u == nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	for text := range addresses() {
		f.Add("https://" + text + "/")
	}
	f.Add("https://0x7f.1:443/?a#b")
	f.Fuzz(func(t *testing.T, text string) {
		u, err := ParseURL(text, false)
		if err != nil {
			return
		}
		if addr, bad := netip.ParseAddr(u.Hostname()); bad == nil && newRanges().refusal(addr, false) != "" {
			t.Errorf("%q passes", text)
		}
		if u.Scheme != "https" || u.User != nil || u.Hostname() == "" {
			t.Errorf("%q passes as %v", text, u)
		}
	})
}
