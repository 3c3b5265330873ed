package rest_test

import (
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"leadrelay/internal/config"
	"leadrelay/internal/crm"
	"leadrelay/internal/crm/crmtest"
	"leadrelay/internal/crm/rest"
	"leadrelay/internal/httpclient"
	"leadrelay/internal/lead"
)

const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// seen is one request that a receiver took.
type seen struct {
	method, path, idempotency, id string
	header                        http.Header
	body                          string
}

// receiver is somebody's endpoint: it takes JSON only, verifies the signature with the library of Standard Webhooks, does what it
// was told once for each idempotency key, and refuses a key that comes with another body.
type receiver struct {
	*testing.T
	url string

	mu      sync.Mutex
	answers []func(http.ResponseWriter) // used up first, one a request; the work is not done
	seen    []seen
	bodies  map[string]string
	records map[string]crmtest.Record
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{T: t, bodies: map[string]string{}, records: map[string]crmtest.Record{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		r.Error(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	key := req.Header.Get("Idempotency-Key")
	r.seen = append(r.seen, seen{req.Method, req.URL.RequestURI(), key, req.Header.Get("Webhook-Id"), req.Header.Clone(), string(body)})
	if len(r.answers) > 0 {
		answer := r.answers[0]
		r.answers = r.answers[1:]
		answer(w)
		return
	}
	if req.Method == http.MethodHead {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		r.Error(err)
	}
	switch old, known := r.bodies[key]; {
	case req.Header.Get("Content-Type") != "application/json" || key == "":
		w.WriteHeader(http.StatusUnsupportedMediaType)
	case verifier.VerifyIgnoringTimestamp(body, req.Header) != nil:
		w.WriteHeader(http.StatusUnauthorized)
	case known && old != string(body):
		w.WriteHeader(http.StatusUnprocessableEntity)
	case known:
		w.WriteHeader(http.StatusOK)
	default:
		r.bodies[key] = string(body)
		r.take(w, body)
	}
}

func (r *receiver) take(w http.ResponseWriter, body []byte) {
	var in struct {
		Key   string            `json:"key"`
		About string            `json:"about"`
		Lead  map[string]string `json:"lead"`
	}
	dec := json.NewDecoder(strings.NewReader(strings.NewReplacer(`"requestedAmount":25000.00`, `"requestedAmount":"25000.00"`, `"fraudScore":0.15`, `"fraudScore":"0.15"`).Replace(string(body))))
	if err := dec.Decode(&in); err != nil || in.Key == "" {
		r.Errorf("body %s: %v", body, err)
	}
	old, known := r.records[in.Key]
	next := old
	next.Partner, next.ID = in.Lead["partner"], plain(r.T, in.Key)
	for to, name := range map[*string]string{&next.Email: "email", &next.City: "city", &next.Status: "status"} {
		if v := in.Lead[name]; v != "" {
			*to = v
		}
	}
	r.records[in.Key] = next
	if known {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

// plain is the id that mapping.Key wrote behind a partner's name.
func plain(t *testing.T, key string) string {
	t.Helper()
	if _, after, found := strings.Cut(key, "."); found {
		key = after
	}
	var b strings.Builder
	for i := 0; i < len(key); i++ {
		if key[i] != '_' {
			b.WriteByte(key[i])
			continue
		}
		c, err := hex.DecodeString(key[i+1 : i+3])
		if err != nil {
			t.Fatal(err)
		}
		b.Write(c)
		i += 2
	}
	return b.String()
}

// answer makes the receiver's next answers.
func (r *receiver) answer(answers ...func(http.ResponseWriter)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers = append(r.answers, answers...)
}

func status(code int, headers ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
		if code != http.StatusNoContent && code != http.StatusNotModified {
			_, _ = io.WriteString(w, "barbara@example.com is not welcome")
		}
	}
}

func (r *receiver) requests() []seen {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}

func now() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

// open reads settings of the CRM acme; a later one replaces an earlier one, an empty one takes it away.
func open(clock func() time.Time, settings ...string) (*rest.CRM, error) {
	last := map[string]string{}
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		last[name] = "CRM_ACME_" + name + "=" + value
	}
	e := config.New(slices.Collect(maps.Values(last)))
	c := rest.Open(e.Instance("CRM", "acme"), crm.Options{Client: httpclient.NewClient(httpclient.Options{}), Now: clock})
	return c.(*rest.CRM), e.Err("CRM_")
}

func (r *receiver) open(settings ...string) *rest.CRM {
	r.Helper()
	c, err := open(now, append([]string{"URL=" + r.url + "/leads", "ALLOW_PRIVATE=true", "SECRET=" + secret}, settings...)...)
	if err != nil {
		r.Fatal(err)
	}
	return c
}

// file writes a file and gives its path.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func change(about lead.About, payload string) crm.Change {
	return crm.Change{
		Event: lead.Event{Type: "crf.lead", About: about, Occurred: now(), Lead: lead.Lead{Partner: "crf", ID: "4626a582-afb9-48bf-8d86-87e6fe91a842",
			Amount: "25000.00", Contact: lead.Contact{Email: "barbara@example.com"}}},
		Version: lead.Version{Time: now(), Receipt: "01ARZ3NDEKTSV4RRFFQ69G5FAV"}, Payload: []byte(payload),
	}
}

func TestRestKeepsThePromises(t *testing.T) {
	var mu sync.Mutex
	receivers := map[crm.CRM]*receiver{}
	crmtest.Run(t, crmtest.Harness{
		Open: func(t *testing.T) crm.CRM {
			r := newReceiver(t)
			c := r.open("HEADER_1=X-Api-Key: letmein")
			mu.Lock()
			defer mu.Unlock()
			receivers[c] = r
			return c
		},
		Down: func(t *testing.T) crm.CRM {
			r := newReceiver(t)
			r.answer(slices.Repeat([]func(http.ResponseWriter){status(503)}, 10)...)
			return r.open("HEADER_1=X-Api-Key: letmein")
		},
		Records: func(t *testing.T, c crm.CRM) []crmtest.Record {
			mu.Lock()
			defer mu.Unlock()
			return slices.Collect(maps.Values(receivers[c].records))
		},
		Secrets:      []string{secret, "letmein"},
		Blind:        true, // an endpoint that answers 2xx does not say whether anything changed
		NoActivities: true, // the endpoint decides what becomes of them
	})
}
