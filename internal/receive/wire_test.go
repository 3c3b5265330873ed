package receive_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
)

func failing(context.Context) error { return lead.Errorf(lead.Unavailable, "storage is down") }

// serve runs the handler behind a real socket.
func (w *world) serve() *httptest.Server {
	s := httptest.NewServer(w)
	w.Cleanup(s.Close)
	return s
}

// TestCutOffBodyIsNotStored sends less than was announced, then ends the connection's sending half.
func TestCutOffBodyIsNotStored(t *testing.T) {
	for name, framing := range map[string]string{
		"by length":                    "Content-Length: 500\r\n\r\n" + sample,
		"by chunks":                    "Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n", len(sample), sample),
		"by chunks that are none":      "Transfer-Encoding: chunked\r\n\r\n" + "zz\r\n" + sample,
		"after nothing":                "Content-Length: 500\r\n\r\n",
		"in a chunk, after whole JSON": "Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s", len(sample)+1, sample),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			conn, err := net.Dial("tcp", w.serve().Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprintf(conn, "POST /webhooks/memory HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Memory-Key: %s\r\n%s", secret, framing)
			if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			w.want(w.read(resp, 0), 400, 0)
		})
	}
}

// TestTooLongIsToldToItsSender posts bodies that are being sent while the answer is known already.
func TestTooLongIsToldToItsSender(t *testing.T) {
	w := newWorld(t)
	url := w.serve().URL + "/webhooks/memory"
	for _, body := range []io.Reader{strings.NewReader(strings.Repeat(" ", 3<<20)), io.MultiReader(strings.NewReader(strings.Repeat(" ", 3<<20)))} {
		r, err := http.NewRequestWithContext(azuretest.Context(t), http.MethodPost, url, body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Memory-Key", secret)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		w.want(w.read(resp, 0), 413, 0)
		resp.Body.Close()
	}
}

// TestGoneClientLosesNothing lets the client hang up while its event is being stored.
func TestGoneClientLosesNothing(t *testing.T) {
	w := newWorld(t)
	storing, stored := make(chan struct{}), make(chan struct{})
	requests := make(chan *http.Request, 1)
	w.intake.fail = func(ctx context.Context) error {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("storing has no end")
		}
		close(storing)
		<-(<-requests).Context().Done() // the server has noticed
		return ctx.Err()
	}
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		requests <- r
		w.ServeHTTP(rw, r)
		close(stored)
	}))
	defer s.Close()
	ctx, cancel := context.WithCancel(azuretest.Context(t))
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/webhooks/memory", strings.NewReader(sample))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Memory-Key", secret)
	go func() { <-storing; cancel() }()
	if _, err := http.DefaultClient.Do(r); !errors.Is(err, context.Canceled) {
		t.Fatalf("the client got %v", err)
	}
	<-stored
	if n := len(w.intake.stored()); n != 1 {
		t.Errorf("%d events are stored, want 1", n)
	}
}

// TestStorageDecides runs the real intake over a storage that fails in parts.
func TestStorageDecides(t *testing.T) {
	for name, c := range map[string]struct {
		queueFails int32 // how many tries
		blobFails  bool
		status     int
		queue      int32 // tries that it gets
		blob       int32
	}{
		"all is well":                 {0, false, 200, 1, 0},
		"the second try goes through": {1, false, 200, 2, 0},
		"the spill stands in":         {9, false, 200, 2, 1},
		"nothing takes it":            {9, true, 503, 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var queue, blob atomic.Int32
			far := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				isBlob := strings.HasPrefix(r.URL.Path, "/blob")
				if isBlob {
					blob.Add(1)
				} else {
					queue.Add(1)
				}
				if isBlob && c.blobFails || !isBlob && queue.Load() <= c.queueFails {
					rw.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				rw.Header().Set("Content-Type", "application/xml")
				rw.WriteHeader(http.StatusCreated)
				if !isBlob {
					_, _ = io.WriteString(rw, `<?xml version="1.0"?><QueueMessagesList></QueueMessagesList>`)
				}
			}))
			defer far.Close()
			account, err := azure.ConnectAccount(fmt.Sprintf("AccountName=a;AccountKey=ZG9jdW1lbnRlZA==;QueueEndpoint=%[1]s/queue;BlobEndpoint=%[1]s/blob;TableEndpoint=%[1]s/table", far.URL), azure.NewClient())
			if err != nil {
				t.Fatal(err)
			}
			w := newWorld(t)
			w.Intake = watched{ledger.NewIntake(account, ledger.Names{Prefix: "dep"}), w.intake}
			a := w.do(post("memory", sample))
			w.want(a, c.status, map[int]int{200: 1}[c.status])
			if queue.Load() != c.queue || blob.Load() != c.blob {
				t.Errorf("%d tries of the queue and %d of the spill, want %d and %d", queue.Load(), blob.Load(), c.queue, c.blob)
			}
		})
	}
}

// watched notes what another intake has accepted.
type watched struct {
	real *ledger.Intake
	note *intake
}

func (in watched) Accept(ctx context.Context, m ledger.Message) error {
	if err := in.real.Accept(ctx, m); err != nil {
		return err
	}
	return in.note.Accept(ctx, m)
}

// TestReachesTheQueueWhole stores a small event, a large one and a rejected one in Azurite and reads them back.
func TestReachesTheQueueWhole(t *testing.T) {
	w := newWorld(t)
	ctx := azuretest.Context(t)
	names := ledger.Names{Prefix: fmt.Sprintf("receive%d", time.Now().UnixNano())}
	in := ledger.NewIntake(storage.Account, names)
	w.Intake = watched{in, w.intake}
	for _, body := range []string{sample, `{"id":"large","more":"` + strings.Repeat("x", 100<<10) + `"}`, "{\xff" + strings.Repeat("y", 100<<10)} {
		route := w.Routes["memory"]
		route.MaxBody = 256 << 10
		w.Routes["memory"] = route
		a := w.do(post("memory", body)) // nothing was set up: queue and claims are created
		if a.Receipt == "" {
			t.Fatalf("%d: %s", a.Status, a.Raw)
		}
		strays, err := in.Take(ctx, time.Minute)
		if err != nil || len(strays) != 1 {
			t.Fatal(len(strays), err)
		}
		m, err := ledger.ParseMessage(strays[0].Text)
		if err != nil {
			t.Fatal(err)
		}
		l := ledger.New(storage.Account, names, w.Hash, time.Now)
		if err := l.Resolve(ctx, &m); err != nil || m.Envelope.ID != a.Receipt || string(m.Envelope.Data) != body {
			t.Errorf("%.10q came back as %.10q: %v", body, m.Envelope.Data, err)
		}
	}
}

// TestLogNamesTheInvocation wants the host's own id: the last one, because the host appends.
func TestLogNamesTheInvocation(t *testing.T) {
	w := newWorld(t)
	a := w.do(post("memory", sample, func(r *http.Request) {
		r.Header["X-Azure-Functions-Invocationid"] = []string{"from-the-client, from-the-host"}
	}))
	if a.Logged["invocation"] != "from-the-host" || a.Logged["partner"] != "memory" || a.Logged["receipt"] != a.Receipt || a.Logged["level"] != "INFO" {
		t.Errorf("logged %v", a.Logged)
	}
	if refused := w.do(post("memory", "{")); refused.Logged["level"] != "WARN" || refused.Logged["reason"] == "" {
		t.Errorf("logged %v", refused.Logged)
	}
	if unknown := w.do(post("bob@example.com/"+token, "{}")); unknown.Logged["partner"] != "" {
		t.Errorf("logged %v", unknown.Logged)
	}
}

// TestAlarmIsLoud wants an event that alarms logged as an error although it is accepted.
func TestAlarmIsLoud(t *testing.T) {
	w := newWorld(t)
	route := w.Routes["memory"]
	route.Partner = stub{decode: func() (lead.Event, error) {
		return lead.Event{Type: "t", Key: []string{"k"}, About: lead.Notice, Alarm: "switched off"}, nil
	}}
	w.Routes["memory"] = route
	if a := w.do(post("memory", "{}")); a.Status != 200 || a.Logged["level"] != "ERROR" || a.Logged["alarm"] != "switched off" {
		t.Errorf("%d, logged %v", a.Status, a.Logged)
	}
}
