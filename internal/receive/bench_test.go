package receive_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner/crf"
	"leadrelay/internal/receive"
)

// forgetful accepts and keeps nothing.
type forgetful struct{}

func (forgetful) Accept(context.Context, ledger.Message) error { return nil }

// mostAllocations is what one notification may allocate, the test's own request and recorder included. local/bench counts those of a
// whole server.
const mostAllocations = 120

// BenchmarkReceive measures all of a notification but its storage: CRF Connect's own sample.
func BenchmarkReceive(b *testing.B) {
	env := config.New([]string{"PARTNER_CRF_SECRET=" + secret})
	h := &receive.Handler{Intake: forgetful{}, Hash: ledger.NewHash([]byte("a key")), Log: slog.New(slog.NewJSONHandler(io.Discard, nil)), Now: time.Now,
		Routes: map[string]receive.Route{"crf": {Partner: crf.Open(env.Instance("PARTNER", "crf"), time.Now), MaxBody: 256 << 10}}}
	body := string(crf.Sample())
	one := func() {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, post("crf", body, header("X-Api-Key", secret)))
		if rec.Code != http.StatusOK {
			b.Fatal(rec.Code)
		}
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		one()
	}
	if n := testing.AllocsPerRun(20, one); n > mostAllocations {
		b.Errorf("%.0f allocations for one notification, want at most %d", n, mostAllocations)
	}
}
