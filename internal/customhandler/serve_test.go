package customhandler_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/customhandler"
)

func TestPortComesFromTheHost(t *testing.T) {
	const newer, older = "FUNCTIONS_CUSTOMHANDLER_PORT", "FUNCTIONS_HTTPWORKER_PORT"
	for name, c := range map[string]struct {
		env  map[string]string
		want int
		err  string
	}{
		"both":             {map[string]string{newer: "5001", older: "5002"}, 5001, ""},
		"the older":        {map[string]string{older: "5002"}, 5002, ""},
		"none":             {nil, 8080, ""},
		"no number":        {map[string]string{newer: "http"}, 0, newer},
		"zero":             {map[string]string{newer: "0"}, 0, newer},
		"too large":        {map[string]string{older: "65536"}, 0, older},
		"negative":         {map[string]string{newer: "-1", older: "5002"}, 0, newer},
		"the largest":      {map[string]string{newer: "65535"}, 65535, ""},
		"an older mistake": {map[string]string{newer: "5001", older: "x"}, 5001, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := customhandler.Port(func(k string) string { return c.env[k] }, 8080)
			if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %d, %v", got, err)
			}
		})
	}
}

// free is a port that was free just now.
func free(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// eventually asks until the server answers.
func eventually(t *testing.T, url string) string {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if resp, err := http.Get(url); err == nil {
			defer resp.Body.Close()
			b, _ := io.ReadAll(resp.Body)
			return string(b)
		}
	}
	t.Fatal("nobody answers")
	return ""
}

// TestServeLetsARunningCallEnd stops the server while it works on a call.
func TestServeLetsARunningCallEnd(t *testing.T) {
	port := free(t)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	running, finish := make(chan struct{}), make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- customhandler.Serve(ctx, port, quiet(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				close(running)
				<-finish
				if r.Context().Err() != nil {
					t.Error("the running call was cancelled")
				}
			}
			_, _ = io.WriteString(w, "done")
		}))
	}()
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	eventually(t, url)
	answer := make(chan string, 1)
	go func() { answer <- eventually(t, url+"/slow") }()
	<-running
	stop()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) { // it takes no new calls
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			break
		}
		conn.Close()
		if time.Now().After(end) {
			t.Fatal("it still takes calls")
		}
	}
	select {
	case err := <-ended:
		t.Fatalf("it ended under a running call: %v", err)
	default:
	}
	close(finish)
	if got := <-answer; got != "done" {
		t.Errorf("the running call was answered %q", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("Serve ended with %v", err)
	}
}

func TestServeStopsBeforeTheFirstCall(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if err := customhandler.Serve(ctx, free(t), quiet(), http.NotFoundHandler()); err != nil && ctx.Err() == nil {
		t.Error(err)
	}
}

func TestServeTellsThatItsPortIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := customhandler.Serve(context.Background(), l.Addr().(*net.TCPAddr).Port, quiet(), http.NotFoundHandler()); err == nil {
		t.Error("two servers share a port")
	}
}

// TestServeBindsLoopbackOnly asks every other address of this machine for the port.
func TestServeBindsLoopbackOnly(t *testing.T) {
	port := free(t)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- customhandler.Serve(ctx, port, quiet(), http.NotFoundHandler()) }()
	eventually(t, fmt.Sprintf("http://127.0.0.1:%d", port))
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range append(addresses, &net.IPNet{IP: net.ParseIP("127.0.0.2")}, &net.IPNet{IP: net.IPv6loopback}) {
		n, ok := a.(*net.IPNet)
		if !ok || n.IP.Equal(net.IPv4(127, 0, 0, 1)) || n.IP.IsLinkLocalUnicast() {
			continue
		}
		conn, err := net.DialTimeout("tcp", net.JoinHostPort(n.IP.String(), fmt.Sprint(port)), time.Second)
		if err == nil {
			conn.Close()
			t.Errorf("it answers on %v", n.IP)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// quiet is a log that nobody reads.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
