package front_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"leadrelay/local/host/front"
)

// knock sends a request through a gate and returns the answer, with how long it took, as "200 up after 1s".
func knock(g *front.Gate) string {
	began, rec := time.Now(), httptest.NewRecorder()
	g.ServeHTTP(rec, httptest.NewRequest("GET", "/api/x", nil))
	return fmt.Sprintf("%d %s after %v", rec.Code, rec.Body, time.Since(began))
}

func up(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "up") }

func TestRequestsBeforeTheHostIsUpWaitAndThenGet503_1_4(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := front.NewGate(30 * time.Second)
		if got := knock(g); got != "503 Function host is not running. after 30s" {
			t.Error(got)
		}
		time.AfterFunc(10*time.Second, func() { g.Open(http.HandlerFunc(up)) })
		if got := knock(g); got != "200 up after 10s" {
			t.Error(got)
		}
		if got := knock(g); got != "200 up after 0s" {
			t.Error(got)
		}
	})
}

func TestRequestsWaitOverARestartAndNotForAHostThatIsGone_1_4_5_2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := front.NewGate(30 * time.Second)
		g.Open(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { time.Sleep(2 * time.Second); up(w, r) }))
		inFlight := make(chan string)
		go func() { inFlight <- knock(g) }()
		synctest.Wait()
		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if g.Shut(hurried, true) {
			t.Error("shut with a request inside")
		}
		waiting := make(chan string)
		go func() { waiting <- knock(g) }()
		if !g.Shut(t.Context(), true) {
			t.Error("not shut when the last request is out")
		}
		if got := <-inFlight; got != "200 up after 2s" {
			t.Error(got)
		}
		g.Open(http.HandlerFunc(up))
		if got := <-waiting; got != "200 up after 1s" {
			t.Error(got)
		}
		g.Shut(t.Context(), false)
		if got := knock(g); got != "503 Function host is not running. after 0s" {
			t.Error(got)
		}
	})
}
