// Package wire is a storage request as it was understood, and the answer that Azure would give to it.
package wire

import (
	"net/http"
	"time"
)

// Service is one of the three services of an account.
type Service string

// The services.
const (
	Blob  Service = "blob"
	Queue Service = "queue"
	Table Service = "table"
)

// Operation is what a request asks for, and what a SAS needs to be allowed to.
type Operation struct {
	Name     string // "PutMessage"
	Resource string // "queue", "container", "container/blob" or "table"; empty for the service itself
	Scope    Scope
	ByName   string // letters of sp of which a service SAS needs one; empty: no service SAS is enough
	ByAcct   string // letters of sp of which an account SAS needs one; empty: no account SAS is enough
	All      bool   // all letters are needed, not one of them
}

// Scope is the level at which an operation works: srt of an account SAS.
type Scope byte

// The scopes.
const (
	OfService   Scope = 's'
	OfContainer Scope = 'c' // of a queue, container or table
	OfObject    Scope = 'o' // of a message, blob or entity
)

// Request is a request on its way through one service.
type Request struct {
	Service Service
	Op      Operation
	Account string
	Method  string
	Path    string // behind the account, unescaped, without a slash in front
	RawPath string // of the URL, as it was sent
	Query   Query
	Header  http.Header
	Body    []byte
	Base    string // the endpoint, "http://127.0.0.1:10001/devstoreaccount1"
	Peer    string // the caller's address without its port
	TLS     bool
	Now     time.Time
	ID      string // x-ms-request-id
	Grant   Grant
}

// Grant is what the request's proof allows.
type Grant struct {
	Owner   bool
	Letters string // of sp
}

// Has says whether one of the letters is granted.
func (g Grant) Has(letters string) bool {
	if g.Owner {
		return true
	}
	for i := range len(letters) {
		for j := range len(g.Letters) {
			if letters[i] == g.Letters[j] {
				return true
			}
		}
	}
	return false
}

// Field is a header field; Name is in canonical form.
type Field struct{ Name, Value string }

// Answer is what the service says.
type Answer struct {
	Status int
	Fields []Field
	Body   []byte
	Type   string // Content-Type; empty: none
	Length int64  // of a body that a HEAD leaves out; else 0
}

// With adds a header field. An empty value adds nothing.
func (a Answer) With(name, value string) Answer {
	if value != "" {
		a.Fields = append(a.Fields, Field{name, value})
	}
	return a
}

// XML is an answer with an XML body, with the byte order mark that queues and blobs of Azure put in front.
func XML(status int, body []byte) Answer {
	return Answer{Status: status, Body: body, Type: "application/xml"}
}

// Prolog begins every XML body: Azure writes a byte order mark.
const Prolog = "\ufeff" + `<?xml version="1.0" encoding="utf-8"?>`

// Time is the form of times in headers and XML.
func Time(t time.Time) string { return t.UTC().Format(http.TimeFormat) }

// Forever is the time at which a message with no end expires.
func Forever() time.Time { return time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC) }
