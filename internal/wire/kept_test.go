package wire_test

import (
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"
)

func TestParallelWritersOpenOneConnectionEach(t *testing.T) {
	const writers = 64
	s, tr := serve(t, script{answer: created}), ours(t)
	for range 2 {
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for range 20 {
					if o := call(tr, http.MethodPost, s.url(), "lead"); o.body != "ok" {
						t.Errorf("%+v", o)
					}
				}
			})
		}
		wg.Wait()
	}
	if n := s.conns.Load(); n > writers {
		t.Errorf("%d connections", n)
	}
	if n := len(s.got()); n != 2*20*writers {
		t.Errorf("%d requests", n)
	}
}

func TestBodiesAreNotMixedUp(t *testing.T) {
	far := echo(t)
	tr := ours(t)
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			for j := range 4 {
				n := (i*997 + j*7919) % 200000
				want := strconv.Itoa(i) + big[:n%len(big)] + strconv.Itoa(j)
				if o := call(tr, http.MethodPost, far, want); o.body != want || o.fault+o.bodyFault != "" {
					t.Errorf("%d bytes came back as %d: %s%s", len(want), len(o.body), o.fault, o.bodyFault)
				}
			}
		})
	}
	wg.Wait()
}

func TestServersCloseOfIdleConnectionsHurtsNobody(t *testing.T) {
	stray := func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 200 OK\r\n\r\n")) }
	for name, end := range map[string]func(net.Conn){"close": hangUp, "reset": reset, "an answer unasked": stray} {
		s, tr := serve(t, script{answer: created, end: end}), ours(t)
		for n := range int32(3) {
			post(t, tr, s.url())
			<-s.ended
			tr.Age(time.Second)
			if s.conns.Load() != n+1 {
				t.Errorf("%s: %d connections after %d requests", name, s.conns.Load(), n+1)
			}
		}
	}
}

func TestConnectionIdleForTooLongIsNotUsed(t *testing.T) {
	s, tr := serve(t, script{answer: created}), ours(t)
	post(t, tr, s.url())
	tr.Age(89 * time.Second)
	post(t, tr, s.url())
	if s.conns.Load() != 1 {
		t.Error("a young connection was not used")
	}
	tr.Age(91 * time.Second)
	post(t, tr, s.url())
	if s.conns.Load() != 2 {
		t.Error("an old connection was used")
	}
}

func TestConnectionsThatNobodyWantsAreClosedByTheWay(t *testing.T) {
	one, other, tr := serve(t, script{answer: created}), serve(t, script{answer: created}), ours(t)
	post(t, tr, one.url())
	tr.Age(91 * time.Second)
	tr.Untidy()
	post(t, tr, other.url())
	if n := tr.Idle(); n != 1 {
		t.Errorf("%d idle, want only the new one", n)
	}
}

func TestNoMoreAreKeptThanBaseSays(t *testing.T) {
	tr := ours(t)
	tr.Base.MaxIdleConnsPerHost, tr.Base.MaxIdleConns = 2, 3
	for range 2 {
		far := echo(t)
		held := make([]*http.Response, 4) // streams hold their connections
		for i := range held {
			resp, err := tr.RoundTrip(request(t, http.MethodPost, far, []byte(big)))
			if err != nil {
				t.Fatal(err)
			}
			held[i] = resp
		}
		for _, resp := range held {
			drain(t, resp)
		}
	}
	if n := tr.Idle(); n != 3 {
		t.Errorf("%d are kept", n)
	}
	tr.CloseIdleConnections()
	if n := tr.Idle(); n != 0 {
		t.Errorf("%d are kept after all were closed", n)
	}
}

// A lost connection is not always seen before it is used; what then happens depends on what the server can have got.
func TestOnlyWhatMayArriveTwiceIsSentAgain(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		end    func(net.Conn)
		works  bool
	}{
		"get after a close":           {http.MethodGet, hangUp, true},
		"post after a close":          {http.MethodPost, hangUp, false},
		"put after a close":           {http.MethodPut, hangUp, false},
		"post after a reset, unsent":  {http.MethodPost, reset, true},
		"merge after a reset, unsent": {"MERGE", reset, true},
	} {
		s, tr := serve(t, script{answer: created, end: c.end}), ours(t)
		post(t, tr, s.url())
		<-s.ended
		tr.Age(-time.Hour)
		o := call(tr, c.method, s.url(), "")
		if (o.body == "ok") != c.works {
			t.Errorf("%s: %+v", name, o)
		}
		if want := map[bool]int32{true: 2, false: 1}[c.works]; s.conns.Load() != want || len(s.got()) != int(want) {
			t.Errorf("%s: %d connections, %d requests", name, s.conns.Load(), len(s.got()))
		}
	}
}

func TestFreshConnectionIsTriedOnce(t *testing.T) {
	s, tr := serve(t, script{end: hangUp}), ours(t)
	if o := call(tr, http.MethodGet, s.url(), ""); o != (outcome{fault: "closed"}) || len(s.got()) != 1 {
		t.Errorf("%+v after %d requests", o, len(s.got()))
	}
}

func TestClosedBodyHoldsNothing(t *testing.T) {
	far, tr := echo(t), ours(t)
	for _, text := range []string{"one lead", "another"} {
		resp, err := tr.RoundTrip(request(t, http.MethodPost, far, []byte(text)))
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 3)
		if n, err := resp.Body.Read(b); n != 3 || err != nil {
			t.Fatal(n, err)
		}
		for range 2 { // the second close gives nothing back
			if err := resp.Body.Close(); err != nil {
				t.Error(err)
			}
		}
		if n, err := resp.Body.Read(b); n != 0 || err != http.ErrBodyReadAfterClose {
			t.Errorf("%d bytes, %v", n, err)
		}
	}
}
