package wire_test

import (
	"bytes"
	"net"
	"net/http"
	"strings"
	"testing"
)

// big is a body longer than one that is read at once.
var big = strings.Repeat("0123456789abcdef", 5<<10)

// answers are what a server may say to a POST, and how many connections two such requests take.
var answers = map[string]struct {
	script
	conns int32
}{
	"a length":                 {script{answer: created}, 1},
	"a length, byte by byte":   {script{answer: created, apart: true}, 1},
	"length nought":            {script{answer: "HTTP/1.1 201 Created\r\nContent-Length: 0\r\nx-test: a \r\n\r\n"}, 1},
	"no content":               {script{answer: "HTTP/1.1 204 No Content\r\n\r\n"}, 1},
	"not modified":             {script{answer: "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"}, 1},
	"a long body":              {script{answer: "HTTP/1.1 200 OK\r\nContent-Length: 81920\r\n\r\n" + big}, 1},
	"chunks":                   {script{answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"}, 1},
	"chunks, byte by byte":     {script{answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", apart: true}, 1},
	"chunks and a trailer":     {script{answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n3\r\nabc\r\n0\r\nX-End: 1\r\n\r\n"}, 1},
	"chunks and a length":      {script{answer: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"}, 1},
	"cut chunks":               {script{answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", end: hangUp}, 2},
	"chunks that are none":     {script{answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n"}, 2},
	"until it closes":          {script{answer: "HTTP/1.1 200 OK\r\nX-Test: b\r\n\r\nall of it", end: hangUp}, 2},
	"HTTP/1.0":                 {script{answer: "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"}, 2},
	"closing":                  {script{answer: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"}, 2},
	"closing, in chunks":       {script{answer: "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"}, 2},
	"1xx first":                {script{answer: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-Test: no\r\n\r\n" + created}, 1},
	"a byte too many":          {script{answer: created + "x"}, 2},
	"two answers at once":      {script{answer: created + created}, 2},
	"a body on no content":     {script{answer: "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok"}, 2},
	"same length twice":        {script{answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok"}, 1},
	"two lengths":              {script{answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"}, 2},
	"a length below nought":    {script{answer: "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"}, 2},
	"an encoding unknown":      {script{answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"}, 2},
	"nothing":                  {script{end: hangUp}, 2},
	"a reset":                  {script{end: reset}, 2},
	"half a status":            {script{answer: "HTTP/1.1 200", end: hangUp}, 2},
	"half a header":            {script{answer: "HTTP/1.1 200 OK\r\nContent-Length: 2", end: hangUp}, 2},
	"half a body":              {script{answer: "HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nok", end: hangUp}, 2},
	"half a body, then reset":  {script{answer: "HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nok", end: reset}, 2},
	"half a long body":         {script{answer: "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + big, end: hangUp}, 2},
	"garbage":                  {script{answer: "220 mail.example.org ESMTP\r\n\r\n"}, 2},
	"TLS":                      {script{answer: "\x15\x03\x01\x00\x02\x02\x0a\r\n\r\n"}, 2},
	"a field without a colon":  {script{answer: "HTTP/1.1 200 OK\r\nfield\r\n\r\n"}, 2},
	"a field name with blanks": {script{answer: "HTTP/1.1 200 OK\r\nX-Test : a\r\nContent-Length: 0\r\n\r\n"}, 1},
	"a header without end":     {script{answer: "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Test: "+strings.Repeat("x", 1000)+"\r\n", 100) + "\r\n"}, 2},
	"a line without end":       {script{answer: "HTTP/1.1 200 " + strings.Repeat("x", 100<<10) + "\r\n\r\n"}, 2},
	"1xx without end":          {script{answer: strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 3000)}, 2},
}

func TestAnswersAreTakenAsByNetHTTP(t *testing.T) {
	for name, a := range answers {
		t.Run(name, func(t *testing.T) {
			theirs := base()
			t.Cleanup(theirs.CloseIdleConnections)
			want := call(theirs, http.MethodPost, serve(t, a.script).url(), "lead")
			s, tr := serve(t, a.script), ours(t)
			for range 2 {
				if got := call(tr, http.MethodPost, s.url(), "lead"); got != want {
					t.Errorf("got  %s\nwant %s", short(got), short(want))
				}
			}
			if n := s.conns.Load(); n != a.conns {
				t.Errorf("%d connections, want %d", n, a.conns)
			}
		})
	}
}

func TestHeaderCutShortIsTheConnectionsFault(t *testing.T) {
	for _, answer := range []string{"HTTP/1.1 20", "HTTP/1.1 200 OK\r\nContent-Le"} {
		for want, end := range map[string]func(net.Conn){"closed": hangUp, "reset": reset} {
			s := serve(t, script{answer: answer, end: end})
			if o := call(ours(t), http.MethodPost, s.url(), ""); o != (outcome{fault: want}) {
				t.Errorf("%s: %+v", want, o)
			}
		}
	}
}

func TestAnswerToHeadHasNoBody(t *testing.T) {
	s, tr := serve(t, script{answer: "HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n"}), ours(t)
	for range 2 {
		if o := call(tr, http.MethodHead, s.url(), ""); o != (outcome{status: 200, length: 5000000}) {
			t.Errorf("%+v", o)
		}
	}
	if s.conns.Load() != 1 {
		t.Error("the connection was not kept")
	}
}

func TestProtocolIsNotSwitchedUnasked(t *testing.T) {
	s, tr := serve(t, script{answer: "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"}), ours(t)
	if o := call(tr, http.MethodPost, s.url(), ""); o != (outcome{fault: "not HTTP"}) || tr.Idle() != 0 {
		t.Errorf("%+v", o)
	}
}

func TestSmallBodyNeedsNoReader(t *testing.T) {
	s, tr := serve(t, script{answer: created}), ours(t)
	for range 3 {
		resp, err := tr.RoundTrip(request(t, http.MethodPost, s.url(), nil))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	if s.conns.Load() != 1 {
		t.Errorf("%d connections", s.conns.Load())
	}
}

func TestBodyClosedEarlyEndsTheConnection(t *testing.T) {
	for name, answer := range map[string]string{
		"long":   "HTTP/1.1 201 Created\r\nContent-Length: 81920\r\n\r\n" + big,
		"chunks": "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
	} {
		s, tr := serve(t, script{answer: answer}), ours(t)
		for range 2 {
			resp, err := tr.RoundTrip(request(t, http.MethodPost, s.url(), nil))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := resp.Body.Read(make([]byte, 3)); err != nil {
				t.Error(name, err)
			}
			_ = resp.Body.Close()
			_ = resp.Body.Close()
			if n, err := resp.Body.Read(make([]byte, 3)); n != 0 || err != http.ErrBodyReadAfterClose {
				t.Errorf("%s: read %d after Close, %v", name, n, err)
			}
		}
		if s.conns.Load() != 2 || tr.Idle() != 0 {
			t.Errorf("%s: %d connections, %d idle", name, s.conns.Load(), tr.Idle())
		}
	}
}

func request(t testing.TB, method, url string, body []byte) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return req
}
