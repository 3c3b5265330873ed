package receive_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/config"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner"
	"leadrelay/internal/partner/credzu"
	"leadrelay/internal/partner/crf"
	"leadrelay/internal/partner/partnertest"
	"leadrelay/internal/receive"
)

var storage azuretest.Storage

func TestMain(m *testing.M) { os.Exit(azuretest.Main(m, &storage)) }

const (
	secret = "a-header-secret-0123456789"
	token  = "a-path-token-0123456789"
	sample = `{"id":"l-1","amount":25000.00,"email":"bob@example.com"}`
)

// world is a receiver with several partners whose intake is in memory. When the test ends, no line of its log may show
// anything private.
type world struct {
	*testing.T
	*receive.Handler
	intake *intake
	log    *syncBuffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, intake: &intake{}, log: &syncBuffer{}}
	env := config.New([]string{"PARTNER_MEMORY_SECRET=" + secret, "PARTNER_CRF_SECRET=" + secret, "PARTNER_CRF_TOKEN=" + token, "PARTNER_CREDZU_TOKEN=" + token})
	memory := partnertest.OpenMemory(env.Instance("PARTNER", "memory"), time.Now)
	w.Handler = &receive.Handler{Intake: w.intake, Hash: ledger.NewHash([]byte("a key")), Log: slog.New(slog.NewJSONHandler(w.log, nil)), Now: time.Now,
		Routes: map[string]receive.Route{
			"memory":  {Partner: memory, MaxBody: 1000},
			"signed":  {Partner: signed{memory}, MaxBody: 1000},
			"strict":  {Partner: memory, MaxBody: 1000, Strict: true},
			"keeping": {Partner: memory, MaxBody: 1000, KeepInvalid: true},
			"crf":     {Partner: crf.Open(env.Instance("PARTNER", "crf"), time.Now), MaxBody: 256 << 10},
			"credzu":  {Partner: credzu.Open(env.Instance("PARTNER", "credzu"), time.Now), MaxBody: 256 << 10},
		}}
	if err := env.Err("PARTNER_"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { private(t, w.log.String()) })
	return w
}

// private fails when a text shows a path, a proof, or anything of the samples' people.
func private(t *testing.T, text string) {
	t.Helper()
	shown := regexp.MustCompile(`/webhooks|` + secret + `|` + token + `|[\w.+-]+@[\w-]+\.|123-456-7890|Bob|Lastname|Options Ave|Minneapolis|somecompany`)
	if found := shown.FindString(text); found != "" {
		t.Errorf("%q is shown:\n%s", found, text)
	}
}

// signed is a partner that proves its body as well.
type signed struct{ partner.Partner }

func (signed) Verify(r partner.Request, body []byte) error {
	if r.Header.Get("X-Signature") != sign(body) {
		return lead.Errorf(lead.Unauthorized, "header X-Signature does not sign this body")
	}
	return nil
}

func sign(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// intake keeps what was accepted; fail makes it refuse.
type intake struct {
	mu       sync.Mutex
	messages []ledger.Message
	fail     func(context.Context) error
}

func (in *intake) Accept(ctx context.Context, m ledger.Message) error {
	if in.fail != nil {
		if err := in.fail(ctx); err != nil {
			return err
		}
	}
	m.Envelope.Data = bytes.Clone(m.Envelope.Data) // of another request, from when this one has ended
	in.mu.Lock()
	defer in.mu.Unlock()
	in.messages = append(in.messages, m)
	return nil
}

func (in *intake) stored() []ledger.Message {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.messages)
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// post makes a proven request of partner memory; changes come after.
func post(path, body string, changes ...func(*http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/webhooks/"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Memory-Key", secret)
	for _, change := range changes {
		change(r)
	}
	return r
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// answer is what the handler said, logged and stored.
type answer struct {
	Status   int
	Header   http.Header
	Raw      string
	Receipt  string
	Errors   []lead.Fault
	Logged   map[string]any
	Messages []ledger.Message
}

// do serves a request and checks what every answer promises.
func (w *world) do(r *http.Request) answer {
	w.Helper()
	before := len(w.intake.stored())
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return w.read(rec.Result(), before)
}

// read is the answer of a response, when so many events were stored before; it checks what every answer promises.
func (w *world) read(resp *http.Response, before int) answer {
	w.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	var said struct {
		Status  any // "accepted", or a problem's number
		Receipt string
		Title   string
		Detail  string
		Errors  []lead.Fault
	}
	if len(b) > 0 && json.Unmarshal(b, &said) != nil {
		w.Errorf("the answer is no JSON: %q", b)
	}
	a := answer{Status: resp.StatusCode, Header: resp.Header, Raw: string(b), Receipt: said.Receipt, Errors: said.Errors, Messages: w.intake.stored()[before:]}
	private(w.T, a.Raw)
	contentType := a.Header.Get("Content-Type")
	switch {
	case a.Status == http.StatusOK:
		if said.Status != "accepted" || len(a.Receipt) != 26 || contentType != "application/json" || len(a.Messages) != 1 || a.Messages[0].Envelope.ID != a.Receipt {
			w.Errorf("a 200 that says %q with %d messages stored", a.Raw, len(a.Messages))
		}
	case a.Status == http.StatusUnauthorized:
		if a.Raw != "" || contentType != "" {
			w.Errorf("a 401 says %q", a.Raw)
		}
	default:
		if contentType != "application/problem+json" || said.Status != float64(a.Status) || said.Title == "" || said.Detail == "" {
			w.Errorf("%d is no problem document: %q", a.Status, a.Raw)
		}
	}
	a.Logged = w.lastLine(a.Status)
	return a
}

// lastLine is the log's last line, which must say the status.
func (w *world) lastLine(status int) map[string]any {
	w.Helper()
	lines := strings.Split(strings.TrimSpace(w.log.String()), "\n")
	var line map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &line); err != nil {
		w.Fatalf("the log line is no JSON: %q", lines[len(lines)-1])
	}
	if line["status"] != float64(status) {
		w.Errorf("answered %d, logged %v", status, line["status"])
	}
	return line
}

// want checks the status and how many messages were stored.
func (w *world) want(a answer, status, stored int) {
	w.Helper()
	if a.Status != status || len(a.Messages) != stored {
		w.Errorf("answered %d with %d messages stored, want %d with %d: %s", a.Status, len(a.Messages), status, stored, a.Raw)
	}
}
