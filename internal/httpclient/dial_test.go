package httpclient

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"leadrelay/internal/lead"
	"leadrelay/internal/wire"
)

// names is a name server: what it answers for each host, one set of addresses a question, the last one for ever.
type names struct {
	hosts map[string][][]string
	asked map[string]*atomic.Int32
}

// resolver asks a name server of this test only.
func resolver(t *testing.T, hosts map[string][][]string) *net.Resolver {
	t.Helper()
	n := &names{hosts: hosts, asked: map[string]*atomic.Int32{}}
	for host := range hosts {
		n.asked[host] = &atomic.Int32{}
	}
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	go n.serve(pc)
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
}

func (n *names) serve(pc net.PacketConn) {
	buf := make([]byte, 1500)
	for {
		size, from, err := pc.ReadFrom(buf)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(buf[:size]) == nil && len(m.Questions) == 1 {
			if reply, err := n.answer(m); err == nil {
				_, _ = pc.WriteTo(reply, from)
			}
		}
	}
}

func (n *names) answer(m dnsmessage.Message) ([]byte, error) {
	q := m.Questions[0]
	host := strings.TrimSuffix(q.Name.String(), ".")
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	sets, known := n.hosts[host]
	if !known {
		m.RCode = dnsmessage.RCodeNameError
		return m.Pack()
	}
	turn := int(n.asked[host].Load())
	if q.Type == dnsmessage.TypeA {
		turn = int(n.asked[host].Add(1)) - 1
	}
	for _, text := range sets[min(turn, len(sets)-1)] {
		addr := netip.MustParseAddr(text)
		h := dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, Type: q.Type}
		if addr.Is4() && q.Type == dnsmessage.TypeA {
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AResource{A: addr.As4()}})
		}
		if addr.Is6() && q.Type == dnsmessage.TypeAAAA {
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AAAAResource{AAAA: addr.As16()}})
		}
	}
	return m.Pack()
}

func get(t *testing.T, c *http.Client, url string, private bool) (Answer, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	if private {
		ctx = WithPrivate(ctx)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	return Do(c, r, Limit{Bytes: 1 << 10, Wait: time.Second})
}

// server is a TLS server and the authorities that vouch for it as "example.com".
func server(t *testing.T, h http.HandlerFunc) (*httptest.Server, *x509.CertPool, string) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return s, pool, port
}

func TestNameThatLeadsToAPrivateAddressIsRefusedAtDial(t *testing.T) {
	var called atomic.Int32
	_, pool, port := server(t, func(http.ResponseWriter, *http.Request) { called.Add(1) })
	hosts := map[string][][]string{}
	for text, who := range addresses() {
		if who != "all" && !strings.Contains(text, "%") && text != "::ffff:8.8.8.8" { // which is 8.8.8.8 once it is resolved
			hosts["h"+strings.NewReplacer(":", "-", ".", "-").Replace(text)+"h.example.com"] = [][]string{{text}}
		}
	}
	hosts["both.example.com"] = [][]string{{"127.0.0.1", "::1"}}
	c := NewClient(Options{Resolver: resolver(t, hosts), RootCAs: pool})
	for host := range hosts {
		_, err := get(t, c, "https://"+host+":"+port+"/SECRET", false)
		if lead.KindOf(err) != lead.Address || !strings.Contains(err.Error(), "refused") || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", host, err)
		}
	}
	if called.Load() != 0 {
		t.Error("somebody was called")
	}
}

func TestNameThatChangesItsMindIsRefusedAtItsNextDial(t *testing.T) {
	_, pool, port := server(t, func(http.ResponseWriter, *http.Request) {})
	o := Options{RootCAs: pool, Resolver: resolver(t, map[string][][]string{"rebind.example.com": {{"127.0.0.1"}, {"169.254.169.254"}}})}
	if a, err := get(t, NewClient(o), "https://rebind.example.com:"+port, true); err != nil || a.Status != 200 {
		t.Fatalf("the first time: %v", err)
	}
	if _, err := get(t, NewClient(o), "https://rebind.example.com:"+port, true); lead.KindOf(err) != lead.Address || !strings.Contains(err.Error(), "metadata") {
		t.Errorf("the second time: %v", err)
	}
}

func TestConnectionThatOneWasAllowedIsNotUsedByAnother(t *testing.T) {
	var called atomic.Int32
	s, pool, _ := server(t, func(http.ResponseWriter, *http.Request) { called.Add(1) })
	c := NewClient(Options{RootCAs: pool})
	if _, err := get(t, c, s.URL, true); err != nil {
		t.Fatal(err)
	}
	if _, err := get(t, c, s.URL, false); lead.KindOf(err) != lead.Address || called.Load() != 1 {
		t.Errorf("%v, called %d times", err, called.Load())
	}
}

func TestPlainHTTPIsForThoseWhoAreAllowed(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer plain.Close()
	c := NewClient(Options{})
	if _, err := get(t, c, plain.URL, false); lead.KindOf(err) != lead.Address {
		t.Errorf("not allowed: %v", err)
	}
	if a, err := get(t, c, plain.URL, true); err != nil || a.Status != 200 {
		t.Errorf("allowed: %v", err)
	}
}

func TestProxyOfTheEnvironmentIsNotAsked(t *testing.T) {
	var asked atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer proxy.Close()
	t.Setenv("HTTPS_PROXY", proxy.URL)
	t.Setenv("HTTP_PROXY", proxy.URL)
	c := NewClient(Options{Resolver: resolver(t, nil)})
	if _, err := get(t, c, "https://nobody.example.com/", false); lead.KindOf(err) != lead.Address || !strings.Contains(err.Error(), "no such host") {
		t.Errorf("%v", err)
	}
	for _, transport := range []*wire.Transport{c.Transport.(*Transport).public, c.Transport.(*Transport).private} {
		if transport.Base.Proxy != nil {
			t.Error("a proxy is set")
		}
	}
	if asked.Load() != 0 {
		t.Error("the proxy was asked")
	}
}
