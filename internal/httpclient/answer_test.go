package httpclient

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/lead"
)

func TestEveryStatusHasItsKind(t *testing.T) {
	for status := 100; status < 1000; status++ {
		a := Answer{Status: status, Body: []byte("SECRET"), asked: "POST h"}
		err := a.Err(time.Now())
		if status/100 == 2 {
			if err != nil {
				t.Errorf("%d: %v", status, err)
			}
			continue
		}
		want := lead.Refused
		switch status {
		case 408, 425, 429:
			want = lead.Unavailable
		case 401, 403, 404, 405, 410:
			want = lead.Address
		case 413:
			want = lead.TooLarge
		}
		switch {
		case status >= 500, status < 200:
			want = lead.Unavailable
		case status < 400:
			want = lead.Address
		}
		if lead.KindOf(err) != want || lead.CodeOf(err) != strconv.Itoa(status) {
			t.Errorf("%d: %v, want %s", status, err, want)
		}
		if text := fmt.Sprintf("%+v", err); strings.Contains(text, "SECRET") || !strings.Contains(text, "6 bytes") {
			t.Errorf("%d: %s", status, text)
		}
	}
}

func TestRetryAfterIsReadInSecondsAndAsADate(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"7": 7 * time.Second, "0": 0, "-3": 0, "soon": 0, "": 0, "1.5": 0, "99999999999999999999": 0, "9999999999999999999": longestWait,
		now.Add(90 * time.Second).Format(http.TimeFormat): 90 * time.Second, now.Add(-time.Hour).Format(http.TimeFormat): 0,
		now.AddDate(1, 0, 0).Format(http.TimeFormat): longestWait, now.Add(time.Minute).Format(time.RFC850): time.Minute,
		now.Add(time.Minute).Format(time.ANSIC): time.Minute,
	} {
		a := Answer{Status: 503, Header: http.Header{"Retry-After": {value}}}
		if got := lead.RetryAfter(a.Err(now)); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

func TestOddAnswersAreTold(t *testing.T) {
	s, pool, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
		flush := w.(http.Flusher).Flush
		switch r.URL.Path {
		case "/endless":
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 4<<10)); err != nil {
					return
				}
				flush()
			}
		case "/drip":
			flush()
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		case "/reset":
			_, _ = io.WriteString(w, "half")
			flush()
			panic(http.ErrAbortHandler)
		case "/redirect":
			w.Header().Set("Location", "https://127.0.0.1:1/%zzSECRET")
			w.WriteHeader(302)
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, "not unpacked")
		case "/head":
			w.Header().Set("X-Long", strings.Repeat("SECRET", 20<<10))
		}
	})
	for _, one := range []struct {
		path   string
		status int
		cut    bool
		kind   lead.Kind // Internal: no error of Do
		text   string
	}{
		{"/", 200, false, lead.Internal, ""},
		{"/endless", 200, true, lead.Internal, ""},
		{"/drip", 200, true, lead.Internal, ""},
		{"/reset", 200, false, lead.Unavailable, ""},
		{"/redirect", 302, false, lead.Internal, ""},
		{"/bomb", 200, false, lead.Internal, ""},
		{"/head", 0, false, lead.Unavailable, "call failed"},
	} {
		for _, version := range []string{"HTTP/1.1", "HTTP/2"} {
			c := NewClient(Options{RootCAs: pool})
			if version == "HTTP/2" { // which [Do] may be given
				theirs := c.Transport.(*Transport).private.Base
				theirs.ForceAttemptHTTP2 = true
				c.Transport = theirs
			}
			a, err := get(t, c, s.URL+one.path, true)
			if a.Status != one.status || a.Cut != one.cut || lead.KindOf(err) != one.kind || (err == nil) != (one.kind == lead.Internal) ||
				len(a.Body) > 1<<10 || err != nil && (!strings.Contains(err.Error(), one.text) || strings.Contains(err.Error(), "SECRET")) {
				t.Errorf("%s %s: %d, cut %t, %d bytes, %v", version, one.path, a.Status, a.Cut, len(a.Body), err)
			}
			c.CloseIdleConnections()
		}
	}
}

// speak is a TCP server that does something odd with each connection.
func speak(t *testing.T, odd func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer func() { _ = c.Close() }(); odd(c) }()
		}
	}()
	return l.Addr().String()
}

func request(c net.Conn) { _, _ = http.ReadRequest(bufio.NewReader(c)) }

func TestBrokenConnectionsHaveTheirKind(t *testing.T) {
	wrong, _, _ := server(t, func(http.ResponseWriter, *http.Request) {})
	old := speak(t, func(c net.Conn) {
		_ = tls.Server(c, &tls.Config{Certificates: wrong.TLS.Certificates, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}).Handshake()
	})
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = nobody.Close()
	for name, one := range map[string]struct {
		url  string
		kind lead.Kind
		text string
	}{
		"unknown authority": {wrong.URL, lead.Address, "unknown authority"},
		"old TLS":           {"https://" + old, lead.Address, "TLS"},
		"plain on TLS port": {"https://" + speak(t, func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 SECRET\r\n\r\n") }), lead.Address, "TLS"},
		"nobody listens":    {"https://" + nobody.Addr().String(), lead.Unavailable, "connection refused"},
		"closed at once":    {"http://" + speak(t, func(net.Conn) {}), lead.Unavailable, ""},
		"closed on request": {"http://" + speak(t, request), lead.Unavailable, "closed"},
		"reset":             {"http://" + speak(t, func(c net.Conn) { request(c); _ = c.(*net.TCPConn).SetLinger(0) }), lead.Unavailable, "reset"},
		"not HTTP":          {"http://" + speak(t, func(c net.Conn) { request(c); _, _ = io.WriteString(c, "SECRET SECRET\r\n\r\n") }), lead.Unavailable, "call failed"},
		"half": {"http://" + speak(t, func(c net.Conn) {
			request(c)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
		}), lead.Unavailable, "200"},
	} {
		_, err := get(t, NewClient(Options{}), one.url+"/SECRET", true)
		if _, told := errors.AsType[*lead.Error](err); !told || lead.KindOf(err) != one.kind || !strings.Contains(err.Error(), one.text) {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(fmt.Sprintf("%+v %#v", err, err), "SECRET") {
			t.Errorf("%s: holds a secret: %v", name, err)
		}
	}
}

func TestCertificateOfAnotherHostIsRefused(t *testing.T) {
	_, pool, port := server(t, func(http.ResponseWriter, *http.Request) {})
	c := NewClient(Options{RootCAs: pool, Resolver: resolver(t, map[string][][]string{"other.example.net": {{"127.0.0.1"}}})})
	if _, err := get(t, c, "https://other.example.net:"+port, true); lead.KindOf(err) != lead.Address || !strings.Contains(err.Error(), "another host") {
		t.Errorf("%v", err)
	}
}

func TestSlowHeadEndsWithTheContext(t *testing.T) {
	asked := make(chan struct{})
	address := speak(t, func(c net.Conn) {
		request(c)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n")
		close(asked)
		for range 600 { // a header that never ends, a byte at a time
			if _, err := io.WriteString(c, "X"); err != nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	ctx, cancel := context.WithCancel(WithPrivate(t.Context()))
	go func() { <-asked; cancel() }()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Do(NewClient(Options{}), r, Limit{}); lead.KindOf(err) != lead.Unavailable || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if NewClient(Options{}).Transport.(*Transport).public.Base.ResponseHeaderTimeout == 0 {
		t.Error("without a context it would wait for ever")
	}
}
