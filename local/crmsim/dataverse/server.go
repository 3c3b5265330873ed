// Package dataverse is a strict stand-in for the Web API of Dynamics 365 Sales, in memory.
//
// Every rule is from Microsoft's documents as facts/crm.md §1 reads them ([doc], Learn pages of 2023 to 2026-03), and the
// rule's code names the paragraph; where documents are silent it refuses what the adapter should not do. It is stricter
// than Dataverse: a request that passes here should pass there. It cannot prove that: nobody has compared it with a live org.
package dataverse

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Base is where the Web API begins.
const Base = "/api/data/v9.2/"

// Options are how an organisation is set up. The zero value takes any token.
type Options struct {
	Token        string           // the one bearer token that is right; empty with no ClientID takes any
	Tenant       string           // for the token endpoint
	ClientID     string           // with ClientSecret: tokens are to be fetched from the token endpoint
	ClientSecret string           //
	TokenCalls   int              // a fetched token is good for so many calls; 0: for ever
	Burst        int              // calls in five minutes before 429; 0: 6000 (§1.7)
	Hint         int              // x-ms-dop-hint; 0: none is sent
	Now          func() time.Time // nil: time.Now
}

// Server is an organisation. It may be used side by side.
type Server struct {
	opts Options

	mu     sync.Mutex
	tables map[string]*Table
	rows   map[string]map[string]*row // by set, then by id
	etag   int64
	tokens map[string]int // fetched tokens and the calls they are good for
	calls  []time.Time    // of the last five minutes
	faults []*Fault
	log    []Exchange

	listener *httptest.Server
}

// row is one record.
type row struct {
	id     string
	etag   int64
	values map[string]value
}

// New makes an organisation that is prepared for the default map.
func New(o Options) *Server {
	tables, err := readSchemas()
	if err != nil {
		panic("crmsim/dataverse: " + err.Error()) // the files are part of the program
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Burst == 0 {
		o.Burst = 6000
	}
	s := &Server{opts: o, tables: tables, rows: map[string]map[string]*row{}, tokens: map[string]int{}}
	for set := range tables {
		s.rows[set] = map[string]*row{}
	}
	user := &row{id: UserID, etag: 1, values: map[string]value{"systemuserid": quoted(UserID)}}
	s.rows["systemusers"][UserID] = user
	return s
}

// UserID is the application user that calls.
const UserID = "11111111-2222-4333-8444-555555555555"

// Start serves on loopback until Close; with tls under a certificate that [Server.Client] trusts.
func (s *Server) Start(tls bool) string {
	s.listener = httptest.NewUnstartedServer(s)
	if tls {
		s.listener.StartTLS()
	} else {
		s.listener.Start()
	}
	return s.listener.URL
}

// StartAt serves plain HTTP on an address such as 127.0.0.1:0.
func (s *Server) StartAt(address string) (string, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", fmt.Errorf("dataverse simulator: %w", err)
	}
	s.listener = &httptest.Server{Listener: l, Config: &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}}
	s.listener.Start()
	return s.listener.URL, nil
}

// Client trusts the certificate of a server started with tls.
func (s *Server) Client() *http.Client { return s.listener.Client() }

// Close ends what Start began.
func (s *Server) Close() {
	if s.listener != nil {
		s.listener.CloseClientConnections()
		s.listener.Close()
	}
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.URL.Path, "/oauth2/") || strings.Contains(r.URL.Path, "/.well-known/") {
		s.authority(w, r)
		return
	}
	q, fail := readRequest(r)
	f := s.takeFault(q)
	if f.before(w, r) {
		s.keep(q, answer{status: f.Status})
		return
	}
	var a answer
	if fail != nil {
		a = fail.answer()
	} else {
		a = s.handle(q)
	}
	s.keep(q, a)
	f.after(w, a, s.opts.Hint)
}

// handle answers a request that could be read, under the lock: nothing here waits.
func (s *Server) handle(q *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a, ok := s.admit(q); !ok {
		return a
	}
	if fail := q.strict(); fail != nil {
		return fail.answer()
	}
	a, fail := s.route(q)
	if fail != nil {
		return fail.answer()
	}
	return a
}

func newID() string { return uuid.NewString() }
