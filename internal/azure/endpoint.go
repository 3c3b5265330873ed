package azure

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// endpoint is one service of an account, or what a SAS opens of it: where it is and what proves our right. It is safe for
// concurrent use. What is secret in it is behind functions, because fmt prints unexported fields. Of a client it uses the
// transport alone: that follows no redirects, and costs less.
type endpoint struct {
	transport http.RoundTripper
	scheme    string
	host      string
	path      string        // "/devstoreaccount1", "/devstoreaccount1/my-queue" or "": as it is sent, with no slash at the end
	version   string        // x-ms-version
	accept    string        // Accept
	proof     proof         // nil where the SAS is the proof
	sas       func() string // the SAS as it is sent, without "?"; nil where there is none
	clock     clock

	calls   sync.Pool // *call
	replies sync.Pool // *reply
}

// The versions that the SDKs speak: what they and we are told is the same.
const (
	queueService = "2024-08-04"
	blobService  = "2026-06-06"
	tableService = "2019-02-02"
)

// dialect is how a service is spoken to.
type dialect struct{ name, version, accept string }

// The three services.
func queueDialect() dialect { return dialect{"queue", queueService, "application/xml"} }
func blobDialect() dialect  { return dialect{"blob", blobService, "application/xml"} }
func tableDialect() dialect {
	return dialect{"table", tableService, "application/json;odata=minimalmetadata"}
}

// newEndpoint reads an endpoint's URL, which may be a whole one with a SAS.
func newEndpoint(client *http.Client, d dialect, address string, p proof) (*endpoint, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, malformed("the " + d.name + " endpoint is not a URL")
	}
	e := &endpoint{transport: client.Transport, scheme: u.Scheme, host: u.Host, path: strings.TrimRight(u.EscapedPath(), "/"),
		version: d.version, accept: d.accept, proof: p}
	if e.transport == nil {
		e.transport = http.DefaultTransport
	}
	if q := u.RawQuery; q != "" {
		e.sas = func() string { return q }
	}
	return e, nil
}

// endpoint is what the SAS opens.
func (s SAS) endpoint(client *http.Client) (*endpoint, error) {
	d := queueDialect()
	if s.kind == Container {
		d = blobDialect()
	}
	return newEndpoint(client, d, s.Reveal(), nil)
}

// query is parameters, in the order of their names, and the SAS if there is one.
func (e *endpoint) query(parameters string) string {
	switch {
	case e.sas == nil:
		return parameters
	case parameters == "":
		return e.sas()
	}
	return parameters + "&" + e.sas()
}

// under is the path of something beneath another: plain, and as it is sent.
func under(base, name string) (plain, path string) {
	plain = base + "/" + name
	if escaped := url.PathEscape(name); escaped != name {
		return plain, base + "/" + escaped
	}
	return plain, plain
}
