// Package salesforce is a strict stand-in for a Salesforce org: tokens, upserts, collections, queries, limits and faults.
//
// It is written from the documents, not from our driver, and refuses what they do not allow. The source of each rule
// stands beside it, as a section of facts/crm.md; [doc] was read at the vendor's, [3rd] is told by third parties, [mem]
// is to be seen on a live org first. Where the documents leave a choice, the stand-in takes the stricter side.
package salesforce

import (
	"crypto/rsa"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// What a new org knows when [Options] say nothing.
const (
	DefaultClientID     = "3MVG9sim.consumer-key"
	DefaultClientSecret = "simulated-client-secret"
	DefaultUsername     = "integration@leadrelay.example"
	defaultDailyLimit   = 100_000
	maxBody             = 6 << 20
)

// Options are what an org is made from. The zero value is an org with the client above, the [Schema] below and no limits
// that a test would meet.
type Options struct {
	ClientID, ClientSecret string
	Username               string         // of the JWT flow
	JWTKey                 *rsa.PublicKey // of the certificate that the app's owner uploaded; nil: the JWT flow is off
	Objects                []Object       // nil: Schema()
	DailyLimit             int            // calls in all; 0: 100,000
	SessionCalls           int            // calls after which a session has expired; 0: never
	DuplicateRule          string         // of leads with the same Email: "", "alert" or "block"
	Now                    func() time.Time
}

// Org is one simulated org. It is an http.Handler and may be used side by side.
type Org struct {
	opts Options

	mu       sync.Mutex
	objects  map[string]*object
	sessions map[string]int // calls left; -1: no end
	used     int            // calls of today
	serial   int            // of ids and tokens
	faults   []*Fault
	calls    []Call
}

// object is one sObject with its rows.
type object struct {
	Object
	rows []*row
}

type row struct {
	id      string
	fields  map[string]any
	deleted bool
}

// Call is one request that the org has seen.
type Call struct {
	Method, Path string // the path as it came, escaped, with its query
	Header       http.Header
	Body         string
	Status       int // of the answer; 0: none was given
}

// New makes an org.
func New(o Options) *Org {
	if o.ClientID == "" {
		o.ClientID, o.ClientSecret = DefaultClientID, DefaultClientSecret
	}
	if o.Username == "" {
		o.Username = DefaultUsername
	}
	if o.DailyLimit == 0 {
		o.DailyLimit = defaultDailyLimit
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Objects == nil {
		o.Objects = Schema()
	}
	org := &Org{opts: o, objects: map[string]*object{}, sessions: map[string]int{}}
	for _, def := range o.Objects {
		org.objects[strings.ToLower(def.Name)] = &object{Object: def}
	}
	return org
}

// ServeHTTP answers one request, or does with it what a [Fault] says.
func (o *Org) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		reply{status: http.StatusRequestEntityTooLarge}.write(w, false)
		return
	}
	o.mu.Lock()
	n := len(o.calls)
	o.calls = append(o.calls, Call{Method: r.Method, Path: r.URL.RequestURI(), Header: r.Header.Clone(), Body: string(body)})
	f := o.takeFault(r)
	o.mu.Unlock()
	if f.Delay > 0 {
		select {
		case <-time.After(f.Delay):
		case <-r.Context().Done():
		}
	}
	if f.DropBefore {
		panic(http.ErrAbortHandler)
	}
	out := f.reply()
	if f.Status == 0 {
		o.mu.Lock()
		out = o.answer(r, body)
		o.mu.Unlock()
	}
	if f.DropAfter {
		panic(http.ErrAbortHandler)
	}
	o.mu.Lock()
	o.calls[n].Status = out.status
	o.mu.Unlock()
	out.write(w, f.Truncate)
}

// Calls are the requests so far, oldest first, those for tokens included.
func (o *Org) Calls() []Call {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.calls)
}

// Records are the rows of an object that are not deleted, oldest first, each with its Id.
func (o *Org) Records(name string) []map[string]any {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []map[string]any
	for _, r := range o.objects[strings.ToLower(name)].rows {
		if !r.deleted {
			fields := maps.Clone(r.fields)
			fields["Id"] = r.id
			out = append(out, fields)
		}
	}
	return out
}

// Put adds a row without any check, as somebody in the org could have made it, and gives its Id.
func (o *Org) Put(name string, fields map[string]any) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	obj := o.objects[strings.ToLower(name)]
	r := &row{id: o.newID(obj.Prefix), fields: maps.Clone(fields)}
	obj.rows = append(obj.rows, r)
	return r.id
}

// Set changes a row without any check; Delete puts it into the recycle bin.
func (o *Org) Set(name, id string, fields map[string]any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r := o.objects[strings.ToLower(name)].byID(id); r != nil {
		maps.Copy(r.fields, fields)
	}
}

// Delete puts a row into the recycle bin.
func (o *Org) Delete(name, id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r := o.objects[strings.ToLower(name)].byID(id); r != nil {
		r.deleted = true
	}
}

// Use sets how many calls of today's allocation are used.
func (o *Org) Use(calls int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.used = calls
}

// EndSessions makes every token invalid, as an administrator or a timeout would.
func (o *Org) EndSessions() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.sessions)
}

func (obj *object) byID(id string) *row {
	for _, r := range obj.rows {
		if r.id == id {
			return r
		}
	}
	return nil
}

// newID is an 18-character id whose last three characters tell the case of the others, as in every org [doc].
func (o *Org) newID(prefix string) string {
	o.serial++
	const base36 = "0123456789abcdefghijklmnopqrstuvwxyz"
	id := []byte(prefix + "000000000000")
	for i, n := len(id)-1, o.serial; n > 0; i, n = i-1, n/36 {
		id[i] = base36[n%36]
	}
	var check [3]byte
	for block := range check {
		bits := 0
		for i := range 5 {
			if c := id[block*5+i]; c >= 'A' && c <= 'Z' {
				bits |= 1 << i
			}
		}
		check[block] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bits]
	}
	return string(id) + string(check[:])
}
